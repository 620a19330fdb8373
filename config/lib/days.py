"""Days that people name. Years far from ours are slips, and no calendar reckons with them."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from config.lib.clock import FIRST_YEAR, LAST_YEAR


def may_be(day: date) -> bool:
    """Say of a day, or of a time, whether it has a local day in every zone."""
    return FIRST_YEAR <= day.year < LAST_YEAR


def parse(text: str) -> date:
    """Read a day as 2026-03-01; `ValueError` if it is none, or of no year there may be."""
    day = date.fromisoformat(text)
    if not may_be(day):
        raise ValueError(text)
    return day


class DayField(forms.DateField):
    default_error_messages = {
        "out_of_range": _("Give a day between the years 1900 and 9000."),
    }

    def clean(self, value: Any) -> Any:
        day = super().clean(value)
        if day is not None and not may_be(day):
            raise ValidationError(
                self.error_messages["out_of_range"], code="out_of_range"
            )
        return day
