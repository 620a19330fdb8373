from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class LoyaltyConfig(AppConfig):
    name = "loyalty"
    label = "loyalty"
    verbose_name = _("Loyalty")

    def ready(self) -> None:
        from loyalty.orders import (  # noqa: PLC0415  models must be loaded
            history,
            importing,
            queries,
        )
        from loyalty.points import approvals, sources  # noqa: PLC0415  as above
        from loyalty.replay import rules as replay  # noqa: PLC0415  as above
        from members.jobs import kinds  # noqa: PLC0415  as above

        importing.register()
        approvals.register()
        kinds.register(
            kinds.Kind(
                name=history.JOB_KIND,
                title=_("Programme applied to history"),
                task="loyalty.orders.tasks.apply_programme",
            )
        )
        kinds.register(
            kinds.Kind(
                name=replay.JOB_KIND,
                title=_("Replay of rules"),
                task="loyalty.replay.tasks.run",
            )
        )
        for origin in ("order", "refund", "tender", "restore"):
            sources.register(origin, queries.facts_of)
