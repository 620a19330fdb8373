from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _

from members.settings.points_forms import PointsForm


class DraftForm(PointsForm):
    """The rules of points of a draft; its other settings stay as they are."""

    title = forms.CharField(label=_("Name of the draft"), max_length=80)
    revision = forms.IntegerField(widget=forms.HiddenInput)
    based_on = None  # type: ignore[assignment]  # how Django leaves a field out


class NewDraftForm(forms.Form):
    title = forms.CharField(label=_("Name of the draft"), max_length=80)


class RevisionForm(forms.Form):
    """Which state of the draft the person at the button has read."""

    revision = forms.IntegerField(widget=forms.HiddenInput)
