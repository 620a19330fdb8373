from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from loyalty.orders.models import Order
from members.audit.models import AuditEntry
from members.imports.models import ImportBatch, Upload
from members.jobs.models import Job
from tests import factories

GOOD = b"order_id,member,date,amount\n1,c-1,2026-01-02,10.00\n2,c-2,2026-01-03,5.50\n"
ONE_BAD = b"order_id,member,date,amount\n1,c-1,2026-01-02,10.00\n2,c-2,nonsense,5\n"
MAPPING = {
    "field_order_id": "order_id",
    "field_member": "member",
    "field_ordered_at": "date",
    "field_amount": "amount",
}


def uploaded(client, content: bytes, name: str = "orders.csv", **said: str):
    form = {
        **said,
        "kind": "orders",
        "source": "shop",
        "file": SimpleUploadedFile(name, content),
    }
    return client.post(reverse("imports:new"), form)


@pytest.fixture
def admin(client, transactional_db):
    user = factories.user("admin")
    client.force_login(user)
    return user


def loaded(client, content: bytes) -> ImportBatch:
    uploaded(client, content)
    upload = Upload.objects.get()
    url = reverse("imports:upload", args=[upload.pk])
    client.post(url, {**MAPPING, "start": "1"})
    return ImportBatch.objects.get()


def test_a_file_is_uploaded_mapped_and_loaded(client, admin):
    batch = loaded(client, GOOD)

    job = Job.objects.get()
    assert (job.kind, job.state, batch.job) == ("import", "done", job)
    assert (batch.read, batch.loaded, batch.rejected) == (2, 2, 0)
    amounts = Order.objects.order_by("external_id").values_list(
        "amount_minor", flat=True
    )
    assert list(amounts) == [1000, 550]


def test_what_became_of_the_rows_is_offered_when_all_have_become_something(
    client, admin
):
    batch = loaded(client, GOOD)
    upload = Upload.objects.get(job=batch.job)
    led_to = f'href="/imports/{batch.pk}/"'
    assert led_to in client.get(f"/imports/uploads/{upload.pk}/").content.decode()

    Job.objects.filter(pk=batch.job_id).update(state="running", finished_at=None)

    page = client.get(f"/imports/uploads/{upload.pk}/").content.decode()
    assert 'hx-trigger="every 2s"' in page
    assert led_to not in page


def test_recognised_columns_are_filled_in_and_rows_shown(client, admin):
    uploaded(client, GOOD)
    upload = Upload.objects.get()

    response = client.get(reverse("imports:upload", args=[upload.pk]))

    form = response.context["form"]
    assert form["field_ordered_at"].initial == "date"
    assert response.context["rows"] == [
        ["1", "c-1", "2026-01-02", "10.00"],
        ["2", "c-2", "2026-01-03", "5.50"],
    ]


def test_a_check_says_what_would_happen_and_changes_nothing(client, admin):
    uploaded(client, ONE_BAD)
    upload = Upload.objects.get()
    url = reverse("imports:upload", args=[upload.pk])

    client.post(url, {**MAPPING, "check": "1"})
    page = client.get(url)

    assert page.context["checked"]["loaded"] == 1
    assert page.context["checked"]["rejected"] == 1
    assert page.context["checked"]["reasons"] == [
        {"reason": "bad_date", "rows": 1, "line": 3}
    ]
    assert not Order.objects.exists()


def test_a_file_that_is_not_what_it_says_is_refused_beside_the_field(client, admin):
    response = uploaded(client, b"PAR1 is not csv", "orders.csv")

    assert response.status_code == 422
    assert "is Parquet, not CSV" in response.content.decode()
    assert not Upload.objects.exists()


def test_an_encoding_nobody_can_tell_is_said_with_the_upload(client, admin):
    content = GOOD.replace(b"c-1", "Müller".encode("windows-1252"))

    refused = uploaded(client, content)
    uploaded(client, content, encoding="windows-1252")

    page = client.get(reverse("imports:upload", args=[Upload.objects.get().pk]))
    assert "say which" in refused.content.decode()
    assert page.context["rows"][0][1] == "Müller"
    assert page.context["form"]["encoding"].initial == "windows-1252"


def test_a_mapping_without_a_required_field_is_refused(client, admin):
    uploaded(client, GOOD)
    url = reverse("imports:upload", args=[Upload.objects.get().pk])

    response = client.post(url, {**MAPPING, "field_amount": "", "start": "1"})

    assert response.status_code == 422
    assert not Job.objects.exists()


def test_rejected_rows_are_shown_and_downloaded_with_their_reason(client, admin):
    batch = loaded(client, ONE_BAD)

    page = client.get(reverse("imports:batch", args=[batch.pk])).content.decode()
    file = client.post(reverse("imports:rejects", args=[batch.pk]))

    rows = b"".join(file.streaming_content).decode("utf-8-sig").splitlines()
    assert "nonsense" in rows[1]
    assert rows[1].startswith("3,")
    assert rows[1].split(",")[1] in page
    assert AuditEntry.objects.filter(action="imports.download_rejects").count() == 1


def test_undo_takes_back_what_the_import_created_once(client, admin):
    batch = loaded(client, GOOD)
    url = reverse("imports:undo", args=[batch.pk])

    client.post(url)
    again = client.post(url, follow=True)

    batch.refresh_from_db()
    assert batch.state == "undone"
    assert not Order.objects.exists()
    assert "only once" in again.content.decode()


@pytest.mark.django_db
def test_viewers_do_not_import(client, bruno):
    client.force_login(bruno)

    assert client.get(reverse("imports:new")).status_code == 403


@pytest.mark.django_db
def test_operators_import_but_do_not_undo(client, clara):
    client.force_login(clara)

    assert client.get(reverse("imports:new")).status_code == 200
    assert client.post(reverse("imports:undo", args=[1])).status_code == 403


@pytest.mark.django_db
@pytest.mark.parametrize("count", [1, 3])
def test_import_list_has_a_fixed_number_of_queries(
    client, ana, count, django_assert_num_queries
):
    for _ in range(count):
        ImportBatch.objects.create(
            kind="orders",
            source="shop",
            file_name="orders.csv",
            file_hash="x",
            created_at=factories.AT,
            created_by=ana,
        )
    client.force_login(ana)
    client.get(reverse("imports:list"))

    with django_assert_num_queries(6):
        client.get(reverse("imports:list"))
