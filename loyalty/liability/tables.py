"""Cohorts, contracts and sources as the page of the liability lists them."""

from __future__ import annotations

from typing import Any

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from config.lib import charts
from loyalty.liability import cohorts, queries
from loyalty.liability.report import AGES, Report
from loyalty.liability.wording import Box, Chart, Voice


def source_name(name: str) -> str:
    known = {
        "birthday": _("Birthday"),
        "sign_up": _("Sign-up"),
        "survey": _("Survey"),
        "referral": _("Referral"),
        "goodwill": _("Goodwill"),
        "stamps": _("Stamps"),
        "converted": _("Converted"),
    }
    return known.get(name, name)


def triangle(report: Report, said: Voice) -> dict[str, Any]:
    """Each month's points: what was given, is open, and the share redeemed by age."""
    through = cohorts.whole_months(report.as_of)
    shown = [one for one in report.cohorts if one.given > 0][-AGES:]
    shares = {
        (one.month, age): sum(one.ages[past].spent for past in one.ages if past <= age)
        / one.net
        for one in shown
        if one.net > 0
        for age in range(AGES)
        if one.month + age <= cohorts.month_of(report.as_of)
    }
    low, high = min(shares.values(), default=0.0), max(shares.values(), default=0.0)
    rows = []
    for one in shown:
        boxes: list[Box | None] = []
        for age in range(AGES):
            share = shares.get((one.month, age))
            step = charts.step_class(share, low=low, high=high)
            unfinished = " est" if one.month + age > through else ""
            boxes.append(
                None
                if share is None
                else Box(text=said.percent(share, 0), step=step + unfinished)
            )
        counts = [one.net, one.spent, one.lapsed, one.open]
        rows.append(
            (
                said.month(cohorts.first_day(one.month)),
                [said.number(points) for points in counts],
                boxes,
            )
        )
    return {"ages": list(range(AGES)), "rows": rows}


def breakage_facts(report: Report, said: Voice) -> list[tuple[str, str]]:
    found = report.breakage
    return [
        (_("Given, less taken back"), said.number(found.given)),
        (_("Redeemed so far"), said.number(found.spent)),
        (_("Expired so far"), said.number(found.lapsed)),
        (_("Still open"), said.number(found.open)),
        (_("Finished months of earning"), said.number(found.cohorts)),
        (_("Would outlive all ages seen"), said.percent(found.unseen)),
    ]


def contracts(report: Report, said: Voice) -> Chart:
    sums = queries.sums_of(report.today)
    recognised = sums.redeemed + sums.estimate
    finding = _(
        "%(allocated)s were allocated to points, %(recognised)s are recognised, "
        "%(deferred)s wait."
    )
    finding %= {
        "allocated": said.minor(sums.allocated),
        "recognised": said.minor(recognised),
        "deferred": said.minor(sums.deferred),
    }
    return Chart(
        drawing=SafeString(""),
        caption=finding,
        head=[
            _("Earned in"),
            _("Allocated"),
            _("Redeemed"),
            _("Expected in all"),
            _("Recognised"),
            _("Deferred"),
        ],
        rows=[
            [
                said.month(cohorts.first_day(one.month)),
                said.minor(one.allocated),
                said.number(one.redeemed),
                said.number(one.expected),
                said.minor(one.recognised),
                said.minor(one.deferred),
            ]
            for one in reversed(report.contracts)
        ],
        names=[],
    )


def sources(report: Report, said: Voice) -> list[tuple[str, list[str]]]:
    return [
        (
            source_name(one.name),
            [
                said.number(one.given),
                said.number(one.spent),
                said.number(one.lapsed),
                said.number(one.open),
                said.minor(one.cost),
            ],
        )
        for one in report.sources
    ]
