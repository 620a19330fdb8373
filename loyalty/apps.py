from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LoyaltyConfig(AppConfig):
    name = "loyalty"
    label = "loyalty"
    verbose_name = _("Loyalty")

    def ready(self) -> None:
        from loyalty.orders import importing  # noqa: PLC0415  models must be loaded
        from loyalty.points import approvals  # noqa: PLC0415  as above

        importing.register()
        approvals.register()
