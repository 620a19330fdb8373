"""Account codes on the settings page: who publishes, what is refused and keeps its text."""

from __future__ import annotations

import pytest

from members.programme import queries as programme
from members.programme.accounts import NAMES

pytestmark = pytest.mark.django_db
PAGE = "/settings/accounts/"


def told(**changes: str) -> dict[str, str]:
    latest = programme.latest()
    return {**vars(latest.accounts), "based_on": str(latest.number), **changes}


def test_admin_publishes_codes_as_a_new_version(client, ana):
    client.force_login(ana)

    client.post(PAGE, told(points_cost="66 020"))

    latest = programme.latest()
    assert latest.number == 2
    assert latest.accounts.points_cost == "66 020"
    assert latest.accounts.sales == "4000"


def test_code_that_is_none_is_refused_at_its_field_and_keeps_what_was_typed(
    client, ana
):
    client.force_login(ana)

    response = client.post(PAGE, told(rewards="#1"))

    form = response.context["form"]
    assert response.status_code == 422
    assert list(form.errors) == ["rewards"]
    assert form["rewards"].value() == "#1"
    assert programme.latest().number == 1


def test_viewer_is_refused(client, bruno):
    client.force_login(bruno)

    assert client.get(PAGE).status_code == 403


def test_page_shows_every_account(client, ana):
    client.force_login(ana)

    form = client.get(PAGE).context["form"]

    assert list(form.fields) == [*NAMES, "note", "based_on"]
