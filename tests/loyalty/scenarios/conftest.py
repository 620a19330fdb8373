from __future__ import annotations

import pytest

from members.api import authentication
from tests.shop import Shop


@pytest.fixture(autouse=True)
def _fresh_keys():
    authentication.forget()


@pytest.fixture
def shop(db) -> Shop:
    """A shop in Berlin with the programme the scenarios share."""
    return Shop()
