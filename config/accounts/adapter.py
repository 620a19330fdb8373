"""What this installation does otherwise than allauth at the door."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest, HttpResponse

from config.preferences.views import keep
from members.access.models import User

_NO_NEWS = {"account/messages/logged_in.txt", "account/messages/logged_out.txt"}


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # no types
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Staff are added by an admin, in Settings."""
        return False

    def post_login(
        self, request: HttpRequest, user: AbstractBaseUser, **kwargs: Any
    ) -> HttpResponse:
        """This browser speaks the person's language from the first page on."""
        response: HttpResponse = super().post_login(request, user, **kwargs)
        if isinstance(user, User) and user.language in dict(settings.LANGUAGES):
            keep(response, settings.LANGUAGE_COOKIE_NAME, user.language)
        return response

    def add_message(
        self,
        request: HttpRequest,
        level: int,
        message_template: str | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        """Who signs in or out sees it on the page; a toast would be noise."""
        if message_template not in _NO_NEWS:
            super().add_message(request, level, message_template, *args, **kwargs)


class MFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]  # no types
    def get_totp_issuer(self) -> str:
        return "Tern"
