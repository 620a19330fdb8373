"""Pages with rows ask the database as often for three rows as for one."""

from __future__ import annotations

import pytest
from django.urls import reverse

from members.imports.models import ImportBatch, RejectedRow
from members.programme.models import ProgrammeVersion
from tests import factories

AT = factories.AT
pytestmark = pytest.mark.django_db


def batch(by, name: str = "orders.csv") -> ImportBatch:
    return ImportBatch.objects.create(
        kind="orders",
        source="shop",
        file_name=name,
        file_hash="x",
        created_at=AT,
        created_by=by,
    )


@pytest.fixture
def asked(client, ana, django_assert_num_queries):
    """Count the queries of a page that was opened once before."""
    client.force_login(ana)

    def ask(url: str, queries: int) -> None:
        client.get(url)
        with django_assert_num_queries(queries):
            client.get(url)

    return ask


@pytest.mark.parametrize("rows", [1, 3])
def test_stores_page_has_a_fixed_number_of_queries(asked, rows):
    for _ in range(rows):
        factories.store()

    asked(reverse("settings:stores"), 6)


@pytest.mark.parametrize("rows", [1, 3])
def test_programme_page_has_a_fixed_number_of_queries(asked, ana, rows):
    seeded = ProgrammeVersion.objects.get()
    for n in range(rows):
        ProgrammeVersion.objects.create(
            number=seeded.number + 1 + n,
            settings=seeded.settings,
            effective_from=AT,
            created_by=ana,
            created_at=AT,
        )

    asked(reverse("settings:programme"), 8)


@pytest.mark.parametrize("rows", [1, 3])
def test_page_of_an_import_has_a_fixed_number_of_queries(asked, ana, rows):
    found = batch(ana)
    for line in range(rows):
        RejectedRow.objects.create(
            batch=found,
            line=line,
            reason=f"bad_{line}",
            detail="",
            raw={},
            expires_at=AT,
        )

    asked(reverse("imports:batch", args=[found.pk]), 8)


@pytest.mark.parametrize("rows", [1, 3])
def test_overview_has_a_fixed_number_of_queries(asked, ana, rows):
    for n in range(rows):
        batch(ana, f"orders-{n}.csv")

    asked(reverse("insights:overview"), 11)


def test_catalogue_of_nothing_has_a_fixed_number_of_queries(asked):
    asked(reverse("insights:metrics"), 7)
