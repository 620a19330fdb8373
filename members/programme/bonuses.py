"""When bonuses hold and what they come to: the one place that reads their ends."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from config.lib import periods
from members.programme.points import Bonus


def span(bonus: Bonus, *, zone: ZoneInfo) -> tuple[datetime | None, datetime | None]:
    """A local day as beginning starts with it, as end is included."""
    starts, ends = bonus.starts, bonus.ends
    if isinstance(starts, date) and not isinstance(starts, datetime):
        starts = periods.day_start(starts, zone)
    if isinstance(ends, date) and not isinstance(ends, datetime):
        ends = periods.day_end(ends, zone)
    return starts, ends


def factor_at(
    bonuses: Iterable[Bonus], *, at: datetime | None, zone: ZoneInfo
) -> Decimal:
    """Bonuses of the same moment multiply; None is before every beginning."""
    factor = Decimal(1)
    for bonus in bonuses:
        starts, ends = span(bonus, zone=zone)
        began = starts is None or (at is not None and at >= starts)
        over = ends is not None and at is not None and at >= ends
        if began and not over:
            factor *= bonus.multiplier
    return factor


def moments(bonuses: Iterable[Bonus], *, zone: ZoneInfo) -> list[datetime]:
    """Return every moment at which a bonus begins or ends, in order."""
    found = {at for bonus in bonuses for at in span(bonus, zone=zone) if at is not None}
    return sorted(found)
