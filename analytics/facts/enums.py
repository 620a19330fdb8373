from django.db import models
from django.utils.translation import gettext_lazy as _


class FactsKind(models.TextChoices):
    ORDERS = "orders", _("Orders")
    LINES = "lines", _("Order lines")
    MEMBERS = "members", _("Members")
    POINTS = "points", _("Points")
