from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AnalyticsConfig(AppConfig):
    name = "analytics"
    label = "analytics"
    verbose_name = _("Analytics")

    def ready(self) -> None:
        from analytics.values import parts as value_parts  # noqa: PLC0415  as above
        from analytics.values import (  # noqa: PLC0415  models must be loaded
            services as values,
        )
        from members.jobs import kinds  # noqa: PLC0415  as above
        from members.profiles import parts  # noqa: PLC0415  as above

        parts.register("value", value_parts.facts)

        kinds.register(
            kinds.Kind(
                name=values.JOB_KIND,
                title=_("Recompute of values"),
                task="analytics.values.tasks.recompute",
            )
        )
