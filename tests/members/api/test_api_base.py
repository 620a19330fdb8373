"""What every endpoint of the HTTP API has: keys, limits, errors, pages."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from members.access import keys
from members.access.models import ApiKey
from members.api import authentication
from tests.api import Api
from tests.approving import AT, asked

PROBLEM = "application/problem+json"


@pytest.mark.django_db
def test_create_api_key_prints_the_key_once_and_keeps_its_digest():
    out = StringIO()

    call_command(
        "create_api_key",
        name="till",
        scopes="points:write, members:read",
        expires_on="2027-06-30",
        json=True,
        stdout=out,
    )

    told = json.loads(out.getvalue())
    key = ApiKey.objects.get(pk=told["id"])
    assert key.digest == keys.digest(told["key"])
    assert told["key"].startswith(key.prefix)
    assert key.scopes == ["members:read", "points:write"]
    assert key.expires_at == datetime(2027, 7, 1, tzinfo=UTC)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"scopes": "points:red"}, "--scopes: Give one scope or more of: orders:write"),
        ({"name": " "}, "--name: Give a name"),
        ({"expires_on": "soon"}, "--expires-on: give a day"),
        ({"expires_on": "2001-01-01"}, "--expires-on: Give a time that is still"),
        ({"per_minute": 0}, "--per-minute: give a number"),
    ],
)
def test_create_api_key_refuses_what_it_cannot_use(options, words):
    with pytest.raises(CommandError) as refusal:
        call_command(
            "create_api_key", **{"name": "till", "scopes": "points:write", **options}
        )

    assert words in str(refusal.value)
    assert refusal.value.returncode == 2
    assert ApiKey.objects.count() == 0


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("header", "code"),
    [
        (None, "not_authenticated"),
        ("Basic abc", "not_authenticated"),
        ("Bearer", "not_authenticated"),
        ("Bearer tern_unknown", "unknown_key"),
    ],
)
def test_without_a_valid_key_the_answer_is_401(client, header, code):
    headers = {} if header is None else {"Authorization": header}

    response = client.get("/api/v1/approvals/", headers=headers)

    assert response.status_code == 401
    assert response["Content-Type"] == PROBLEM
    assert response["WWW-Authenticate"] == 'Bearer realm="api"'
    assert response.json()["code"] == code


@pytest.mark.django_db
def test_a_revoked_key_is_refused_when_it_is_looked_up_again():
    api = Api(at=AT)
    assert api.get("approvals/").status_code == 200

    keys.revoke(key_id=api.key.pk, at=AT)
    authentication.forget()

    assert api.get("approvals/").json()["code"] == "revoked_key"


@pytest.mark.django_db
def test_a_key_expires_at_its_moment_even_while_it_is_remembered():
    api = Api(at=AT, expires_at=AT + timedelta(hours=1))
    assert api.get("approvals/").status_code == 200

    api.at = AT + timedelta(hours=1)

    assert api.get("approvals/").json()["code"] == "expired_key"


@pytest.mark.django_db
def test_a_missing_scope_is_named():
    response = Api("members:read").get("approvals/")

    assert response.status_code == 403
    assert response.json() == {
        "type": "about:blank",
        "title": "Forbidden",
        "status": 403,
        "code": "insufficient_scope",
        "detail": "The key needs the scope points:write.",
        "scopes": ["points:write", "programme:write"],
    }


@pytest.mark.django_db
def test_last_use_goes_by_the_cache_and_is_written_by_the_tick():
    api = Api(at=AT)
    api.get("approvals/")
    api.key.refresh_from_db()
    assert api.key.last_used_at is None

    assert keys.save_uses() == 1

    api.key.refresh_from_db()
    assert api.key.last_used_at == AT
    assert keys.save_uses() == 0


@pytest.mark.django_db
def test_limit_is_told_in_headers_and_ends_in_429():
    api = Api(requests_per_minute=2)

    first, second, third = (api.get("approvals/") for _ in range(3))

    # A minute may end between requests; then none of them was one too many.
    assert first["RateLimit-Limit"] == "2"
    assert 1 <= int(first["RateLimit-Reset"]) <= 60
    if third.status_code == 200:
        pytest.skip("the minute ended between two requests")
    assert [first["RateLimit-Remaining"], second["RateLimit-Remaining"]] == ["1", "0"]
    assert third.status_code == 429
    assert third["Content-Type"] == PROBLEM
    assert third.json()["code"] == "throttled"
    assert 1 <= int(third["Retry-After"]) <= 60


@pytest.mark.django_db
def test_unknown_addresses_and_methods_are_problems():
    api = Api()

    lost, wrong = api.get("nonsense/"), api.put("approvals/", {})

    assert (lost.status_code, lost["Content-Type"]) == (404, PROBLEM)
    assert (wrong.status_code, wrong["Content-Type"]) == (405, PROBLEM)
    assert wrong.json()["code"] == "method_not_allowed"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"{", "not JSON"),
        (b'{"reason": NaN}', "NaN"),
        (b'{"reason": "a", "reason": "b"}', "twice"),
        (b'{"reason": "\\u0000"}', "NUL"),
        (b'{"reason": "\\ud800"}', "half a character"),
        (b"\xff", "not JSON"),
        (b"[" * 100_000, "nested"),
        (b'{"reason": ' + b"9" * 5000 + b"}", "not JSON"),
    ],
)
def test_a_body_that_is_no_clean_json_is_400(body, words):
    api = Api()

    response = api.post(f"approvals/{asked().pk}/reject/", body)

    assert response.status_code == 400
    assert response.json()["code"] == "parse_error"
    assert words in response.json()["detail"]


@pytest.mark.django_db
def test_input_errors_name_their_fields():
    api = Api()

    response = api.post(f"approvals/{asked().pk}/reject/", {"reason": 1, "resaon": ""})

    assert response.status_code == 400
    assert response.json()["errors"] == [
        {
            "field": "resaon",
            "code": "unknown_field",
            "detail": "There is no such field. Known: reason.",
        },
        {"field": "reason", "code": "invalid", "detail": "Give text."},
    ]


@pytest.mark.django_db
def test_another_media_type_is_415(client):
    api = Api()

    response = api.client.post(
        f"/api/v1/approvals/{asked().pk}/reject/",
        {"reason": "x"},
        headers={"Authorization": f"Bearer {api.secret}"},
    )

    assert response.status_code == 415
    assert response["Content-Type"] == PROBLEM


@pytest.mark.django_db
def test_list_is_paged_by_cursor():
    made = [asked().pk for _ in range(5)]
    api = Api()

    first = api.get("approvals/", limit=2).json()
    second = api.get(first["next"].partition("/api/v1/")[2]).json()
    third = api.get(second["next"].partition("/api/v1/")[2]).json()

    pages = [[one["id"] for one in page["results"]] for page in (first, second, third)]
    assert pages == [made[:2:-1], made[2:0:-1], made[:1]]
    assert third["next"] is None


@pytest.mark.django_db
@pytest.mark.parametrize("cursor", ["x", "W10", "WzEuNV0", "bnVsbA", "W3RydWVd", "é"])
def test_a_made_up_cursor_is_refused(cursor):
    response = Api().get("approvals/", cursor=cursor)

    assert response.status_code == 400
    assert response.json()["errors"][0]["field"] == "cursor"


@pytest.mark.django_db
def test_get_never_writes(django_assert_num_queries):
    asked()
    api = Api()
    api.get("approvals/")

    with connection.execute_wrapper(_reading):
        assert api.get("approvals/").status_code == 200


def _reading(execute, sql, params, many, context):
    assert sql.lstrip().upper().startswith("SELECT"), sql
    return execute(sql, params, many, context)


@pytest.mark.django_db
def test_schema_is_open_to_anybody_and_names_errors_of_every_operation(client):
    document = client.get("/api/v1/schema/").json()

    assert document["openapi"] == "3.1.0"
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            if method == "parameters":
                continue
            named = set(operation["responses"])
            wanted = {"400", "401", "403", "404", "405", "406", "429"}
            if method != "get":
                wanted |= {"409", "413", "415", "422"}
            assert wanted <= named, f"{method} {path}"
            assert named & {"200", "201", "202"}, f"{method} {path}"


@pytest.mark.django_db
def test_a_host_that_is_not_ours_is_a_problem_too(client):
    response = client.get("/api/v1/approvals/", headers={"Host": "evil.example"})

    assert (response.status_code, response["Content-Type"]) == (400, PROBLEM)
