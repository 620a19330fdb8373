"""Overview as its template wants it: figures of a period against the one before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from analytics.insights import cohorts, queries, rules, scores, wording
from analytics.insights.queries import Ask, Standpoint
from analytics.insights.wording import Voice
from analytics.metrics import rules as metric_rules
from analytics.metrics.base import Answer, Value
from analytics.metrics.enums import Stage
from config.lib import charts, formats
from config.lib.ui import Cell, Choice, Note

Answers = dict[str, Answer]


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One KPI with its change, its course over the periods before and its base."""

    label: str
    value: str
    delta: str
    good: bool | None
    spark: SafeString
    note: str
    url: str


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A drawing with its table and note."""

    drawing: SafeString
    caption: str
    head: list[str]
    rows: list[list[str | Cell]]
    note: Note | None


def asks(*, at: Standpoint, days: int) -> dict[str, Ask]:
    """Return every question of the page, so that facts are opened once."""
    found: dict[str, Ask] = {}
    active = (("days", str(at.settings.active_days)),)
    for back in range(rules.SPARK_PERIODS):
        span = rules.period(as_of=at.as_of, days=days, back=back)

        def ask(name: str, span: rules.Days = span) -> Ask:
            return Ask(name=name, start=span.start, end=span.end)

        found[f"aov {back}"] = ask("aov")
        found[f"members {back}"] = ask("members")
        found[f"repurchase {back}"] = ask("repurchase_rate")
        if back < 2:
            found[f"orders {back}"] = ask("orders")
            found[f"spend {back}"] = ask("spend")
        if back % 2 == 0:
            before = rules.period(as_of=at.as_of, days=days, back=back + 1)
            found[f"active {back}"] = Ask(
                name="retention_rate", params=active, start=before.end, end=span.end
            )
    return found | {"months": months_ask(at), "cohorts": cohorts_ask(at, short=True)}


def months_ask(at: Standpoint) -> Ask:
    return Ask(name="spend", by="month", start=_first_month(at, rules.MONTHS))


def cohorts_ask(at: Standpoint, *, short: bool) -> Ask:
    count = rules.COHORTS_SHORT if short else rules.COHORTS_LONG
    return Ask(name="cohort_retention", start=_first_month(at, count))


def _first_month(at: Standpoint, count: int) -> date:
    return metric_rules.month_after(metric_rules.month_of(at.as_of), 1 - count)


def figures(found: Answers, said: Voice) -> list[Figure]:
    return [
        _active(found, said),
        _counted(found, said, "orders", _("Orders"), _orders_course(found)),
        _spent(found, said),
        _order_value(found, said),
        _bought_again(found, said),
        _joined(found, said),
    ]


def _course(found: Answers, key: str) -> list[float | None]:
    """Return a metric over the periods, oldest first; a period of nobody is a gap."""
    readings = [
        found[f"{key} {back}"].reading for back in reversed(range(rules.SPARK_PERIODS))
    ]
    return [_float(r.value) if r.n else None for r in readings]


def _orders_course(found: Answers) -> list[float | None]:
    return _aov_part(found, "denominator")


def _aov_part(found: Answers, part: str) -> list[float | None]:
    # An average order value is net spend over orders: both courses are in it.
    readings = [
        found[f"aov {back}"].reading for back in reversed(range(rules.SPARK_PERIODS))
    ]
    return [_float(getattr(r, part)) if r.n else None for r in readings]


def _float(value: Value) -> float | None:
    return None if value is None else float(value)


def _good(delta: str) -> bool | None:
    return None if not delta or delta[0].isdigit() else delta.startswith("+")


def _figure(
    answer: Answer,
    said: Voice,
    *,
    label: str,
    value: str,
    delta: str,
    course: Sequence[float | None],
    url: str = "",
    n: float | None = None,
    base: str = "",
) -> Figure:
    good = _good(delta)
    of = said.number(answer.reading.n if n is None else n)
    return Figure(
        label=label,
        value=value,
        delta=delta,
        good=good,
        spark=charts.spark(course, tone="c2" if good is False else "c1"),
        note=_("n = %(n)s %(base)s") % {"n": of, "base": base or answer.metric.base},
        url=url or wording.definition_url(answer.metric.name),
    )


def _active(found: Answers, said: Voice) -> Figure:
    answer = found["active 0"]
    extra = answer.reading.extra
    now, before = _float(extra["end"]), _float(extra["start"])
    course: list[float | None] = []
    for back in reversed(range(0, rules.SPARK_PERIODS, 2)):
        pair = found[f"active {back}"].reading.extra
        course += [_float(pair["start"]), _float(pair["end"])]
    days = said.number(int(answer.params["days"]))
    return _figure(
        answer,
        said,
        label=_("Active members, %(days)s days") % {"days": days},
        value=said.number(now),
        delta=said.change(now, before),
        course=course,
        url=wording.behind_url(answer, "end"),
        # The rate's own base is who was active at the start; this is who is now.
        n=now,
        base=_("members with an order in these days"),
    )


def _counted(
    found: Answers, said: Voice, key: str, label: str, course: list[float | None]
) -> Figure:
    answer, before = found[f"{key} 0"], found[f"{key} 1"]
    now, then = _float(answer.reading.value), _float(before.reading.value)
    return _figure(
        answer,
        said,
        label=label,
        value=said.value(answer),
        delta=said.change(now, then),
        course=course,
    )


def _spent(found: Answers, said: Voice) -> Figure:
    answer, before = found["spend 0"], found["spend 1"]
    now, then = _float(answer.reading.value), _float(before.reading.value)
    return _figure(
        answer,
        said,
        label=_("Net spend"),
        value=said.money_short(said.minor(answer.reading.value)),
        delta=said.change(now, then),
        course=_aov_part(found, "numerator"),
    )


def _order_value(found: Answers, said: Voice) -> Figure:
    return _counted(found, said, "aov", _("Average order value"), _course(found, "aov"))


def _bought_again(found: Answers, said: Voice) -> Figure:
    answer = found["repurchase 0"]
    now = _float(answer.reading.value)
    then = _float(found["repurchase 1"].reading.value)
    delta = "" if now is None or then is None else said.points(now - then)
    return _figure(
        answer,
        said,
        label=_("Repurchase rate"),
        value=said.value(answer),
        delta=delta,
        course=_course(found, "repurchase"),
    )


def _joined(found: Answers, said: Voice) -> Figure:
    answer = found["members 0"]
    now = _float(answer.reading.value)
    return _figure(
        answer,
        said,
        label=_("New members"),
        value=said.value(answer),
        delta=said.change(now, _float(found["members 1"].reading.value)),
        course=_course(found, "members"),
        base=_("members new in the period"),
        url=wording.behind_url(answer, "all"),
    )


def spend_chart(answer: Answer, said: Voice) -> Chart:
    """Return gross and refunds by month; the newest month may not be over."""
    by_month = {str(row["month"]): row for row in answer.reading.rows}
    first = answer.period.start or answer.as_of
    months = [
        metric_rules.month_after(metric_rules.month_of(first), n)
        for n in range(rules.MONTHS)
    ]
    rows = [by_month.get(f"{month:%Y-%m}", {}) for month in months]
    gross = [said.minor(row.get("gross", "0")) or 0 for row in rows]
    refunds = [said.minor(row.get("refunds", "0")) or 0 for row in rows]
    net = [one - other for one, other in zip(gross, refunds, strict=True)]
    texts = [
        [said.month(month), said.money(g), said.money(r), said.money(n)]
        for month, g, r, n in zip(months, gross, refunds, net, strict=True)
    ]
    head = [_("Month"), _("Orders, gross"), _("Refunds"), _("Net spend")]
    unit = 10**said.settings.exponent
    finding = _(
        "Net spend of the last twelve months: %(total)s, of which the newest month %(last)s."
    )
    finding %= {"total": said.money(sum(net)), "last": said.money(net[-1])}
    drawing = charts.lines(
        [
            charts.Series(head[1], [value / unit for value in gross]),
            charts.Series(head[2], [value / unit for value in refunds], "c2"),
        ],
        labels=[said.month_short(month) for month in months],
        tips=[
            formats.named_below(
                label, zip(head[1:], values, strict=True), language=said.language
            )
            for label, *values in texts
        ],
        finding=finding,
        format_tick=lambda value: said.money_short(value * unit),
    )
    counts = [
        [
            said.number(_whole(row.get("orders"))),
            said.number(_whole(row.get("members"))),
        ]
        for row in rows
    ]
    table: list[list[str | Cell]] = [
        [*text, *count] for text, count in zip(texts, counts, strict=True)
    ]
    return Chart(
        drawing=drawing if answer.reading.n else SafeString(""),
        caption=finding,
        head=[*head, _("Orders"), _("Buyers")],
        rows=table,
        note=wording.note(answer, said),
    )


def _whole(value: Value) -> int:
    return int(value or 0)


def stages_chart(at: Standpoint, said: Voice) -> Chart:
    counted = queries.stages(at=at)
    total = sum(counted.values())
    rows: list[list[str | Cell]] = []
    ranks = []
    for stage in Stage:
        members = counted.get(stage.value, 0)
        share = said.percent(members / total if total else None)
        text = said.number(members)
        rows.append([str(stage.label), Cell(text, wording.stage_url(stage)), share])
        tone = "2" if stage is Stage.CHURNED else "1"
        ranks.append(charts.Rank(str(stage.label), members, f"{text} · {share}", tone))
    largest = max(Stage, key=lambda stage: counted.get(stage.value, 0))
    finding = _("The largest stage is %(stage)s, with %(members)s members.")
    finding %= {
        "stage": largest.label,
        "members": said.number(counted.get(largest.value, 0)),
    }
    limits: dict[str, Any] = {
        "days": said.number(at.settings.churn_days),
        "orders": said.number(at.settings.loyal_orders),
    }
    return Chart(
        drawing=charts.ranks(ranks, finding=finding) if total else SafeString(""),
        caption=_("Members by stage"),
        head=[_("Stage"), _("Members"), _("Share")],
        rows=rows,
        note=Note(
            as_of=at.as_of,
            window=_("churned after %(days)s days, loyal from %(orders)s orders")
            % limits,
            base=_("members known at the end of the day"),
            n=total,
            definition="lifecycle v1",
            url=wording.definition_url("lifecycle"),
        ),
    )


def page(*, at: Standpoint, days: int) -> dict[str, Any]:
    """Return the context of Overview for staff who see figures."""
    said = wording.voice(at.settings)
    found = queries.answers(at=at, asks=asks(at=at, days=days))
    grid = queries.grid(at=at, rule=at.settings.rfm_rule, window=at.settings.rfm_window)
    months = rules.COHORTS_SHORT
    return {
        "days": days,
        "now_days": said.days(rules.period(as_of=at.as_of, days=days)),
        "before_days": said.days(rules.period(as_of=at.as_of, days=days, back=1)),
        "periods": periods(days, said),
        "figures": figures(found, said),
        "definitions": definitions(found),
        "spend": spend_chart(found["months"], said),
        "scores": scores.score_table(at, grid, said, by_spend=False),
        "cohorts": cohorts.cohort_table(found["cohorts"], said, months=months),
        "stages": stages_chart(at, said),
    }


def periods(chosen: int, said: Voice) -> list[Choice]:
    return [
        Choice(_("%(n)s d") % {"n": said.number(days)}, f"?days={days}", days == chosen)
        for days in rules.PERIODS
    ]


def definitions(found: Answers) -> list[Cell]:
    """Return links to what the figures mean, as the registry names them."""
    keys = ("active 0", "orders 0", "spend 0", "aov 0", "repurchase 0", "members 0")
    metrics = [found[key].metric for key in keys]
    return [
        Cell(f"{one.name} v{one.version}", wording.definition_url(one.name))
        for one in metrics
    ]
