from enum import StrEnum

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class Stage(models.TextChoices):
    PROSPECT = "prospect", _("Prospect")
    FIRST = "first", _("First purchase")
    REPEAT = "repeat", _("Repeat")
    LOYAL = "loyal", _("Loyal")
    CHURNED = "churned", _("Churned")


class ValueTier(models.TextChoices):
    HIGH = "high", pgettext_lazy("value tier", "High")
    MIDDLE = "middle", pgettext_lazy("value tier", "Middle")
    LOW = "low", pgettext_lazy("value tier", "Low")


class Unit(StrEnum):
    COUNT = "count"
    MONEY = "money"
    RATE = "rate"
    NUMBER = "number"
    INDEX = "index"


class Additivity(StrEnum):
    """Whether parts may be summed: distinct people and ratios never are."""

    ADDITIVE = "additive"
    NOT = "not"


class Span(StrEnum):
    """What --from and --to mean to a metric, and what holds without them."""

    HISTORY = "history"  # both days included; without them all history
    YEAR = "year"  # both days included; without them D4's twelve months
    CHANGE = "change"  # D6's (A, B]; without them the last `days`
    POINT = "point"  # no period: a state at the end of as_of
