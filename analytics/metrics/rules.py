"""The articles' formulas and the arithmetic of periods and money, without data."""

from __future__ import annotations

import calendar
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

# D4: five groups. D8: the first fifth is high, the first half is high or middle.
GROUPS = 5
HIGH_SHARE = Fraction(1, 5)
MIDDLE_SHARE = Fraction(1, 2)
# A pattern by month repeats only once two of each month were seen.
SEASON_MONTHS = 24
DAYS_A_YEAR = 365


def repurchase_rate(*, repeat_buyers: int, buyers: int) -> Fraction | None:
    """This is repeat buyers over buyers of a period; None where nobody bought."""
    return ratio(repeat_buyers, buyers)


def crr(*, start: int, new: int, end: int) -> Fraction | None:
    """This is the articles' (end - new) / start.

    It counts customers who came back as kept and may pass 1: it is not clipped,
    because the excess is the news. None where there was nobody at the start.
    """
    return ratio(end - new, start)


def churn_rate(*, lost: int, start: int) -> Fraction | None:
    return ratio(lost, start)


def clv(
    *,
    order_value: Decimal | Fraction,
    frequency: Decimal | Fraction | int,
    years: Decimal | int,
    margin: Decimal | int = 1,
) -> Fraction:
    """This is order value x frequency x years x margin; margin 1 is turnover."""
    return (
        Fraction(order_value) * Fraction(frequency) * Fraction(years) * Fraction(margin)
    )


def ratio(part: int, whole: int) -> Fraction | None:
    """This is undefined over nothing, never 0."""
    return Fraction(part, whole) if whole else None


def rate(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def money(minor: int | Fraction, *, exponent: int) -> str:
    """This is a decimal string to the minor unit, halves to even."""
    # round() of a Fraction is exact and goes to even.
    return f"{Decimal(round(Fraction(minor))).scaleb(-exponent):f}"


def year_before(day: date) -> date:
    """This is the same day a year earlier; 29 February becomes the 28th."""
    last = calendar.monthrange(day.year - 1, day.month)[1]
    return day.replace(year=day.year - 1, day=min(day.day, last))


def twelve_months_from(as_of: date) -> date:
    """This is the first day of D4's twelve months ending with `as_of`."""
    return year_before(as_of) + timedelta(days=1)


def month_of(day: date) -> date:
    return day.replace(day=1)


def month_after(month: date, k: int = 1) -> date:
    index = month.year * 12 + month.month - 1 + k
    return date(index // 12, index % 12 + 1, 1)


def months_between(first: date, last: date) -> int:
    return (last.year - first.year) * 12 + last.month - first.month
