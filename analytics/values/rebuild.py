"""Every member's values as one expression: what the table, snapshots and exports hold."""

from __future__ import annotations

from typing import Any

import ibis
from ibis.expr import types as ir

from analytics.facts.tables import Facts
from analytics.metrics import lifecycle, rfm, state, tiers
from members.programme.rules import Settings

# Named and ordered as MemberValue's columns, its last one (run) apart.
COLUMNS = {
    "member_id": "int64",
    "external_id": "string",
    "joined_on": "date",
    "orders": "int64",
    "refunds": "int64",
    "gross_minor": "int64",
    "refunded_minor": "int64",
    "spend_minor": "int64",
    "orders_12m": "int64",
    "spend_12m_minor": "int64",
    "categories": "int64",
    "first_on": "date",
    "last_on": "date",
    "recency_days": "int64",
    "r": "int16",
    "f": "int16",
    "m": "int16",
    "cell": "string",
    "stage": "string",
    "value_tier": "string",
}


def member_values(facts: Facts) -> ir.Table:
    """This is one row a member known at the day, under the programme's settings.

    Give it `state.materialised` facts: the state is read four times. It asks nothing
    of PostgreSQL, so a bench can run it on Parquet alone.
    """
    settings = facts.settings
    staged = lifecycle.staged(
        facts, churn_days=settings.churn_days, loyal_orders=settings.loyal_orders
    )
    scored = rfm.scored(facts, window=settings.rfm_window, rule=settings.rfm_rule)
    scored = scored.select("r", "f", "m", "cell", scored_id=scored.member_id)
    tiered = tiers.tiered(facts)
    tiered = tiered.select("value_tier", tiered_id=tiered.member_id)
    variety = categories(facts)
    found = (
        staged.left_join(scored, staged.member_id == scored.scored_id)
        .left_join(tiered, staged.member_id == tiered.tiered_id)
        .left_join(variety, staged.member_id == variety.varied_id)
    )
    return found.mutate(
        gross_minor=found.gross,
        refunded_minor=found.refunded,
        spend_minor=found.spend,
        spend_12m_minor=found.spend_12m,
        joined_on=(found.joined_on <= facts.as_of).ifelse(
            found.joined_on, found.known_on
        ),
        categories=found.categories.fill_null(0),
        recency_days=state.days_until(facts.as_of, found.last_on),
    ).select(*(ibis._[name].cast(kind).name(name) for name, kind in COLUMNS.items()))


def categories(facts: Facts) -> ir.Table:
    """This counts the distinct categories each member bought."""
    lines = facts.lines.filter(~facts.lines.is_refund, facts.lines.category.notnull())
    pairs = lines.select(varied_id=lines.member_id, category=lines.category).distinct()
    return pairs.group_by("varied_id").agg(categories=pairs.count())


def bounds(values: ir.Table, *, settings: Settings) -> dict[str, Any]:
    """This says between which measures each score lies, to read a score by."""
    recent = settings.rfm_window == "12m"
    measures = {
        "r": "recency_days",
        "f": "orders_12m" if recent else "orders",
        "m": "spend_12m_minor" if recent else "spend_minor",
    }
    found: dict[str, Any] = {}
    for score, measure in measures.items():
        rows = state.rows(
            values.filter(values[score].notnull())
            .group_by(score)
            .agg(least=values[measure].min(), most=values[measure].max())
        )
        found[score] = {
            str(row[score]): [row["least"], row["most"]]
            for row in sorted(rows, key=lambda row: row[score])
        }
    return found


def exported(values: ir.Table, *, exponent: int) -> ir.Table:
    """This is the contract's export; what later issues fill is there and empty."""
    money = f"decimal(18, {exponent})"
    digits = values.spend_minor.abs().cast("string").lpad(exponent + 1, "0")
    whole = digits.length() - exponent
    point = "." if exponent else ""
    sign = (values.spend_minor < 0).ifelse("-", "")
    spend = sign + digits.substr(0, whole) + point + digits.substr(whole)
    return values.order_by("member_id").select(
        values.external_id,
        values.joined_on,
        values.orders,
        spend.cast(money).name("spend"),
        values.recency_days,
        values.r,
        values.f,
        values.m,
        values.stage,
        values.value_tier,
        ibis.null("float64").name("p_alive"),
        ibis.null("float64").name("expected_orders_12m"),
        ibis.null(money).name("clv_12m"),
        ibis.null("float64").name("churn_risk"),
        ibis.null("float64").name("loyalty_index"),
        ibis.null("int64").name("points_active"),
    )
