from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from members.programme import queries, rules, services
from members.programme.models import ProgrammeVersion

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        pytest.param("name", " ", id="empty name"),
        pytest.param("time_zone", "Mars/Olympus", id="no such zone"),
        pytest.param("currency", "EURO", id="no such currency"),
        pytest.param("churn_days", 0, id="no days"),
        pytest.param("churn_days", "many", id="not a number"),
        pytest.param("loyal_orders", 2, id="loyal before repeat"),
        pytest.param("rfm_rule", "ntile", id="no such rule"),
        pytest.param("clv_margin", "1.5", id="margin above one"),
        pytest.param("clv_margin", "NaN", id="margin not a number"),
        pytest.param("colour", "red", id="no such setting"),
    ],
)
def test_parse_names_the_field_it_refuses(field, value):
    with pytest.raises(rules.InvalidSetting) as refusal:
        rules.parse({field: value})

    assert refusal.value.field == field


def test_dump_and_parse_are_inverse():
    settings = rules.Settings(number=3, currency="CNY", clv_margin=Decimal("0.125"))

    assert rules.parse(rules.dump(settings), number=3) == settings


@pytest.mark.parametrize(
    ("currency", "exponent"), [("EUR", 2), ("JPY", 0), ("KWD", 3), ("CNY", 2)]
)
def test_exponent_is_that_of_the_currency(currency, exponent):
    assert rules.Settings(currency=currency).exponent == exponent


def publish(based_on: int = 1, *, orders_exist: bool = False, **values):
    before = rules.dump(queries.settings_at(at=datetime(2100, 1, 1, tzinfo=UTC)))
    return services.publish(
        values={**before, **values},
        based_on=based_on,
        effective_from=AT,
        by_id=None,
        at=AT,
        orders_exist=orders_exist,
    )


@pytest.mark.django_db
def test_a_version_is_in_force_from_its_moment():
    publish(churn_days=90)

    before = queries.settings_at(at=AT - timedelta(seconds=1))
    after = queries.settings_at(at=AT)

    assert (before.churn_days, after.churn_days) == (180, 90)


@pytest.mark.django_db
def test_a_version_based_on_an_older_one_is_refused():
    publish(churn_days=90)

    with pytest.raises(services.StaleVersion):
        publish(based_on=1, churn_days=60)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("field", "value"), [("currency", "CNY"), ("time_zone", "Asia/Shanghai")]
)
def test_what_orders_were_made_with_is_fixed(field, value):
    with pytest.raises(services.FixedSetting) as refusal:
        publish(orders_exist=True, **{field: value})

    assert refusal.value.field == field


@pytest.mark.django_db
def test_a_version_before_the_latest_is_refused():
    publish(churn_days=90)

    with pytest.raises(rules.InvalidSetting) as refusal:
        services.publish(
            values={"churn_days": 60},
            based_on=2,
            effective_from=AT - timedelta(days=1),
            by_id=None,
            at=AT,
            orders_exist=False,
        )

    assert refusal.value.field == "effective_from"


@pytest.mark.django_db
def test_a_coming_version_is_preceded_and_then_never_comes():
    def publish_from(on: datetime, based_on: int, days: int) -> None:
        services.publish(
            values={"churn_days": days},
            based_on=based_on,
            effective_from=on,
            by_id=None,
            at=AT,
            orders_exist=False,
        )

    publish(churn_days=90)
    publish_from(datetime(8999, 1, 1, tzinfo=UTC), 2, 60)
    publish_from(AT + timedelta(days=7), 3, 50)
    publish_from(AT + timedelta(days=1), 4, 40)

    moments = (AT, AT + timedelta(days=2), datetime(8999, 6, 1, tzinfo=UTC))
    assert [queries.settings_at(at=one).churn_days for one in moments] == [90, 40, 40]
    assert [settings.number for _at, settings in queries.timeline()] == [1, 2, 5]
    assert queries.lasting() == {1, 2, 5}
    with pytest.raises(rules.InvalidSetting, match="in force"):
        publish_from(AT - timedelta(days=1), 5, 30)


@pytest.mark.django_db
def test_a_version_is_never_rewritten():
    with pytest.raises(IntegrityError, match="never changed"), transaction.atomic():
        ProgrammeVersion.objects.update(note="changed my mind")
