"""From days and seconds of the window to dates and to moments in UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from analytics.demo.buying import Ints
from analytics.demo.rules import Plan

MOMENT = pa.timestamp("us", tz="UTC")


def dates(plan: Plan, day: Ints) -> pa.Array[Any]:
    first = np.datetime64(plan.start, "D")
    return pa.array(first + day.astype("timedelta64[D]"))


def moments(plan: Plan, *, zone: ZoneInfo, day: Ints, second: Ints) -> pa.Array[Any]:
    """Seconds are counted from local midnight; 09:00 to 22:00 stays within the day
    even when a clock change makes it an hour shorter."""
    at = _midnights(plan, zone)[day] + second * 1_000_000
    return pa.array(at, type=pa.int64()).cast(MOMENT)


@lru_cache(maxsize=4)
def _midnights(plan: Plan, zone: ZoneInfo) -> Ints:
    """Microseconds since 1970 at each local midnight, the day after the end's too."""
    days = (plan.start + timedelta(days=n) for n in range(plan.days + 1))
    local = (datetime(day.year, day.month, day.day, tzinfo=zone) for day in days)
    return np.array(
        [int(at.astimezone(UTC).timestamp()) * 1_000_000 for at in local],
        dtype=np.int64,
    )
