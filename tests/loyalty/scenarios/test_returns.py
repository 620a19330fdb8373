"""Scenarios L1, L21 to L23, L26, L28, L29: orders and returns by the HTTP API."""

from __future__ import annotations

import pytest

from loyalty.points.models import Transfer


def numbers(found):
    return found["available"], found["pending"], found["debt"]


def test_l1_points_are_active_by_time_not_by_job(shop):
    member = shop.at("2026-03-01T10:00:00+01:00").member()
    order = shop.order(member, "2026-03-01T10:00:00+01:00", "120.00")
    assert order["points_awarded"] == 120
    assert numbers(shop.points(member)) == (0, 120, 0)

    shop.at("2026-03-15T00:00:00+01:00")

    assert numbers(shop.points(member)) == (120, 0, 0)
    assert shop.spend(member, 120).status_code == 201


@pytest.mark.parametrize(
    "rule",
    [{"points": 2}, {"points": 0}, None],
    ids=["doubled", "switched off", "deleted"],
)
def test_l21_return_reverses_what_was_granted_whatever_the_rule_is_now(shop, rule):
    member = shop.at("2026-03-01T10:00:00+01:00").member()
    order = shop.order(member, "2026-03-01T10:00:00+01:00", "50.00")
    assert order["points_awarded"] == 50

    shop.at("2026-03-05T10:00:00+01:00").publish(earn=rule)
    back = shop.refund(order["id"], "2026-03-05T10:00:00+01:00")

    assert back.status_code == 201
    assert (back.json()["points_reversed"], back.json()["refund_amount"]) == (
        50,
        "50.00",
    )
    assert numbers(shop.at("2026-04-01T00:00:00+02:00").points(member)) == (0, 0, 0)


def spent_then_returned(shop):
    member = shop.at("2026-01-01T10:00:00+01:00").member()
    order = shop.order(member, "2026-01-01T10:00:00+01:00", "200.00")
    shop.at("2026-01-20T10:00:00+01:00").spend(member, 150)
    back = shop.refund(order["id"], "2026-01-20T10:00:00+01:00").json()
    return member, back


def test_l22_return_of_spent_points_is_a_debt_the_next_points_pay(shop):
    member, back = spent_then_returned(shop)

    assert back["debt"] == 150
    assert numbers(shop.points(member)) == (0, 0, 150)
    refused = shop.spend(member, 1)
    assert (refused.status_code, refused.json()["code"]) == (409, "insufficient_points")
    shop.give(member, 100)
    assert numbers(shop.points(member)) == (0, 0, 50)
    shop.give(member, 80)
    assert numbers(shop.points(member)) == (30, 0, 0)


def test_l22_awards_that_are_pending_pay_debt_too(shop):
    member, _ = spent_then_returned(shop)

    shop.order(member, "2026-01-20T10:00:00+01:00", "100.00")
    assert numbers(shop.points(member)) == (0, 0, 50)
    shop.order(member, "2026-01-20T10:00:00+01:00", "80.00")
    assert numbers(shop.points(member)) == (0, 30, 0)


@pytest.mark.parametrize(
    ("policy", "left", "uncollected"),
    [("not_below_zero", 0, 150), ("pending_only", 50, 200)],
)
def test_l22_under_other_policies_the_rest_is_uncollected(
    shop, policy, left, uncollected
):
    shop.at("2025-12-31T10:00:00+01:00").publish(clawback=policy)

    member, back = spent_then_returned(shop)

    assert back["debt"] == 0
    assert numbers(shop.points(member)) == (left, 0, 0)
    gone = Transfer.objects.filter(debit_account__role="uncollected")
    assert [one.points for one in gone] == [uncollected]


