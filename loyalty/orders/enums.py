from django.db import models
from django.utils.translation import gettext_lazy as _


class OrderKind(models.TextChoices):
    ORDER = "order", _("Order")
    REFUND = "refund", _("Refund")
