from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Move(models.TextChoices):
    """What a day did to points; each is a column of the roll-forward but the last two."""

    EARNED = "earned", _("Earned")
    REVERSED = "reversed", _("Taken back")
    SPENT = "spent", _("Spent")
    RESTORED = "restored", _("Given back")
    EXPIRED = "expired", _("Expired")
    ADJUSTED = "adjusted", _("Adjusted")
    CONVERTED = "converted", _("Converted")
    WRITTEN_OFF = "written_off", _("Written off")
    # Between members, and from pending to available: nothing for all together.
    TRANSFERRED = "transferred", _("Transferred")
    ACTIVATED = "activated", _("Became available")


class Entry(models.TextChoices):
    """Pairs of lines of the journal: what is debited and credited stands in `rules`."""

    ALLOCATED = "allocated", _("Allocated to points sold with goods")
    REDEEMED = "redeemed", _("Recognised as points are redeemed")
    ESTIMATE = "estimate", _("Recognised as the estimate of redemption changes")
    COST = "cost", _("Cost of points given without a purchase")
    REWARDS = "rewards", _("Given points redeemed")
