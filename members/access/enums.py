from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    """Names of the Django groups that carry the roles."""

    VIEWER = "viewer", _("Viewer")
    OPERATOR = "operator", _("Operator")
    ANALYST = "analyst", _("Analyst")
    CAMPAIGN_MANAGER = "campaign_manager", _("Campaign manager")
    ADMIN = "admin", _("Admin")
