"""The table of the design, in both languages."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from config.lib import formats

SHANGHAI = ZoneInfo("Asia/Shanghai")
NOON = datetime(2026, 11, 22, 6, 5, tzinfo=UTC)


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_number_groups_thousands_in_both_languages(language):
    assert formats.number(1284320, language=language) == "1,284,320"


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_number_writes_the_real_minus(language):
    assert formats.number(-349, language=language) == "\u2212349"


def test_number_undefined_is_a_dash_and_not_nought():
    assert formats.number(None, language="en") == "\u2013"


def test_number_that_rounds_to_nought_has_no_sign():
    assert formats.number(-0.2, language="en") == "0"


@pytest.mark.parametrize(
    ("value", "en", "zh"),
    [
        (950, "950", "950"),
        (9_410, "9.4k", "9,410"),
        (46_200, "46.2k", "4.6万"),
        (184_310, "184k", "18.4万"),
        (999_949, "1M", "100万"),
        (1_284_320, "1.3M", "128.4万"),
        (1_200_000_000, "1.2B", "12亿"),
        (-45_000, "\u221245k", "\u22124.5万"),
    ],
)
def test_compact_counts_as_the_language_does(value, en, zh):
    assert formats.compact(value, language="en") == en
    assert formats.compact(value, language="zh-hans") == zh


@pytest.mark.parametrize(
    ("currency", "language", "printed"),
    [
        ("CNY", "en", "¥1,284.00"),
        ("CNY", "zh-hans", "¥1,284.00"),
        ("USD", "en", "$1,284.00"),
        ("USD", "zh-hans", "US$1,284.00"),
        ("EUR", "en", "€1,284.00"),
    ],
)
def test_money_has_the_narrow_symbol(currency, language, printed):
    shown = formats.money(128_400, currency=currency, exponent=2, language=language)

    assert shown == printed


def test_money_without_minor_unit_is_not_divided():
    assert formats.money(1284, currency="JPY", exponent=0, language="en") == "¥1,284"


def test_money_with_three_digits_keeps_them():
    shown = formats.money(1_284_005, currency="KWD", exponent=3, language="en")

    assert shown == "KWD\u00a01,284.005"


def test_money_below_nought_puts_the_minus_before_the_symbol():
    shown = formats.money(-721_000, currency="CNY", exponent=2, language="en", places=0)

    assert shown == "\u2212¥7,210"


def test_money_is_exact_beyond_what_a_float_holds():
    shown = formats.money(
        90_071_992_547_409_93, currency="EUR", exponent=2, language="en"
    )

    assert shown == "€90,071,992,547,409.93"


def test_money_compact_never_says_k_in_chinese():
    options = {"currency": "CNY", "exponent": 2}

    english = formats.money_compact(19_200_000_0, language="en", **options)
    chinese = formats.money_compact(19_200_000_0, language="zh-hans", **options)

    assert (english, chinese) == ("¥1.9M", "¥192万")


def test_percent_prints_a_ratio():
    assert formats.percent(Decimal("0.423"), language="zh-hans") == "42.3%"


def test_points_print_the_sign_of_a_difference():
    assert formats.points(0.011, language="en") == "+1.1 pp"
    assert formats.points(-0.006, language="en") == "\u22120.6 pp"


def test_signed_nought_has_no_sign():
    assert formats.signed(0, language="en") == "0"


def test_a_value_stands_behind_its_name_as_the_language_sets_it():
    assert formats.named("Net", "1,020", language="en") == "Net: 1,020"
    assert formats.named("净额", "1,020", language="zh-hans") == "净额：1,020"


def test_named_values_stand_below_their_heading():
    pairs = [("净额", "1,020"), ("退款", "30")]

    assert (
        formats.named_below("3月", pairs, language="zh-hans")
        == "3月\n净额：1,020\n退款：30"
    )


def test_clauses_are_kept_apart_as_the_language_does():
    assert formats.clauses(["a: 1", "b: 2"], language="en") == "a: 1; b: 2"
    assert formats.clauses(["甲：1", "乙：2"], language="zh-hans") == "甲：1；乙：2"


def test_span_joins_with_a_dash():
    assert formats.span("1,020", "1,530") == "1,020\u20131,530"


@pytest.mark.parametrize(
    ("language", "printed"), [("en", "22 Nov 2026"), ("zh-hans", "2026年11月22日")]
)
def test_day_is_written_as_the_language_does(language, printed):
    assert formats.day(date(2026, 11, 22), language=language) == printed


@pytest.mark.parametrize(
    ("language", "printed"),
    [("en", "22 Nov 2026, 14:05"), ("zh-hans", "2026年11月22日 14:05")],
)
def test_moment_is_in_the_zone_of_the_programme(language, printed):
    assert formats.moment(NOON, language=language, zone=SHANGHAI) == printed


@pytest.mark.parametrize(
    ("language", "printed"), [("en", "Sep 2026"), ("zh-hans", "2026年9月")]
)
def test_month_names_its_year(language, printed):
    assert formats.month(date(2026, 9, 1), language=language) == printed


@pytest.mark.parametrize(
    ("language", "printed"), [("en", "3 days ago"), ("zh-hans", "3天前")]
)
def test_relative_within_a_week_counts_back(language, printed):
    then = NOON - timedelta(days=3)

    said = formats.relative(then, at=NOON, language=language, zone=SHANGHAI)

    assert said == printed


def test_relative_after_a_week_is_the_local_date():
    then = datetime(2026, 11, 14, 17, tzinfo=UTC)

    said = formats.relative(then, at=NOON, language="en", zone=SHANGHAI)

    assert said == "15 Nov 2026"


def test_relative_in_the_future_is_the_date():
    then = NOON + timedelta(hours=1)

    said = formats.relative(then, at=NOON, language="en", zone=SHANGHAI)

    assert said == "22 Nov 2026"


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        ("phone", "+8613800004471", "138 •••• 4471"),
        ("phone", "+4915112345678", "491 •••• 5678"),
        ("phone", "112", "••••"),
        ("email", "lin.yue@example.com", "l•••@example.com"),
        ("card", "62178830", "62178830"),
    ],
)
def test_masked_hides_what_reaches_a_person(kind, value, shown):
    assert formats.masked(kind, value) == shown
