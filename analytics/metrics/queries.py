"""Asking the registry: one way in, for pages, commands, exports and the API alike."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _
from ibis.expr import types as ir

from analytics.facts.tables import Facts
from analytics.metrics import registry, rules
from analytics.metrics.base import Answer, Metric, Param, Period, Question
from analytics.metrics.enums import Span
from config.lib.errors import DomainError
from members.programme.rules import Settings


class BadQuestion(DomainError):
    """The question does not parse; `field` names the part and the text what it takes."""

    code = "bad_question"


def answer(
    *,
    facts: Facts,
    name: str,
    by: str | None = None,
    params: Mapping[str, str] | None = None,
    start: date | None = None,
    end: date | None = None,
) -> Answer:
    """This answers one metric on facts already cut at a day and to a scope.

    Raises `registry.UnknownMetric` or `BadQuestion`.
    """
    metric = registry.metric(name)
    question = _question(metric, facts, by, params or {}, start, end)
    return Answer(
        metric=metric,
        by=question.by,
        as_of=facts.as_of,
        period=question.period,
        params=question.params,
        reading=metric.read(question),
    )


def check(*, name: str, by: str | None, params: Mapping[str, str]) -> None:
    """This raises for a question that cannot be asked, before any work is done."""
    metric = registry.metric(name)
    _dimension(metric, by)
    _params(metric, Settings(), params)


def members_of(
    *,
    facts: Facts,
    name: str,
    cell: str,
    by: str | None = None,
    params: Mapping[str, str] | None = None,
    start: date | None = None,
    end: date | None = None,
) -> ir.Table:
    """This is the members behind one cell, as a table of `member_id`.

    As many as the cell says: it is the same expression, filtered. Cells are written
    as the rows write them, a cohort's as `1997-01,3`.
    """
    metric = registry.metric(name)
    if metric.behind is None:
        text = _("%(name)s does not list members.")
        raise BadQuestion(text % {"name": name}, field="name")
    question = _question(metric, facts, by, params or {}, start, end)
    try:
        table = metric.behind(question, cell)
    except ValueError:
        text = _("%(cell)s is not a cell of %(name)s.")
        raise BadQuestion(text % {"cell": cell, "name": name}, field="cell") from None
    return table.select("member_id")


def member_ids(table: ir.Table) -> list[int]:
    """This runs what `members_of` gave, in the order of ids."""
    found: list[int] = table.order_by("member_id").to_pyarrow()["member_id"].to_pylist()
    return found


def _question(
    metric: Metric,
    facts: Facts,
    by: str | None,
    given: Mapping[str, str],
    start: date | None,
    end: date | None,
) -> Question:
    params = _params(metric, facts.settings, given)
    return Question(
        facts=facts,
        by=_dimension(metric, by),
        params=params,
        period=_period(metric, facts.as_of, start, end, params),
    )


def _dimension(metric: Metric, by: str | None) -> str | None:
    if by is None:
        return metric.default_dimension
    if by not in metric.dimensions:
        accepted = ", ".join(metric.dimensions) or _("no dimension")
        text = _("%(name)s cannot be cut by %(by)s. It accepts: %(accepted)s.")
        values = {"name": metric.name, "by": by, "accepted": accepted}
        raise BadQuestion(text % values, field="by")
    return by


def _period(
    metric: Metric,
    as_of: date,
    start: date | None,
    end: date | None,
    params: Mapping[str, Any],
) -> Period:
    if metric.span is Span.POINT:
        if start is not None or end is not None:
            text = _("%(name)s is a state at the end of as_of and takes no period.")
            field = "from" if start is not None else "to"
            raise BadQuestion(text % {"name": metric.name}, field=field)
        return Period(start=None, end=as_of)
    # Nothing is known after as_of, so a period ends with it at the latest.
    last = min(end or as_of, as_of)
    if start is not None and start > last:
        text = _("The period starts on %(start)s, after its end on %(end)s.")
        raise BadQuestion(text % {"start": start, "end": last}, field="from")
    if start is None and metric.span is Span.YEAR:
        start = rules.twelve_months_from(last)
    if start is None and metric.span is Span.CHANGE:
        start = last - timedelta(days=params["days"])
    return Period(start=start, end=last)


def _params(
    metric: Metric, settings: Settings, given: Mapping[str, str]
) -> dict[str, Any]:
    known = {param.name: param for param in metric.params}
    for name in given:
        if name not in known:
            accepted = ", ".join(known) or _("no parameter")
            text = _("%(name)s has no parameter %(param)s. It accepts: %(accepted)s.")
            values = {"name": metric.name, "param": name, "accepted": accepted}
            raise BadQuestion(text % values, field=name)
    found = {
        name: _value(param, given[name]) if name in given else param.default(settings)
        for name, param in known.items()
    }
    if metric.check is None:
        return found
    try:
        return metric.check(found)
    except ValueError as error:
        raise BadQuestion(str(error), field="param") from None


def _value(param: Param, text: str) -> Any:
    if param.kind == "choice":
        if text not in param.choices:
            raise _refused(param, text, ", ".join(param.choices))
        return text
    accepts = _("a number from %(least)s to %(most)s")
    if param.kind == "whole":
        accepts = _("a whole number from %(least)s to %(most)s")
    accepts = accepts % {"least": param.least, "most": param.most}
    try:
        value = int(text) if param.kind == "whole" else Decimal(text)
    except (ValueError, InvalidOperation):
        raise _refused(param, text, accepts) from None
    if not param.least <= value <= param.most:
        raise _refused(param, text, accepts)
    return value


def _refused(param: Param, text: str, accepts: str) -> BadQuestion:
    sentence = _("%(param)s is %(text)s; it accepts %(accepts)s.")
    values = {"param": param.name, "text": text, "accepts": accepts}
    return BadQuestion(sentence % values, field=param.name)
