"""The link by which somebody new sets a first password."""

from __future__ import annotations

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.core.mail import send_mail
from django.urls import reverse
from django.utils.translation import gettext as _

from members.access.models import User


def link(person: User) -> str:
    """Return the link; it works once, until a password is set or it is too old."""
    key = default_token_generator.make_token(person)
    path = reverse(
        "account_reset_password_from_key",
        kwargs={"uidb36": user_pk_to_url_str(person), "key": key},
    )
    return f"{settings.BASE_URL}{path}"


def send(person: User) -> None:
    """Mail the link; where no mail goes out, the person's page shows it too."""
    send_mail(
        subject=_("Your account at Tern"),
        message=_("Set your password here: %(link)s") % {"link": link(person)},
        from_email=None,
        recipient_list=[person.email],
        fail_silently=True,
    )
