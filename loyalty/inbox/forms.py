from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _


class ApproveForm(forms.Form):
    """Nothing to type; it holds what an approval was refused for."""


class RejectForm(forms.Form):
    reason = forms.CharField(label=_("Reason for rejecting"), max_length=200)
