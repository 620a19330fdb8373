"""Files that are not what they say: exit 2, a clear text, nothing changed."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import translation

from loyalty.orders.models import Order
from members.imports.models import ImportBatch, RejectedRow, Upload
from members.imports.reasons import REASONS
from tests import factories
from tests.members.imports.books import books, waiting_tables

pytestmark = pytest.mark.django_db

HEAD = "order_id,member,ordered_at,amount,channel\n"
ROW = "1,c-1,2026-01-02,10.00,web\n"
CHINESE = "订单号,会员号,下单时间,金额,渠道\n1,张三,2026-01-02,10.00,微信小程序商城\n"
FRENCH = "order_id,member,ordered_at,amount,channel\n1,Hélène,2026-01-02,10.00,café\n"


def parquet(rows: int = 3, **columns) -> bytes:
    columns = {
        "order_id": [str(n) for n in range(rows)],
        "member": ["c-1"] * rows,
        "ordered_at": [datetime(2026, 1, 2, 3, tzinfo=UTC)] * rows,
        "amount": [10.5] * rows,
        **columns,
    }
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out)
    return out.getvalue()


UNUSABLE = {
    "PDF named CSV": ("a.csv", b"%PDF-1.7\n%\xe2\xe3\n1 0 obj", "is PDF, not CSV"),
    "Excel named CSV": ("a.csv", b"PK\x03\x04rest", "an Excel workbook, not CSV"),
    "Parquet named CSV": ("a.csv", parquet(), "is Parquet, not CSV"),
    "empty": ("a.csv", b"", "the file is empty"),
    "blank lines only": ("a.csv", b"\n \n\n", "the file is empty"),
    "byte order mark only": ("a.csv", b"\xef\xbb\xbf", "is empty"),
    "NUL byte": ("a.csv", (HEAD + ROW).encode() + b"2,c\x00\n", "is a binary file"),
    "UTF-16": ("a.csv", (HEAD + ROW).encode("utf-16"), "say --encoding utf-16"),
    "Western": ("a.csv", FRENCH.encode("cp1252"), "say which (--encoding"),
    "JSON named CSV": ("a.csv", b'{"order_id": 1}\n', "is JSON, not CSV"),
    "a web page": ("a.csv", b"<!DOCTYPE html><p>Sign in</p>", "is a web page"),
    "a line without an end": ("a.csv", b"a" * (10 << 20), "longer than 8 MB"),
    "no header": ("a.csv", b",,,\n" + ROW.encode(), "names no column"),
    "a column twice": ("a.csv", b"member,amount,amount\n", "“amount” is there twice"),
    "no column for a field": ("a.csv", b"member,amount\n", "no column for ordered_at"),
    "an ending nobody knows": ("a.docx", ROW.encode(), "tells no kind of file"),
    "CSV named Parquet": ("a.parquet", HEAD.encode(), "is not Parquet"),
    "Parquet cut off": ("a.parquet", parquet(2_000)[:-50], "damaged or cut off"),
    "JSON Lines of an array": ("a.jsonl", b"[1, 2]\n", "is not JSON Lines"),
    "JSON Lines of nothing": ("a.jsonl", b"\n\n", "holds no row"),
    "a list in Parquet": (
        "a.parquet",
        parquet(2, member=[["a"], ["b"]]),
        "“member” holds list",
    ),
}


def damaged_parquet() -> bytes:
    """Whole at its end, where the columns are told, and broken in its first pages."""
    good = bytearray(parquet(50_000, sku=[f"T-{n}" for n in range(50_000)]))
    good[4:2_000] = b"\xff" * 1_996
    return bytes(good)


UNUSABLE["Parquet damaged inside"] = ("a.parquet", damaged_parquet(), "is damaged near")


@pytest.mark.parametrize("case", UNUSABLE)
def test_a_file_that_is_not_what_it_says_changes_nothing(refused, tmp_path, case):
    name, content, words = UNUSABLE[case]
    path = tmp_path / name
    path.write_bytes(content)

    said = refused("orders", path)

    assert words in said
    assert not any(books().values())
    assert not ImportBatch.objects.exists()
    assert waiting_tables() == []


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--encoding", "gb18030"), "is not gb18030 from beginning to end"),
        (("--encoding", "ascii"), "is not ascii from beginning to end"),
        (("--encoding", "klingon"), "“klingon” is no encoding"),
        (("--encoding", "base64"), "“base64” is no encoding"),
        (("--decimal", "dot"), "“dot” is no decimal sign"),
        (("--date-format", "ymd"), "“ymd” is no date format"),
        (("--region", "XX"), "“XX” is no country"),
        (("--source", "email"), "“email” cannot name a source"),
        (("--source", ""), "cannot name a source"),
        (("--map", "colour=a"), "there is no field “colour”"),
        (("--map", "member=who"), "there is no column “who”"),
        (("--map", "member"), "write it as FIELD=COLUMN"),
        (("--map", "member=amount", "--map", "amount=amount"), "cannot be both"),
        (("--rejects", "/nowhere/x.csv"), "--rejects /nowhere/x.csv"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_options_that_cannot_be_meant_change_nothing(refused, csv_file, options, words):
    said = refused("orders", csv_file(HEAD + ROW + "2,é€é,2026-01-02,1.00,x"), *options)

    assert words in said
    assert not any(books().values())


def test_a_file_that_is_not_there_is_refused(refused, tmp_path):
    assert "cannot be read" in refused("orders", tmp_path / "none.csv")


def test_a_header_alone_loads_nothing(load, csv_file):
    summary = load("orders", csv_file(HEAD))

    assert (summary.code, summary["read"], summary["loaded"]) == (0, 0, 0)


@pytest.mark.parametrize(
    ("encoding", "options"),
    [
        ("utf-8", ()),
        ("utf-8-sig", ()),
        ("gb18030", ()),
        ("gbk", ("--encoding", "GBK")),
        ("utf-16", ("--encoding", "utf-16")),
    ],
)
def test_every_encoding_loads_to_the_same_books(load, csv_file, encoding, options):
    summary = load("orders", csv_file(CHINESE, encoding=encoding), *options)

    assert (summary.code, summary["loaded"]) == (0, 1)
    assert books("orders")["orders"][0][:2] == ("1", "external")
    assert Order.objects.values_list("channel", "amount_minor").get() == (
        "微信小程序商城",
        1000,
    )


def test_a_western_file_loads_when_its_encoding_is_told(load, csv_file):
    load("orders", csv_file(FRENCH, encoding="cp1252"), "--encoding", "windows-1252")

    assert Order.objects.get().channel == "café"


def test_a_broken_line_of_json_is_quarantined_with_its_line(load, tmp_path):
    good = {"member": "c-1", "ordered_at": "2026-01-02", "amount": 10.5}
    lines = [json.dumps({**good, "order_id": n}) for n in range(4)]
    lines[2] = lines[2][:-9]
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join([*lines, '["no object"]', '{"member": ["c-2"]}']))

    summary = load("orders", path)

    assert (summary.code, summary["loaded"], summary["rejected"]) == (3, 3, 3)
    told = RejectedRow.objects.order_by("line").values_list("line", "reason")
    assert list(told) == [(3, "malformed"), (5, "malformed"), (6, "nested")]


def test_a_line_of_a_million_characters_is_one_rejected_row(load, csv_file):
    long = f"2,c-2,2026-01-02,10.00,{'x' * 1_000_000}\n"

    summary = load("orders", csv_file(HEAD + ROW + long + ROW.replace("1,", "3,", 1)))

    assert (summary.code, summary["loaded"], summary["rejected"]) == (3, 2, 1)
    told = RejectedRow.objects.values_list("line", "reason", "detail").get()
    assert told == (3, "too_long", "the row has a cell longer than 131072 characters")


def test_reasons_are_shown_in_the_language_of_the_reader(client, transactional_db):
    lin = factories.user("admin", language="zh-hans")
    client.force_login(lin)
    file = SimpleUploadedFile("a.csv", (HEAD + "1,,2026-01-02,10.00,web\n").encode())
    form = {"kind": "orders", "source": "shop", "file": file}
    client.cookies["django_language"] = "zh-hans"
    client.post(reverse("imports:new"), form)
    names = ("order_id", "member", "ordered_at", "amount")
    told = {f"field_{name}": name for name in names}
    url = reverse("imports:upload", args=[Upload.objects.get().pk])
    client.post(url, {**told, "start": "1"})

    page = client.get(reverse("imports:batch", args=[ImportBatch.objects.get().pk]))

    text = page.content.decode()
    with translation.override("zh-hans"):
        assert str(REASONS["missing"]) in text
    assert "is empty; a value is needed" not in text


def test_an_earlier_file_of_rejects_outlives_a_refusal(refused, csv_file, tmp_path):
    kept, new = tmp_path / "kept.csv", tmp_path / "new.csv"
    kept.write_text("line,reason\n7,bad_date\n")

    for target in (kept, new):
        refused("orders", csv_file("a,b\n1,2\n"), "--rejects", str(target))

    assert kept.read_text() == "line,reason\n7,bad_date\n"
    assert not new.exists()
