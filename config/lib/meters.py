"""What operators watch. Counted where it happens, read at /metrics."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Histogram

REQUESTS: Final = Counter(
    "tern_http_requests", "Requests answered", ["method", "view", "status"]
)
REQUEST_SECONDS: Final = Histogram(
    "tern_http_request_seconds", "Time to answer", ["method", "view"]
)
TASKS: Final = Counter("tern_tasks", "Background tasks ended", ["task", "state"])
TASK_SECONDS: Final = Histogram(
    "tern_task_seconds",
    "Time a background task took",
    ["task"],
    buckets=(0.01, 0.1, 0.5, 1, 5, 15, 60, 300, 1800),
)
IMPORT_ROWS: Final = Counter(
    "tern_import_rows", "Rows of imported files", ["kind", "outcome"]
)


def imported(*, kind: str, outcome: str, rows: int) -> None:
    """This counts rows of one batch; `outcome` is loaded, unchanged or rejected."""
    if rows:
        IMPORT_ROWS.labels(kind=kind, outcome=outcome).inc(rows)
