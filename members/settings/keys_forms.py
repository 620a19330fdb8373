from __future__ import annotations

from uuid import uuid4

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from config.lib.days import DayField
from members.access import rules

SCOPES = [
    ("orders:write", _("Record orders and refunds")),
    ("points:write", _("Give, spend and hold points")),
    ("coupons:write", _("Issue and redeem coupons")),
    ("members:read", _("Read members")),
    ("members:write", _("Add and change members")),
    ("surveys:write", _("Send surveys and record answers")),
    ("campaigns:write", _("Run campaigns")),
    ("analytics:read", _("Read figures")),
    ("programme:write", _("Publish rules of the programme")),
]


class KeyForm(forms.Form):
    name = forms.CharField(
        label=pgettext_lazy("of a key", "Name"),
        max_length=80,
        help_text=_("The program that will use it."),
    )
    scopes = forms.MultipleChoiceField(
        label=_("What it may do"), widget=forms.CheckboxSelectMultiple
    )
    expires_on = DayField(
        label=_("Last day"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=_("Leave empty for a key that does not end."),
    )
    requests_per_minute = forms.IntegerField(
        label=_("Requests a minute"),
        required=False,
        min_value=1,
        max_value=1_000_000,
        help_text=_("Leave empty for as many as any key may."),
    )

    # Sent once: the answer holds the key, and a page that is loaded again sends it again.
    once = forms.UUIDField(initial=uuid4, widget=forms.HiddenInput, required=False)

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]  # as Form takes them
        words = dict(SCOPES)
        self.fields["scopes"].choices = [  # type: ignore[attr-defined]  # a MultipleChoiceField
            (scope, f"{words.get(scope, scope)} · {scope}") for scope in rules.SCOPES
        ]
