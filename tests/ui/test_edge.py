"""What holds of every address: no NUL gets through, no copy of a page is kept."""

from __future__ import annotations

import pytest

from tests import factories

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "address",
    ["/members/%00/", "/members/?q=%00", "/imports/?page=a%00b", "/jobs/%00/"],
)
def test_nul_in_an_address_is_a_bad_request(client, address):
    client.force_login(factories.user("admin"))

    assert client.get(address).status_code == 400


def test_pages_of_somebody_signed_in_are_kept_nowhere(client):
    client.force_login(factories.user("admin"))

    shown = client.get("/members/")

    assert shown.status_code == 200
    assert shown.headers["Cache-Control"] == "private, no-store"
