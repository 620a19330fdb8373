"""A hostile suite: what would be a mystery in production is a failure here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from config.lib import messages
from tests import histories, services

if TYPE_CHECKING:
    from django.test import Client

    from members.access.models import User

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
DATABASE = pytest.StashKey[str]()
# Its profile is there before any test is read.
PROFILE = histories.THOROUGH


def pytest_configure(config: pytest.Config) -> None:
    """Start one PostgreSQL for the session, shared by the processes of xdist."""
    from django.conf import settings  # noqa: PLC0415  reads the environment

    # Before anything is translated: gettext remembers that a catalogue is missing.
    messages.compile_all()
    worker_input = getattr(config, "workerinput", None)
    if worker_input is not None:
        database = worker_input["tern_database"]
    else:
        database, stop = services.start_postgres()
        config.add_cleanup(stop)
        config.stash[DATABASE] = database
    settings.DATABASES["default"].update(services.django_settings(database))


class _ShareDatabase:
    def pytest_configure_node(self, node: Any) -> None:
        node.workerinput["tern_database"] = node.config.stash[DATABASE]


def pytest_plugin_registered(
    plugin: object, manager: pytest.PytestPluginManager
) -> None:
    if type(plugin).__name__ == "DSession" and not manager.has_plugin("tern-share"):
        manager.register(_ShareDatabase(), "tern-share")


@pytest.fixture
def shared_data() -> Path:
    """The public data sets, where this checkout has them beside it."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the public data sets are not beside this checkout")
    return SHARED_DATA


@pytest.fixture
def client() -> Client:
    from tests.hostile import HostileClient  # noqa: PLC0415  needs Django set up

    return HostileClient()


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    """One test's language never leaks into the next."""
    from django.utils import translation  # noqa: PLC0415  needs Django set up

    with translation.override("en"):
        yield


@pytest.fixture(autouse=True)
def _seeds(request: pytest.FixtureRequest) -> None:
    """Put back what migrations seed where an earlier test's flush took it."""
    if "transactional_db" in request.fixturenames:
        request.getfixturevalue("transactional_db")
    elif "db" in request.fixturenames:
        request.getfixturevalue("db")
    elif request.node.get_closest_marker("django_db"):
        request.getfixturevalue("_django_db_helper")
    else:
        return
    from tests import factories  # noqa: PLC0415  needs Django set up

    factories.seeds()


@pytest.fixture
def ana(db: None) -> User:
    """Ana runs the programme: she may do everything."""
    from tests import factories  # noqa: PLC0415  needs Django set up

    return factories.user("admin", email="ana@example.com", name="Ana")


@pytest.fixture
def bruno(db: None) -> User:
    """Bruno reads: he is a viewer and changes nothing."""
    from tests import factories  # noqa: PLC0415  needs Django set up

    return factories.user("viewer", email="bruno@example.com", name="Bruno")


@pytest.fixture
def clara(db: None) -> User:
    """Clara works the till of one store and sees that store only."""
    from tests import factories  # noqa: PLC0415  needs Django set up

    return factories.user(
        "operator",
        email="clara@example.com",
        name="Clara",
        stores=(factories.store("S-CLARA"),),
    )
