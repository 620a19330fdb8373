from __future__ import annotations

import json
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command


class Result(dict[str, Any]):
    """The summary of an import, with the exit code it ended with."""

    code: int = 0


@pytest.fixture
def load() -> Callable[..., Result]:
    """Runs an import command and returns its summary; exit 2 raises CommandError."""

    def run(kind: str, path: Path, *options: str) -> Result:
        out, code = StringIO(), 0
        try:
            call_command(f"import_{kind}", str(path), "--json", *options, stdout=out)
        except SystemExit as ended:
            code = int(str(ended.code))
        result = Result(json.loads(out.getvalue()))
        result.code = code
        return result

    return run


@pytest.fixture
def refused(load) -> Callable[..., str]:
    """Runs an import that must be refused and returns what it said."""

    def run(kind: str, path: Path, *options: str) -> str:
        with pytest.raises(CommandError) as caught:
            load(kind, path, *options)
        assert caught.value.returncode == 2
        return str(caught.value)

    return run


@pytest.fixture
def csv_file(tmp_path) -> Callable[..., Path]:
    def write(text: str, *, name: str = "file.csv", encoding: str = "utf-8") -> Path:
        path = Path(tmp_path) / name
        path.write_bytes(text.encode(encoding))
        return path

    return write
