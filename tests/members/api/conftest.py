from __future__ import annotations

import pytest

from members.api import authentication
from tests import approving


@pytest.fixture(autouse=True)
def _kind():
    approving.register()
    yield
    approving.forget()


@pytest.fixture(autouse=True)
def _fresh_keys():
    authentication.forget()