def test_l23_mixed_tender_goes_back_in_proportion_to_the_unit(shop):
    shop.at("2025-12-31T10:00:00+01:00").publish(adjustment_approval_above=None)
    member = shop.at("2026-01-01T10:00:00+01:00").member()
    lots = shop.give(member, 4000, expires_at="2026-12-31")["lots"]
    order = shop.order(
        member, "2026-01-01T10:00:00+01:00", "100.00", points_redeemed=4000
    )
    assert (order["payable"], order["points_awarded"]) == ("60.00", 60)

    at = "2026-01-05T10:00:00+01:00"
    part = shop.at(at).refund(order["id"], at, amount="30.00").json()
    rest = shop.refund(order["id"], at, full=True).json()

    told = ("refund_amount", "points_restored", "points_reversed")
    assert [part[name] for name in told] == ["18.00", 1200, 18]
    assert [rest[name] for name in told] == ["42.00", 2800, 42]
    after = shop.points(member)
    assert numbers(after) == (4000, 0, 0)
    assert [(lot["id"], lot["remaining"]) for lot in after["lots"]] == [
        (lots[0]["id"], 4000)
    ]
    more = shop.refund(order["id"], at, amount="0.01")
    assert (more.status_code, more.json()["code"]) == (409, "refund_exceeds_order")


def test_l26_buying_and_returning_ten_times_leaves_nothing(shop):
    shop.at("2025-12-31T10:00:00+01:00").publish(pending_days=0)
    member = shop.member()
    for day in range(1, 11):
        at = f"2026-01-{day:02}T10:00:00+01:00"
        order = shop.at(at).order(member, at, "300.00")
        shop.refund(order["id"], at)

    after = shop.points(member)

    assert (after["balance"], after["qualifying"], after["debt"]) == (0, 0, 0)


def test_l28_late_order_is_known_late_and_dated_early(shop):
    member = shop.at("2026-05-01T10:00:00+02:00").member()
    shop.at("2026-06-10T10:00:00+02:00")
    shop.order(member, "2026-05-20T10:00:00+02:00", "120.00")

    after = shop.points(member)
    assert numbers(after) == (120, 0, 0)
    assert after["expiring"] == [{"on": "2027-05-20", "points": 120}]
    may = {"as_of": "2026-05-31"}
    assert [one["points"] for one in shop.entries(member, **may)] == [120]
    assert shop.entries(member, **may, known_at="2026-06-01") == []
    assert shop.points(member, **may, known_at="2026-06-01")["pending"] == 0
    assert shop.points(member, **may)["pending"] == 120


def test_l29_order_older_than_its_own_expiry_is_earned_and_expired_together(shop):
    member = shop.at("2026-06-10T10:00:00+02:00").member()
    shop.order(member, "2025-01-01T10:00:00+01:00", "120.00")

    told = shop.entries(member)

    assert [(one["kind"], one["points"]) for one in told] == [
        ("expire", -120),
        ("earn", 120),
    ]
    assert numbers(shop.points(member)) == (0, 0, 0)


def test_refund_before_its_order_waits_and_is_applied(shop):
    member = shop.at("2026-03-05T10:00:00+01:00").member()
    at = "2026-03-04T10:00:00+01:00"
    body = {"external_id": "early", "refunded_at": at, "amount": "20.00"}

    parked = shop.api.post("orders/~external:late/refunds/", body)
    again = shop.api.post("orders/~external:late/refunds/", body)
    assert (parked.status_code, again.status_code) == (202, 202)
    assert parked.json()["code"] == "parked"
    other = shop.api.post("orders/~external:late/refunds/", {**body, "amount": "21.00"})
    assert (other.status_code, other.json()["code"]) == (409, "external_id_conflict")
    order = shop.order(member, "2026-03-01T10:00:00+01:00", "50.00", external_id="late")

    assert order["points_awarded"] == 50
    assert [one["points_reversed"] for one in order["refunds"]] == [20]
    assert numbers(shop.points(member)) == (0, 30, 0)
    met = shop.api.post("orders/~external:late/refunds/", body)
    assert (met.status_code, met.json()["points_reversed"]) == (200, 20)


def test_cancelled_order_voids_its_points_once(shop):
    member = shop.at("2026-03-01T10:00:00+01:00").member()
    order = shop.order(member, "2026-03-01T10:00:00+01:00", "50.00", "20.00")

    for _ in range(2):
        gone = shop.api.post(f"orders/{order['id']}/cancel/", {})
        assert gone.status_code == 200

    assert [one["points_reversed"] for one in gone.json()["refunds"]] == [70]
    assert numbers(shop.points(member)) == (0, 0, 0)
    late = shop.api.post(f"orders/{order['id']}/deliver/", {})
    assert (late.status_code, late.json()["code"]) == (409, "cancelled")


