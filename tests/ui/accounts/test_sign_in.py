"""The door: password, second step, recovery, and what is not there."""

import re
import time

import pytest
from allauth.mfa.totp.internal import auth as totp
from django.core import mail
from django.core.cache import cache

from tests import factories

PASSWORD = "correct horse 7"
LOGIN = "/accounts/login/"


@pytest.fixture(autouse=True)
def _no_old_attempts():
    cache.clear()


@pytest.fixture
def lin(db):
    return factories.user("viewer", email="lin@example.com", name="Lin Yue")


def sign_in(client, person, password=PASSWORD, **extra):
    return client.post(LOGIN, {"login": person.email, "password": password, **extra})


def confirm(client):
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})


def code_for(secret):
    return totp.format_hotp_value(totp.hotp_value(secret, int(time.time()) // 30))


def turn_on_second_step(client):
    confirm(client)
    page = client.get("/accounts/2fa/totp/activate/")
    secret = page.context["form"].secret
    done = client.post("/accounts/2fa/totp/activate/", {"code": code_for(secret)})
    assert done.status_code == 302
    return secret


def recovery_codes(client):
    return client.get("/accounts/2fa/recovery-codes/").context["unused_codes"]


def test_sign_in_goes_to_the_page_that_was_asked_for(client, lin):
    answer = sign_in(client, lin, next="/members/")

    assert (answer.status_code, answer["Location"]) == (302, "/members/")
    assert client.session["_auth_user_id"] == str(lin.pk)


def test_sign_in_never_leaves_for_another_site(client, lin):
    answer = sign_in(client, lin, next="https://evil.example/")

    assert answer["Location"] == "/"


def test_sign_in_with_a_wrong_password_says_so_above_the_form(client, lin):
    answer = sign_in(client, lin, password="wrong horse 7")

    assert answer.status_code == 200
    assert 'role="alert"' in answer.content.decode()
    assert "_auth_user_id" not in client.session


def test_sign_in_of_somebody_inactive_is_refused(client, lin):
    lin.is_active = False
    lin.save()

    answer = sign_in(client, lin)

    assert answer["Location"] == "/accounts/inactive/"
    assert "_auth_user_id" not in client.session


def test_sign_in_brings_the_persons_language(client, lin):
    lin.language = "zh-hans"
    lin.save()

    answer = sign_in(client, lin)

    assert answer.cookies["django_language"].value == "zh-hans"


def test_sign_in_is_refused_after_many_wrong_passwords(client, lin):
    for _ in range(5):
        sign_in(client, lin, password="wrong horse 7")

    answer = sign_in(client, lin)

    assert answer.status_code == 200
    assert "_auth_user_id" not in client.session


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["signup/", "email/", "login/code/confirm/"])
def test_doors_that_do_not_exist_are_not_found(client, path):
    assert client.get(f"/accounts/{path}").status_code == 404


def test_sign_out_needs_a_post(client, lin):
    sign_in(client, lin)

    client.get("/accounts/logout/")
    after_get = "_auth_user_id" in client.session
    client.post("/accounts/logout/")

    assert after_get
    assert "_auth_user_id" not in client.session


def test_second_step_draws_its_code_inline(client, lin):
    sign_in(client, lin)
    confirm(client)

    page = client.get("/accounts/2fa/totp/activate/").content.decode()

    assert '<svg class="qr"' in page
    assert "data:" not in page


def test_second_step_is_asked_for_after_the_password(client, lin):
    sign_in(client, lin)
    secret = turn_on_second_step(client)
    client.post("/accounts/logout/")
    # A code is good once; allauth remembers the one that turned it on.
    cache.clear()

    answer = sign_in(client, lin)
    before = "_auth_user_id" in client.session
    client.post(answer["Location"], {"code": code_for(secret)})

    assert answer["Location"] == "/accounts/2fa/authenticate/"
    assert not before
    assert client.session["_auth_user_id"] == str(lin.pk)


def test_second_step_is_changed_only_after_the_password_once_more(client, lin):
    sign_in(client, lin)

    answer = client.get("/accounts/2fa/totp/activate/")

    assert answer["Location"].startswith("/accounts/reauthenticate/")


def test_second_step_refuses_a_wrong_code(client, lin):
    sign_in(client, lin)
    turn_on_second_step(client)
    client.post("/accounts/logout/")
    sign_in(client, lin)

    answer = client.post("/accounts/2fa/authenticate/", {"code": "000000"})

    assert answer.context["form"].errors["code"] == ["Incorrect code."]
    assert "_auth_user_id" not in client.session


def test_recovery_code_opens_once(client, lin):
    sign_in(client, lin)
    turn_on_second_step(client)
    code = recovery_codes(client)[0]
    client.post("/accounts/logout/")

    sign_in(client, lin)
    client.post("/accounts/2fa/authenticate/", {"code": code})

    assert client.session["_auth_user_id"] == str(lin.pk)
    confirm(client)
    assert code not in recovery_codes(client)


def test_reset_mails_a_link_that_sets_the_password(client, lin):
    client.post("/accounts/password/reset/", {"email": lin.email})
    link = re.search(r"http\S+", mail.outbox[0].body).group()

    form = client.get(link, follow=True)
    new = {"password1": "another horse 8", "password2": "another horse 8"}
    client.post(form.redirect_chain[-1][0], new)

    lin.refresh_from_db()
    assert lin.check_password("another horse 8")


def test_reset_for_nobody_looks_the_same_and_mails_nothing(client, db):
    answer = client.post("/accounts/password/reset/", {"email": "no@example.com"})

    assert answer["Location"] == "/accounts/password/reset/done/"
    assert mail.outbox == []


PAGES = [
    "/accounts/2fa/",
    "/accounts/2fa/totp/activate/",
    "/accounts/password/change/",
    "/accounts/logout/",
]
DOORS = [
    LOGIN,
    "/accounts/inactive/",
    "/accounts/password/reset/",
    "/accounts/password/reset/done/",
    "/accounts/password/reset/key/done/",
    "/accounts/password/reset/key/1-set-password/",
]
SECOND_STEP_PAGES = [
    "/accounts/2fa/",
    "/accounts/2fa/totp/deactivate/",
    "/accounts/2fa/recovery-codes/",
    "/accounts/2fa/recovery-codes/generate/",
    "/accounts/2fa/reauthenticate/",
    "/accounts/reauthenticate/",
]


@pytest.mark.parametrize("path", PAGES)
def test_page_of_ones_own_account_is_in_the_shell(client, lin, path):
    sign_in(client, lin)
    confirm(client)

    page = client.get(path).content.decode()

    assert 'class="app"' in page
    assert page.count("<h1") == 1


@pytest.mark.parametrize("path", SECOND_STEP_PAGES)
def test_page_of_the_second_step_renders(client, lin, path):
    sign_in(client, lin)
    turn_on_second_step(client)

    answer = client.get(path)

    assert answer.status_code == 200
    assert answer.content.decode().count("<h1") == 1


@pytest.mark.django_db
@pytest.mark.parametrize("path", DOORS)
def test_door_has_no_rail(client, path):
    page = client.get(path).content.decode()

    assert 'class="door"' in page
    assert page.count("<h1") == 1
