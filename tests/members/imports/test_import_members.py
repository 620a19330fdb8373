"""A file of members, rule by rule, with results worked out by hand."""

from __future__ import annotations

from datetime import date

import pytest

from members.imports.models import ImportBatch
from members.profiles.models import (
    Attribute,
    ChangedMember,
    Consent,
    Member,
)
from tests.members.imports.people import counts, details, known, rejects

pytestmark = pytest.mark.django_db

FULL = """member,name,email,phone,birthday,joined_on,store,language,\
acquisition_channel,email_consent,sms_consent,Shoe size
c-1,张伟,Wei@Example.ORG,+86 138 0013 8000,1990-05-01,2024-03-09,S-1,zh-CN,WeChat,yes,no,42
"""


def test_every_field_is_kept_where_it_belongs(load, csv_file):
    summary = load("members", csv_file(FULL), "--source", "crm")

    assert (summary["members_created"], summary["stores_created"]) == (1, 1)
    assert known() == {
        (("crm", "c-1"), ("email", "wei@example.org"), ("phone", "+8613800138000")): {
            "name": "张伟",
            "name_key": "zhang wei",
            "birthday": date(1990, 5, 1),
            "joined_on": date(2024, 3, 9),
            "store__code": "S-1",
            "language": "zh-hans",
            "acquisition_channel": "WeChat",
            "first_order_at": None,
            "last_order_at": None,
            "attributes": {("Shoe size", "42", "crm")},
            "consents": {("email", True), ("sms", False)},
        }
    }
    made = Member.objects.get()
    assert list(ChangedMember.objects.values_list("member_id", flat=True)) == [made.pk]


def test_chinese_headers_and_words_are_understood(load, csv_file):
    path = csv_file(
        "会员编号,姓名,电子邮箱,手机号,生日,入会日期,门店,语言,获客渠道,短信同意,爱好\n"
        "甲1,李娜,lina@example.cn,13800138000,1988年2月3日,2023年1月2日,门店一,中文,微信,是,茶\n",
        encoding="gb18030",
    )

    load("members", path, "--region", "CN")

    (row,) = known().items()
    assert row[0] == (
        ("email", "lina@example.cn"),
        ("external", "甲1"),
        ("phone", "+8613800138000"),
    )
    assert (row[1]["name_key"], row[1]["birthday"]) == ("li na", date(1988, 2, 3))
    assert (row[1]["language"], row[1]["store__code"]) == ("zh-hans", "门店一")
    assert row[1]["consents"] == {("sms", True)}
    assert row[1]["attributes"] == {("爱好", "茶", "external")}


def test_the_same_file_again_changes_nothing(load, csv_file):
    path = csv_file(FULL)
    load("members", path)
    before = (known(), list(Member.objects.values()), ChangedMember.objects.count())

    again = load("members", path)

    assert (counts(again), again.code) == ((0, 0, 1, 0), 0)
    after = (known(), list(Member.objects.values()), ChangedMember.objects.count())
    assert after == before


def test_a_check_counts_and_changes_nothing(load, csv_file):
    summary = load("members", csv_file(FULL), "--dry-run")

    assert (summary["loaded"], summary["members_created"]) == (1, 1)
    assert not Member.objects.exists()
    assert not ImportBatch.objects.exists()


@pytest.mark.parametrize(
    ("column", "cell", "reason"),
    [
        ("email", "ana at example.org", "bad_email"),
        ("phone", "12", "ambiguous_phone"),
        ("phone", "+49 1", "bad_phone"),
        ("birthday", "03/04/1990", "ambiguous_date"),
        ("birthday", "1990-02-30", "bad_date"),
        ("birthday", "01.02.90", "two_digit_year"),
        ("birthday", "2999-01-01", "future"),
        ("joined_on", "2999-01-01", "future"),
        ("language", "zh-TW", "bad_choice"),
        ("language", "fr", "bad_choice"),
        ("email_consent", "perhaps", "bad_choice"),
        ("name", "x" * 201, "too_long"),
        ("hobby", "x" * 401, "too_long"),
        ("member", "1.2E+10", "bad_identifier"),
    ],
)
def test_a_bad_cell_is_refused_by_name_and_good_rows_load(
    load, csv_file, column, cell, reason
):
    bad = {"member": "c-1", column: cell}
    path = csv_file(
        f"{','.join(bad)},note\n{','.join(bad.values())},x\nc-2{',' * len(bad)}\n"
    )

    summary = load("members", path)

    assert (counts(summary), summary.code) == ((1, 0, 0, 1), 3)
    assert rejects() == [(2, reason)]
    assert details()[0].startswith(f"{column}: ")
    assert list(known()) == [(("external", "c-2"),)]


