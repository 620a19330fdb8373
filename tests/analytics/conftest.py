from __future__ import annotations

from pathlib import Path

import pytest

from tests import factories


@pytest.fixture
def books(transactional_db, settings, tmp_path: Path) -> Path:
    """A database whose commits the engine can see, and a facts folder of its own."""
    factories.seeds()
    settings.FACTS_URL = str(tmp_path / "facts")
    return tmp_path
