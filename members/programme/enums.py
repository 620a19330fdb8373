from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class DraftState(models.TextChoices):
    OPEN = "open", pgettext_lazy("state of a draft", "Draft")
    WAITING = "waiting", _("Waits for a second person")
    PUBLISHED = "published", _("Published")
    DISCARDED = "discarded", _("Discarded")
