"""A hostile suite: what would be a mystery in production is a failure here."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import services

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


def pytest_configure(config: pytest.Config) -> None:
    """Start one PostgreSQL for the session, shared by the processes of xdist."""
    from django.conf import settings  # noqa: PLC0415  settings read the environment

    if hasattr(config, "workerinput"):
        database = config.workerinput["tern_database"]
    else:
        database, stop = services.start_postgres()
        config.add_cleanup(stop)
        config.stash[DATABASE] = database
    settings.DATABASES["default"].update(services.django_settings(database))


DATABASE = pytest.StashKey[str]()


class _ShareDatabase:
    def pytest_configure_node(self, node) -> None:  # type: ignore[no-untyped-def]  # xdist's node has no types
        node.workerinput["tern_database"] = node.config.stash[DATABASE]


def pytest_plugin_registered(plugin: object, manager: pytest.PytestPluginManager) -> None:
    if type(plugin).__name__ == "DSession" and not manager.has_plugin("tern-share"):
        manager.register(_ShareDatabase(), "tern-share")


@pytest.fixture
def shared_data() -> Path:
    """The public data sets, where this checkout has them beside it."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the public data sets are not beside this checkout")
    return SHARED_DATA


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    """One test's language never leaks into the next."""
    from django.utils import translation  # noqa: PLC0415  Django must be set up

    with translation.override("en"):
        yield
