"""Refusals, lost sessions and the headers every answer carries."""

from types import ModuleType

import pytest
from django import forms
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import include, path

from config import urls
from config.lib.errors import DomainError
from config.lib.htmx import add_refusal

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
HTMX = {"HX-Request": "true"}


class TooLate(DomainError):
    code = "too_late"
    message = "This batch was <undone> already."
    field = "batch"


def refuses(request):
    raise TooLate


def breaks(request):
    raise RuntimeError("no")


def hidden(request):
    return render(request, "403.html", {"roles_needed": []}, status=403)


@pytest.fixture
def edge_urls(settings, db):
    module = ModuleType("edge_urls")
    module.urlpatterns = [
        path("refuses/", refuses),
        path("breaks/", breaks),
        path("hidden/", hidden),
        path("private/", login_required(lambda request: HttpResponse("in"))),
        path("", include(urls)),
    ]
    settings.ROOT_URLCONF = module


def test_refusal_is_a_422_fragment_for_htmx(client, edge_urls):
    answer = client.post("/refuses/", headers=HTMX)

    body = answer.content.decode()
    assert answer.status_code == 422
    assert "This batch was &lt;undone&gt; already." in body
    assert "<html" not in body


def test_refusal_is_a_422_page_for_a_plain_post(client, edge_urls):
    answer = client.post("/refuses/")

    body = answer.content.decode()
    assert answer.status_code == 422
    assert "This batch was &lt;undone&gt; already." in body
    assert body.count("<h1") == 1


def test_htmx_is_sent_to_sign_in_as_a_page_and_comes_back(client, edge_urls):
    current = {**HTMX, "HX-Current-URL": "http://testserver/jobs/?state=open"}

    answer = client.get("/private/", headers=current)

    assert answer["HX-Redirect"] == ("/accounts/login/?next=%2Fjobs%2F%3Fstate%3Dopen")


def test_htmx_answers_vary_by_their_header(client, edge_urls):
    answer = client.post("/refuses/", headers=HTMX)

    assert "HX-Request" in answer["Vary"]


@pytest.mark.parametrize(
    "address", ["/accounts/login/", "/nowhere/", "/hidden/", "/breaks/", "/refuses/"]
)
def test_every_answer_carries_the_content_policy(client, edge_urls, address):
    client.raise_request_exception = False

    answer = client.get(address)

    said = {part.strip() for part in answer["Content-Security-Policy"].split(";")}
    assert said == {part.strip() for part in POLICY.split(";")}


@pytest.mark.parametrize(
    ("address", "status"),
    [("/nowhere/", 404), ("/hidden/", 403), ("/breaks/", 500)],
)
def test_error_page_has_one_heading_and_a_way_on(client, edge_urls, address, status):
    client.raise_request_exception = False

    answer = client.get(address)

    body = answer.content.decode()
    assert answer.status_code == status
    assert body.count("<h1") == 1
    assert 'href="/"' in body


def test_refusal_stands_beside_its_field():
    class Form(forms.Form):
        batch = forms.CharField()

    form = Form({"batch": "7"})
    add_refusal(form, TooLate())

    assert form.errors == {"batch": ["This batch was <undone> already."]}


def test_refusal_without_a_field_of_the_form_stands_above_it():
    class Form(forms.Form):
        name = forms.CharField()

    form = Form({"name": "x"})
    add_refusal(form, TooLate())

    assert form.non_field_errors() == ["This batch was <undone> already."]


def test_host_that_is_not_ours_gets_a_plain_page_that_says_so(client):
    response = client.get("/accounts/login/", headers={"Host": "scanner.example"})

    assert response.status_code == 400
    assert response.headers["Content-Type"].startswith("text/html")
    assert "scanner.example" not in response.content.decode()
