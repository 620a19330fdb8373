"""The two commands of the product as a person types them: orders in, a metric out."""

from __future__ import annotations

import json
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any

from django.core.management import call_command


def load(path: Path, *options: str) -> dict[str, Any]:
    """This is the summary of a load that rejected nothing; else SystemExit."""
    out = StringIO()
    call_command("import_orders", str(path), "--json", *options, stdout=out)
    found: dict[str, Any] = json.loads(out.getvalue())
    return found


def metric(
    name: str,
    *,
    as_of: str | date | None = None,
    by: str | None = None,
    params: dict[str, str] | None = None,
    start: str | date | None = None,
    end: str | date | None = None,
) -> dict[str, Any]:
    told = {"--as-of": as_of, "--by": by, "--from": start, "--to": end}
    words = [word for key, value in told.items() if value for word in (key, str(value))]
    for key, value in (params or {}).items():
        words += ["--param", f"{key}={value}"]
    out = StringIO()
    call_command("metric", name, *words, stdout=out)
    found: dict[str, Any] = json.loads(out.getvalue())
    return found
