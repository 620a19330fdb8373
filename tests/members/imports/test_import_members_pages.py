"""Members by browser: offered beside orders, mapped, checked, loaded, taken back."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from members.imports.models import ImportBatch, Upload
from members.profiles.models import Attribute, Member
from tests import factories

FILE = "会员编号,姓名,E-Mail,短信同意,尺码\nc-1,李娜,lina@x.org,是,S\nc-2,Bo,nonsense,,M\n".encode()


@pytest.fixture
def upload(client, transactional_db) -> str:
    """This is the page of an uploaded file of members."""
    client.force_login(factories.user("admin"))
    form = {
        "kind": "members",
        "source": "crm",
        "file": SimpleUploadedFile("people.csv", FILE),
    }
    client.post(reverse("imports:new"), form)
    return reverse("imports:upload", args=[Upload.objects.get().pk])


def mapped(client, url: str) -> dict[str, str]:
    form = client.get(url).context["form"]
    return {bound.html_name: bound.initial or "" for bound in form.field_selects()}


def test_members_are_offered_beside_orders(client, ana):
    client.force_login(ana)

    form = client.get(reverse("imports:new")).context["form"]

    assert [value for value, _ in form.fields["kind"].choices] == ["members", "orders"]
    assert form["kind"].initial == "orders"


def test_columns_are_recognised_and_others_said_to_be_attributes(client, upload):
    filled = {name: column for name, column in mapped(client, upload).items() if column}

    assert filled == {
        "field_member": "会员编号",
        "field_name": "姓名",
        "field_email": "E-Mail",
        "field_sms_consent": "短信同意",
    }
    assert "kept as attributes" in client.get(upload).content.decode()


def test_a_check_counts_and_loads_nobody(client, upload):
    client.post(upload, {**mapped(client, upload), "check": "1"})

    checked = client.get(upload).context["checked"]
    assert (checked["loaded"], checked["rejected"]) == (1, 1)
    assert not Member.objects.exists()


def test_a_file_of_members_is_loaded_its_rejects_shown_and_taken_back(client, upload):
    client.post(upload, {**mapped(client, upload), "start": "1"})
    batch = ImportBatch.objects.get()
    url = reverse("imports:batch", args=[batch.pk])
    page = client.get(url).content.decode()

    assert (batch.kind, batch.loaded, batch.members_created) == ("members", 1, 1)
    assert list(Attribute.objects.values_list("name", "value")) == [("尺码", "S")]
    assert "bad_email" in page
    assert "unless something else is known of them" in page

    client.post(reverse("imports:undo", args=[batch.pk]))

    assert not Member.objects.exists()
    assert ImportBatch.objects.get().state == "undone"
