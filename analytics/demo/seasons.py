"""How busy a day is: month, weekday and festivals, as factors around 1."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

import numpy as np
from numpy.typing import NDArray

# January to December. The dip of July is planted: the year's weakest month by far.
MONTHS: Final = (
    0.98,
    0.90,
    1.00,
    1.03,
    1.06,
    1.02,
    0.66,
    0.86,
    1.04,
    1.08,
    1.28,
    1.12,
)
# Monday to Sunday.
WEEKDAYS: Final = (0.88, 0.86, 0.90, 0.94, 1.08, 1.22, 1.12)

# First days of lunar years as published by the Hong Kong Observatory.
_NEW_YEARS: Final = (
    "2015-02-19 2016-02-08 2017-01-28 2018-02-16 2019-02-05 2020-01-25 "
    "2021-02-12 2022-02-01 2023-01-22 2024-02-10 2025-01-29 2026-02-17 "
    "2027-02-06 2028-01-26 2029-02-13 2030-02-03 2031-01-23 2032-02-11 "
    "2033-01-31 2034-02-19 2035-02-08"
)
SPRING_FESTIVAL: Final = {
    day.year: day for day in map(date.fromisoformat, _NEW_YEARS.split())
}
# Outside the table: the middle of the days on which it can fall.
USUAL_SPRING_FESTIVAL: Final = (2, 5)

# (month, day), days before, days after, factor
FESTIVALS: Final = (
    ((11, 11), 3, 0, 2.6),
    ((6, 18), 2, 0, 1.7),
    ((12, 12), 1, 0, 1.5),
    ((10, 1), 0, 6, 1.25),
    ((3, 8), 1, 0, 1.35),
    ((5, 20), 1, 0, 1.25),
)
BEFORE_SPRING_FESTIVAL: Final = 1.45
DURING_SPRING_FESTIVAL: Final = 0.45


def weights(*, start: date, days: int) -> NDArray[np.float64]:
    """Return one factor a day; their mean is 1."""
    found = [_weight(start + timedelta(days=n)) for n in range(days)]
    values: NDArray[np.float64] = np.array(found) / np.mean(found)
    return values


def is_festival(*, start: date, days: int) -> NDArray[np.bool_]:
    """Return which days are those of 11.11, when baskets are large and margins thin."""
    dates = [start + timedelta(days=n) for n in range(days)]
    return np.array([day.month == 11 and 8 <= day.day <= 11 for day in dates])


def _weight(day: date) -> float:
    weight = MONTHS[day.month - 1] * WEEKDAYS[day.weekday()]
    for (month, number), before, after, factor in FESTIVALS:
        away = (day - date(day.year, month, number)).days
        if -before <= away <= after:
            weight *= factor
    return weight * _spring_festival(day)


def _spring_festival(day: date) -> float:
    usual = date(day.year, *USUAL_SPRING_FESTIVAL)
    away = (day - SPRING_FESTIVAL.get(day.year, usual)).days
    if -16 <= away <= -2:
        return BEFORE_SPRING_FESTIVAL
    return DURING_SPRING_FESTIVAL if -1 <= away <= 6 else 1.0
