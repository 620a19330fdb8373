from django.db import models
from django.utils.translation import gettext_lazy as _


class ImportKind(models.TextChoices):
    MEMBERS = "members", _("Members")
    ORDERS = "orders", _("Orders")


class ImportState(models.TextChoices):
    STAGING = "staging", _("Reading")
    APPLYING = "applying", _("Loading")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    UNDONE = "undone", _("Undone")
