from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from analytics.demo import queries
from analytics.values.models import MemberValue, ValueRun
from config.lib import clock
from members.access import queries as access
from members.access.enums import Role
from members.access.models import User
from members.profiles.models import Member
from tests import factories

NOW = clock.parse("2026-03-01T12:00:00+00:00")


@pytest.fixture
def var(books, settings, tmp_path):
    """A var of the test's own, for the password's file."""
    environment = settings.ENVIRONMENT
    settings.ENVIRONMENT = type(environment)(**{**vars(environment), "var": tmp_path})
    return tmp_path


def run(*arguments: str) -> str:
    out = StringIO()
    with clock.override(NOW):
        call_command(
            "demo", "--members", "200", "--months", "4", *arguments, stdout=out
        )
    return out.getvalue()


def test_demo_loads_computes_and_says_so(var):
    answer = json.loads(run("--seed", "9", "--json"))

    assert (answer["members"], answer["seed"], answer["end"]) == (200, 9, "2026-02-28")
    assert answer["changed"] is True
    assert MemberValue.objects.count() == Member.objects.count() == 200
    assert str(ValueRun.objects.current().first().as_of) == "2026-03-01"


def test_demo_again_changes_nothing(var):
    first = json.loads(run("--json"))

    second = json.loads(run("--json"))

    assert second == {**first, "changed": False}
    assert ValueRun.objects.count() == 1


def test_demo_makes_somebody_for_every_role_and_a_clerk_of_one_store(var):
    answer = json.loads(run("--json"))

    people = {user.email: user for user in access.people()}
    assert {user.roles[0] for user in people.values()} == set(Role.values)
    clerk = people["clerk@tern.example"]
    assert access.store_codes(user=clerk) == {"S01"}
    assert [login["email"] for login in answer["logins"]] == [
        login.email for login in queries.LOGINS
    ]
    assert all(
        people[login["email"]].check_password(login["password"])
        for login in answer["logins"]
    )


def test_the_password_lies_in_a_file_of_its_owner_only(var):
    run()

    place = var / "demo_password"
    assert place.stat().st_mode & 0o777 == 0o600
    assert {password for _login, password in queries.logins()} == {
        place.read_text().strip()
    }


def test_a_password_somebody_changed_is_left_alone(var):
    run()
    admin = User.objects.get(email="admin@tern.example")
    admin.set_password("correct horse 7")
    admin.save()

    run()

    admin.refresh_from_db()
    assert admin.check_password("correct horse 7")


def test_a_lost_password_is_made_anew(var):
    run()
    (var / "demo_password").unlink()

    answer = json.loads(run("--json"))

    admin = User.objects.get(email="admin@tern.example")
    assert admin.check_password(answer["logins"][0]["password"])


def test_demo_tells_the_stories_and_the_logins(var):
    text = run()

    assert "Spring & Oak 春栎生活: 200 members" in text
    assert "high refund rate: S17" in text
    assert "clerk@tern.example" in text


@pytest.mark.parametrize(
    "arguments",
    [
        ("--members", "0"),
        ("--end", "2026-03-01"),
        ("--end", "March"),
        ("--months", "0"),
    ],
    ids=str,
)
def test_demo_refuses_what_it_cannot_use_with_exit_2(var, arguments):
    with pytest.raises(CommandError) as refused:
        run(*arguments)

    assert refused.value.returncode == 2
    assert not Member.objects.exists()
    assert not User.objects.exists()


def test_demo_refuses_members_of_somebody_else_with_exit_2(var):
    factories.member()

    with pytest.raises(CommandError, match="members of its own") as refused:
        run()

    assert refused.value.returncode == 2
    assert Member.objects.count() == 1
