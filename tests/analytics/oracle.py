"""D1 to D8, D14 and D15 once more, in pandas and plain Python, sharing nothing with
the product: no Ibis, no SQL, no code of analytics. Money is whole minor units."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

import numpy as np
import pandas as pd

from tests.analytics.world import Bought


def frame(orders: Sequence[Bought], as_of: date) -> pd.DataFrame:
    """One row an order or refund up to the day; days as datetime64."""
    known = [o for o in orders if o.day <= as_of]
    return pd.DataFrame(
        {
            "member": np.array([o.member for o in known], dtype="int64"),
            "day": pd.to_datetime([o.day for o in known]),
            "amount": np.array([o.amount for o in known], dtype="int64"),
            "refund": np.array([o.refund for o in known], dtype="bool"),
        }
    )


def text(minor: int | Fraction, exponent: int = 2) -> str:
    exact = Fraction(minor)
    quotient = Decimal(exact.numerator) / Decimal(exact.denominator)
    whole = int(quotient.quantize(Decimal(1), ROUND_HALF_EVEN))  # no minus on nought
    return f"{Decimal(whole).scaleb(-exponent):f}"


def month(days: pd.Series) -> pd.Series:
    written: pd.Series = days.dt.strftime("%Y-%m")
    return written


def bought(f: pd.DataFrame) -> pd.DataFrame:
    return f[~f.refund]


def net(f: pd.DataFrame) -> pd.Series:
    amounts: pd.Series = f.amount
    return amounts.where(~f.refund, -f.amount)


def spend_by_month(f: pd.DataFrame) -> dict[str, str]:
    sums = net(f).groupby(month(f.day)).sum()
    return {str(key): text(int(value)) for key, value in sums.items()}


def cohorts(f: pd.DataFrame, as_of: date) -> dict[tuple[str, int], tuple[int, int]]:
    """(cohort, k) → (active, size), zero cells included."""
    o = bought(f)
    first = o.groupby("member").day.min().dt.to_period("M")
    active: dict[tuple[pd.Period, pd.Period], set[int]] = {}
    for member, period in zip(o.member, o.day.dt.to_period("M"), strict=True):
        active.setdefault((first[member], period), set()).add(member)
    sizes = first.value_counts()
    last = pd.Period(as_of, "M")
    return {
        (str(cohort), k): (len(active.get((cohort, cohort + k), ())), int(size))
        for cohort, size in sizes.items()
        for k in range((last - cohort).n + 1)
    }


def repurchase(f: pd.DataFrame, start: date, end: date) -> dict[str, tuple[int, int]]:
    o = bought(f)
    o = o[o.day <= pd.Timestamp(end)]
    inside = o[o.day >= pd.Timestamp(start)]
    before = set(o[o.day < pd.Timestamp(start)].member)
    orders = inside.groupby("member").size()
    days = inside.groupby("member").day.nunique()
    customers = set(inside.member)
    return {
        "orders": (int((orders >= 2).sum()), len(customers)),
        "days": (int((days >= 2).sum()), len(customers)),
        "returning": (len(customers & before), len(customers)),
        "all": (int((orders >= 2).sum()), o.member.nunique()),
    }


def year_window(f: pd.DataFrame, as_of: date) -> pd.DataFrame:
    start = pd.Timestamp(as_of) - pd.DateOffset(years=1) + pd.Timedelta(days=1)
    return f[f.day >= start]


def measures(f: pd.DataFrame, as_of: date, window: str) -> pd.DataFrame:
    if window == "12m":
        f = year_window(f, as_of)
    o = bought(f)
    grouped = o.groupby("member")
    found = pd.DataFrame(
        {
            "r": (pd.Timestamp(as_of) - grouped.day.max()).dt.days,
            "f": grouped.size(),
        }
    )
    found["m"] = net(f).groupby(f.member).sum().reindex(found.index)
    return found.sort_index()


def scores(found: pd.DataFrame, rule: str) -> pd.DataFrame:
    """The members' scores; `found` is indexed by the id that breaks ties."""
    n = len(found)
    out = pd.DataFrame(index=found.index)
    for name in "rfm":
        worth = -found[name] if name == "r" else found[name]
        if rule == "strict_less":
            worse = worth.rank(method="min").astype(int) - 1
            out[name] = [1 + (5 * int(w)) // n for w in worse]
        elif rule == "ntile_id":
            order = worth.reset_index(drop=True).sort_values(kind="stable").index
            places = np.empty(n, dtype=int)
            places[order] = np.arange(n)
            out[name] = [_ntile(place, n) for place in places]
        else:
            values = sorted(found[name])
            group = [
                1 + sum(v > _cut(values, k) for k in range(1, 5)) for v in found[name]
            ]
            out[name] = [6 - g for g in group] if name == "r" else group
    return out


def _ntile(place: int, n: int) -> int:
    """SQL's NTILE(5): the first n mod 5 groups are one larger."""
    small, larger = divmod(n, 5)
    edge = larger * (small + 1)
    return (
        place // (small + 1) + 1
        if place < edge
        else (place - edge) // small + larger + 1
    )


def _cut(values: list[int], k: int) -> Fraction:
    """The linear k·20 % percentile, exactly."""
    at = Fraction(k * (len(values) - 1), 5)
    low = math.floor(at)
    if low + 1 == len(values):
        return Fraction(values[low])
    return values[low] + (at - low) * (values[low + 1] - values[low])


def stages(f: pd.DataFrame, as_of: date, churn: int, loyal: int) -> Counter[str]:
    o = bought(f)
    found: Counter[str] = Counter()
    for _member, days in o.groupby("member").day:
        if (pd.Timestamp(as_of) - days.max()).days > churn:
            found["churned"] += 1
        elif len(days) >= loyal:
            found["loyal"] += 1
        else:
            found["repeat" if len(days) >= 2 else "first"] += 1
    return found


def activity(f: pd.DataFrame, a: date, b: date, days: int) -> dict[str, int]:
    o = bought(f)

    def active(at: date) -> set[int]:
        end = pd.Timestamp(at)
        inside = (o.day > end - pd.Timedelta(days=days)) & (o.day <= end)
        return set(o[inside].member)

    first = o[o.day <= pd.Timestamp(b)].groupby("member").day.min()
    new = set(first[first > pd.Timestamp(a)].index)
    start, end = active(a), active(b)
    return {
        "start": len(start),
        "end": len(end),
        "new": len(new),
        "kept": len(start & end),
        "lost": len(start - end),
        "came_back": len(end - start - new),
    }


def clv(f: pd.DataFrame, as_of: date, years: int) -> tuple[str, int] | None:
    window = year_window(f, as_of)
    o = bought(window)
    if o.empty:
        return None
    amount, orders, customers = int(net(window).sum()), len(o), o.member.nunique()
    value = Fraction(amount, orders) * Fraction(orders, customers) * years
    return text(value), customers


def tiers(f: pd.DataFrame, as_of: date) -> dict[str, tuple[int, int, int, int]]:
    """tier → (members, spend, orders, days since the first orders)."""
    people = measures(f, as_of, "all")
    first = bought(f).groupby("member").day.min()
    order = sorted(people.index, key=lambda member: (-people.m[member], member))
    n = len(order)
    high, middle = math.ceil(Fraction(n, 5)), math.ceil(Fraction(n, 2))
    parts = {
        "high": order[:high],
        "middle": order[high:middle],
        "low": order[middle:],
    }
    return {
        tier: (
            len(ids),
            int(people.m[ids].sum()),
            int(people.f[ids].sum()),
            int((pd.Timestamp(as_of) - first[ids]).dt.days.sum()),
        )
        for tier, ids in parts.items()
    }


def seasons(f: pd.DataFrame) -> dict[str, float]:
    sums = net(f).groupby(f.day.dt.to_period("M")).sum()
    months = pd.period_range(sums.index.min(), sums.index.max(), freq="M")
    sums = sums.reindex(months, fill_value=0)
    mean = Fraction(int(sums.sum()), len(months))
    return {str(key): float(int(value) / mean) for key, value in sums.items()}


def concentration(f: pd.DataFrame, as_of: date) -> tuple[float, float]:
    """Gini by its definition on pairs, written over the sorted values."""
    spent = sorted(int(m) for m in measures(f, as_of, "all").m)
    n, total = len(spent), sum(spent)
    apart = sum((2 * i - n - 1) * x for i, x in enumerate(spent, start=1))
    top = sum(spent[n - math.ceil(Fraction(n, 5)) :])
    return float(Fraction(apart, n * total)), top / total


def second_purchase(f: pd.DataFrame) -> dict[int, float]:
    """S(t) at every t with an event, by the product-limit formula."""
    end = f.day.max()
    waits: list[tuple[int, bool]] = []
    for _member, days in bought(f).groupby("member").day:
        distinct = sorted(set(days))
        again = len(distinct) > 1
        until = distinct[1] if again else end
        waits.append(((until - distinct[0]).days, again))
    survival, found = 1.0, {}
    for t in sorted({wait for wait, again in waits if again}):
        at_risk = sum(wait >= t for wait, _again in waits)
        events = sum(again and wait == t for wait, again in waits)
        survival *= 1 - events / at_risk
        found[t] = survival
    return found
