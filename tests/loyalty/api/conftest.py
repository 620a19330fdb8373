from __future__ import annotations

import pytest

from members.api import authentication
from tests import factories
from tests.shop import Shop


@pytest.fixture(autouse=True)
def _fresh_keys():
    authentication.forget()


@pytest.fixture
def shop(db) -> Shop:
    return Shop().at("2026-03-01T12:00:00+01:00")


@pytest.fixture
def member(shop):
    return shop.member()


@pytest.fixture
def friend(db) -> str:
    factories.member("friend")
    return "~external:friend"
