from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """Whose account it is: a member's, or one of the programme's own."""

    MEMBER = "member", _("member")
    ISSUED = "issued", _("issued")
    REDEEMED = "redeemed", _("redeemed")
    BREAKAGE = "breakage", _("breakage")
    UNCOLLECTED = "uncollected", _("uncollected")
    ADJUSTMENTS = "adjustments", _("adjustments")
    CONVERSION = "conversion", _("conversion")


class TransferKind(models.TextChoices):
    EARN = "earn", _("earned")
    EVENT = "event", _("earned for an event")
    ADJUST = "adjust", _("adjusted")
    REDEEM = "redeem", _("redeemed")
    EXPIRE = "expire", _("expired")
    UNEXPIRE = "unexpire", _("expiry taken back")
    REVERSE = "reverse", _("taken back")
    RESTORE = "restore", _("given back")
    UNCOLLECTED = "uncollected", _("not collected")
    TRANSFER = "transfer", _("transferred")
    CONVERT = "convert", _("converted")
    WRITE_OFF = "write_off", _("debt written off")


class HoldState(models.TextChoices):
    OPEN = "open", _("open")
    CAPTURED = "captured", _("captured")
    RELEASED = "released", _("released")
    EXPIRED = "expired", _("timed out")