def test_what_is_accepted_is_said_of_a_language(load, csv_file):
    load("members", csv_file("member,language\nc-1,fr\n"))

    assert details() == ["language: «fr» is not one Tern speaks; give en, zh-hans"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("EN", "en"),
        ("en_GB", "en"),
        ("英语", "en"),
        ("zh_CN", "zh-hans"),
        ("zh-Hans", "zh-hans"),
        ("简体中文", "zh-hans"),
    ],
)
def test_languages_are_written_one_way(load, csv_file, words, code):
    load("members", csv_file(f"member,language\nc-1,{words}\n"))

    assert Member.objects.get().language == code


def test_a_birthday_of_the_file_s_own_format_is_read(load, csv_file):
    path = csv_file("member,birthday\nc-1,03/04/1990\n")

    load("members", path, "--date-format", "dmy")

    assert Member.objects.get().birthday == date(1990, 4, 3)


def test_joining_moments_fall_on_the_programme_s_day(load, csv_file):
    path = csv_file("member,joined_on\nc-1,2024-03-09T23:30:00-05:00\n")

    load("members", path)

    assert Member.objects.get().joined_on == date(2024, 3, 10)


def test_other_content_is_refused_and_named(load, csv_file):
    load("members", csv_file(FULL))
    changed = FULL.replace("张伟", "张威")

    summary = load("members", csv_file(changed))

    assert (counts(summary), rejects()) == ((0, 0, 0, 1), [(2, "changed")])
    assert details()[0].startswith("name: ")
    assert Member.objects.get().name == "张伟"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("1990-05-01", "1990-05-02"),
        ("2024-03-09", "2024-03-10"),
        ("S-1", "S-2"),
        ("zh-CN", "en"),
        ("WeChat", "shop"),
        ("Wei@", "wei2@"),
        ("138 0013 8000", "138 0013 8001"),
        (",42", ",43"),
        ("yes", "no"),
    ],
)
def test_every_field_is_compared_and_replaced_with_update(load, csv_file, old, new):
    load("members", csv_file(FULL))
    path = csv_file(FULL.replace(old, new))

    refused = load("members", path)
    replaced = load("members", path, "--update")
    again = load("members", path)

    assert (counts(refused), rejects(refused["batch"])) == (
        (0, 0, 0, 1),
        [(2, "changed")],
    )
    assert counts(replaced) == (1, 1, 0, 0)
    assert counts(again) == (0, 0, 1, 0)
    assert Member.objects.count() == 1


def test_empty_cells_say_nothing_even_with_update(load, csv_file):
    load("members", csv_file(FULL))
    path = csv_file("member,name,email,birthday,Shoe size\nc-1,,,,\n")

    summary = load("members", path, "--update")

    assert counts(summary) == (0, 0, 1, 0)
    assert Member.objects.get().name == "张伟"


def test_empty_fields_are_filled_without_update(load, csv_file):
    load("members", csv_file("member,name\nc-1,Ana\n"))

    summary = load("members", csv_file("member,name,birthday\nc-1,Ana,1990-01-01\n"))

    assert counts(summary) == (1, 0, 0, 0)
    assert Member.objects.get().birthday == date(1990, 1, 1)


def test_attributes_may_be_called_anything(load, csv_file):
    load("members", csv_file("member,Discount %,it's {x}\nc-1,5 %,no\n"))

    rows = Attribute.objects.order_by("name").values_list("name", "value")
    assert list(rows) == [("Discount %", "5 %"), ("it's {x}", "no")]


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("name,email", "no column for member"),
        ("member," + "x" * 61, "longer than 60 characters"),
        ("member,email_consent,Email consent", "say the same"),
        ("member,wechat_consent,we-chat_consent,we chat consent", "say the same"),
        ("id,customer_id", "each may be the member"),
        ("member," + "y" * 21 + "_consent", "a channel has up to 20"),
    ],
)
def test_a_file_that_cannot_be_meant_changes_nothing(refused, csv_file, header, said):
    cells = ",".join("x" for _ in header.split(","))

    assert said in refused("members", csv_file(f"{header}\n{cells}\n"))
    assert not Member.objects.exists()
    assert not ImportBatch.objects.exists()


def test_json_lines_bring_types_of_their_own(load, csv_file):
    path = csv_file(
        '{"member": 13085.0, "email_consent": true, "size": 42, "tags": null}\n'
        '{"member": "c-2", "email_consent": false, "size": 4.5}\n',
        name="members.jsonl",
    )

    load("members", path)

    assert sorted(known()) == [(("external", "13085"),), (("external", "c-2"),)]
    rows = Attribute.objects.order_by("value").values_list("name", "value")
    assert list(rows) == [("size", "4.5"), ("size", "42")]
    said = Consent.objects.order_by("-granted").values_list("granted", flat=True)
    assert list(said) == [True, False]
