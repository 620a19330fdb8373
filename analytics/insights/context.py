"""The line in the rail's foot that says how old figures are."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from analytics.insights import queries


def freshness(request: HttpRequest) -> dict[str, Any]:
    """This gives every page the last run of values, asked for where it is shown."""
    return {"figures_run": SimpleLazyObject(queries.latest_run)}
