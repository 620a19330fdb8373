"""Consents in a file of members: dated records, appended and never rewritten."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from members.imports.models import ImportBatch
from members.profiles.models import (
    Attribute,
    Consent,
)
from tests.members.imports.people import counts, details, known, rejects

pytestmark = pytest.mark.django_db


def test_undated_consent_is_of_the_moment_of_the_load(load, csv_file):
    load("members", csv_file("member,email_consent,whatsapp_consent\nc-1,yes,否\n"))

    batch = ImportBatch.objects.get()
    rows = Consent.objects.order_by("channel").values_list("channel", "granted", "at")
    assert list(rows) == [
        ("email", True, batch.created_at),
        ("whatsapp", False, batch.created_at),
    ]


def test_dated_consents_are_added_where_they_change_the_answer(load, csv_file):
    march = csv_file(
        "member,email_consent,consent_at\nc-1,no,2024-03-01\n", name="b.csv"
    )
    may = csv_file("member,email_consent,consent_at\nc-1,yes,2024-05-01\n")
    june = csv_file(
        "member,email_consent,consent_at\nc-1,yes,2024-06-01\n", name="c.csv"
    )

    for path in (may, march, june, march, may):
        load("members", path)

    rows = Consent.objects.order_by("at").values_list("granted", "at")
    assert list(rows) == [
        (False, datetime(2024, 3, 1, tzinfo=UTC)),
        (True, datetime(2024, 5, 1, tzinfo=UTC)),
    ]


def test_a_channel_s_own_moment_goes_before_that_of_all(load, csv_file):
    path = csv_file(
        "member,email_consent,sms_consent,sms_consent_at,consent_at\n"
        "c-1,yes,yes,2024-01-01,2024-02-01\n"
    )

    load("members", path)

    rows = Consent.objects.order_by("at").values_list("channel", "at")
    assert list(rows) == [
        ("sms", datetime(2024, 1, 1, tzinfo=UTC)),
        ("email", datetime(2024, 2, 1, tzinfo=UTC)),
    ]


def test_a_consent_of_the_same_moment_is_never_rewritten(load, csv_file):
    load("members", csv_file("member,sms_consent,consent_at\nc-1,yes,2024-05-01\n"))
    path = csv_file("member,sms_consent,consent_at\nc-1,no,2024-05-01\n")

    summary = load("members", path, "--update")

    assert (counts(summary), rejects()) == ((0, 0, 0, 1), [(2, "changed")])
    assert details()[0].startswith("sms_consent: ")
    assert list(Consent.objects.values_list("granted", flat=True)) == [True]


def test_a_consent_of_the_future_is_refused(load, csv_file):
    load("members", csv_file("member,sms_consent,consent_at\nc-1,yes,2999-01-01\n"))

    assert rejects() == [(2, "future")]


def test_a_field_left_out_is_no_attribute_and_no_consent(load, csv_file):
    path = csv_file("member,email,email_consent,size\nc-1,a@x.org,yes,S\n")

    load("members", path, "--map", "email=", "--map", "email_consent=")

    assert list(known()) == [(("external", "c-1"),)]
    assert not Consent.objects.exists()
    assert list(Attribute.objects.values_list("name", flat=True)) == ["size"]
