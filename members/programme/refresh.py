"""By which day somebody looks at a rule again, so that rules do not grow stale."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.lib import days
from members.programme.errors import InvalidSetting

# The keys of `wording.sentences` that stand for rules, with their names; `tiers` is all
# sets of them.
RULES = {
    "earn": gettext_lazy("Earning"),
    "excluded": gettext_lazy("Categories that earn nothing"),
    "multiplier": gettext_lazy("Categories that count more or less"),
    "bonus": gettext_lazy("Bonus periods"),
    "cap": gettext_lazy("Limits of earning"),
    "event": gettext_lazy("Occasions that give points"),
    "stamps": gettext_lazy("Stamps"),
    "pending": gettext_lazy("Days of waiting"),
    "expiry": gettext_lazy("Expiry"),
    "clawback": gettext_lazy("Points of returned goods"),
    "value": gettext_lazy("What a point pays"),
    "tiers": gettext_lazy("Tiers"),
}


def parse(value: object) -> tuple[tuple[str, date], ...]:
    if not isinstance(value, Mapping):
        raise InvalidSetting(_("Give a day for each rule."), field="refresh")
    return tuple((str(rule), _day(str(rule), value[rule])) for rule in sorted(value))


def _day(rule: str, value: object) -> date:
    if rule not in RULES:
        raise InvalidSetting(
            _("There is no such rule. Known: %(names)s.")
            % {"names": ", ".join(sorted(RULES))},
            field=f"refresh.{rule}",
        )
    try:
        return days.parse(str(value))
    except ValueError:
        raise InvalidSetting(
            _("Give a day as 2026-03-01."), field=f"refresh.{rule}"
        ) from None
