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
            qualifying,
            queries,
        )
        from loyalty.points import (  # noqa: PLC0415  as above
            approvals,
            sources,
            watchers,
        )
        from loyalty.replay import rules as replay  # noqa: PLC0415  as above
        from loyalty.tiers import applying  # noqa: PLC0415  as above
        from loyalty.tiers import services as tiers  # noqa: PLC0415  as above
        from loyalty.tiers import shapes as tier_shapes  # noqa: PLC0415  as above
        from members.jobs import kinds  # noqa: PLC0415  as above
        from members.profiles import parts  # noqa: PLC0415  as above

        importing.register()
        qualifying.register()
        watchers.register(tiers.got_points)
        parts.register("tier", tier_shapes.part)
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
        kinds.register(
            kinds.Kind(
                name=applying.JOB_KIND,
                title=_("Tiers by new rules"),
                task="loyalty.tiers.tasks.apply_tiers",
            )
        )
        for origin in ("order", "refund", "tender", "restore"):
            sources.register(origin, queries.facts_of)
