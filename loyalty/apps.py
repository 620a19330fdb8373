from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LoyaltyConfig(AppConfig):
    name = "loyalty"
    label = "loyalty"
    verbose_name = _("Loyalty")

    def ready(self) -> None:
        from loyalty.orders import (  # noqa: PLC0415  models must be loaded
            importing,
            queries,
        )
        from loyalty.points import approvals, sources  # noqa: PLC0415  as above

        importing.register()
        approvals.register()
        for origin in ("order", "refund", "tender", "restore"):
            sources.register(origin, queries.facts_of)
