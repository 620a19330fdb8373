import pytest
from django.conf import settings

from config.preferences import rules

THEME = "/preferences/theme/"
LANGUAGE = "/preferences/language/"


@pytest.mark.django_db
def test_theme_is_kept_in_a_cookie_and_goes_back(client):
    answer = client.post(THEME, {"theme": "dark", "next": "/members/?q=lin"})

    assert answer["Location"] == "/members/?q=lin"
    assert answer.cookies["theme"].value == "dark"


@pytest.mark.django_db
def test_theme_from_the_cookie_is_in_the_page(client):
    client.cookies["theme"] = "dark"

    page = client.get("/accounts/login/").content.decode()

    assert '<html lang="en" data-theme="dark">' in page


@pytest.mark.parametrize("cookie", ['"><script>', "", "blue"])
def test_theme_trusts_no_cookie(cookie):
    assert rules.theme_of({"theme": cookie}) == "auto"


@pytest.mark.django_db
@pytest.mark.parametrize("path", [THEME, LANGUAGE])
@pytest.mark.parametrize("to", ["https://evil.example/", "//evil.example", ""])
def test_preference_never_leaves_for_another_site(client, path, to):
    answer = client.post(path, {"theme": "dark", "language": "en", "next": to})

    assert answer["Location"] == "/"


@pytest.mark.django_db
@pytest.mark.parametrize("path", [THEME, LANGUAGE])
def test_preference_unknown_is_a_bad_request_and_sets_nothing(client, path):
    answer = client.post(path, {"theme": "blue", "language": "tlh"})

    assert answer.status_code == 400
    assert not answer.cookies


@pytest.mark.django_db
@pytest.mark.parametrize("path", [THEME, LANGUAGE])
def test_preference_needs_a_post(client, path):
    assert client.get(path).status_code == 405


@pytest.mark.django_db
def test_language_is_spoken_from_the_next_page_on(client):
    client.post(LANGUAGE, {"language": "zh-hans", "next": "/accounts/login/"})

    page = client.get("/accounts/login/").content.decode()

    assert '<html lang="zh-Hans"' in page
    assert 'lang="en">English</button>' in page.replace("\n", "")


def test_language_is_remembered_on_the_person(client, bruno):
    client.force_login(bruno)

    client.post(LANGUAGE, {"language": "zh-hans"})

    bruno.refresh_from_db()
    assert bruno.language == "zh-hans"


@pytest.mark.django_db
def test_language_cookie_is_closed_to_scripts(client):
    answer = client.post(LANGUAGE, {"language": "en"})

    cookie = answer.cookies[settings.LANGUAGE_COOKIE_NAME]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