@pytest.mark.parametrize(
    ("change", "field", "code"),
    [
        ({"lines": []}, "lines", "empty"),
        ({"lines": [{"amount": 5}]}, "lines.0.amount", "invalid"),
        ({"lines": [{"amount": "5,00"}]}, "lines.0.amount", "invalid"),
        ({"lines": [{"amount": "5.001"}]}, "lines.0.amount", "too_precise"),
        ({"lines": [{"amount": "-5"}]}, "lines.0.amount", "negative"),
        (
            {"lines": [{"amount": "1", "colour": "red"}]},
            "lines.0.colour",
            "unknown_field",
        ),
        (
            {
                "lines": [
                    {"amount": "1", "line_id": "a"},
                    {"amount": "1", "line_id": "a"},
                ]
            },
            "lines",
            "duplicate",
        ),
        ({"member": "~external:nobody"}, "member", "unknown_member"),
        ({"placed_at": "2026-03-01"}, "placed_at", "invalid"),
        ({"points_redeemed": -1}, "points_redeemed", "min_value"),
        ({"external_id": "~1"}, "external_id", "invalid"),
        ({"coupon_codes": ["x"]}, "coupon_codes", "unknown_field"),
    ],
)
def test_wrong_order_is_refused_with_its_field(shop, change, field, code):
    member = shop.at("2026-03-01T10:00:00+01:00").member()
    body = {
        "external_id": "1",
        "member": member,
        "placed_at": "2026-03-01T10:00:00+01:00",
        "lines": [{"amount": "5.00"}],
        **change,
    }

    refused = shop.api.post("orders/", body)

    assert refused.status_code == 400
    told = [(one["field"], one["code"]) for one in refused.json()["errors"]]
    assert told == [(field, code)]


def test_order_of_tomorrow_and_of_another_currency_are_refused(shop):
    member = shop.at("2026-03-01T10:00:00+01:00").member()
    body = {
        "external_id": "1",
        "member": member,
        "placed_at": "2026-03-01T10:00:01+01:00",
        "lines": [{"amount": "5.00"}],
    }

    early = shop.api.post("orders/", body)
    foreign = shop.api.post(
        "orders/",
        {**body, "placed_at": "2026-03-01T10:00:00+01:00", "currency": "USD"},
    )

    assert (early.status_code, early.json()["code"]) == (422, "future")
    assert (foreign.status_code, foreign.json()["code"]) == (409, "currency")


def test_same_order_again_is_met_and_another_payload_is_refused(shop):
    member = shop.at("2026-03-01T10:00:00+01:00").member()
    body = {
        "external_id": "1",
        "member": member,
        "placed_at": "2026-03-01T10:00:00+01:00",
        "lines": [{"amount": "5.00", "sku": "tea", "quantity": 2}],
    }
    first = shop.api.post("orders/", body, key="k1")
    again = shop.api.post("orders/", body, key="k2")
    replay = shop.api.post("orders/", body, key="k1")
    other = shop.api.post("orders/", {**body, "channel": "web"}, key="k3")

    assert (first.status_code, again.status_code, replay.status_code) == (201, 200, 201)
    assert first.json() == again.json() == replay.json()
    assert replay.headers["Idempotent-Replayed"] == "true"
    assert (other.status_code, other.json()["code"]) == (409, "external_id_conflict")
    assert shop.api.get("orders/~external:1/").json() == first.json()


@pytest.mark.parametrize("lines", [1, 3, 100])
def test_l23_an_amount_of_many_lines_takes_back_what_it_is_worth(shop, lines):
    """100.00 in small lines: half of the money takes half of the points, as a file does."""
    member = shop.at("2026-03-01T10:00:00+01:00").member()
    cents = [10_000 // lines + (n < 10_000 % lines) for n in range(lines)]
    amounts = [f"{one // 100}.{one % 100:02}" for one in cents]
    order = shop.order(member, "2026-03-01T10:00:00+01:00", *amounts)
    assert order["points_awarded"] == 100

    at = "2026-03-02T10:00:00+01:00"
    first = shop.at(at).refund(order["id"], at, amount="50.00").json()
    second = shop.refund(order["id"], at, amount="49.00").json()
    rest = shop.refund(order["id"], at).json()

    taken = [one["points_reversed"] for one in (first, second, rest)]
    assert taken == [50, 49, 1]
