from django.db import models
from django.utils.translation import gettext_lazy as _


class TierReason(models.TextChoices):
    """Why a member is in a tier since then."""

    REACHED = "reached", _("Reached the threshold")
    RENEWED = "renewed", _("Reached the threshold again")
    ENDED = "ended", _("The time of the tier above ended")
    RETURNED = "returned", _("Goods came back")
    LOCKED = "locked", _("Set by staff")
    UNLOCKED = "unlocked", _("The lock was taken off")
    LOCK_ENDED = "lock_ended", _("The lock ended")
    GIVEN_UP = "given_up", _("The tier was given up")
