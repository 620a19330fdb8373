"""Account codes of the programme's bookkeeping: what the journal of points is written with."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from members.programme.errors import InvalidSetting

_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._/-]{0,29}")


@dataclass(frozen=True, kw_only=True)
class Accounts:
    """A code for each side of the entries; a company puts in its own chart's.

    `sales` is revenue of goods, `deferred_revenue` what is owed to holders of points
    sold with goods, `points_revenue` and `estimate_revenue` what is recognised of it;
    `points_cost`, `points_provision`, `rewards` do the same for points that were given.
    """

    sales: str = "4000"
    deferred_revenue: str = "2400"
    points_revenue: str = "4010"
    estimate_revenue: str = "4020"
    points_cost: str = "6400"
    points_provision: str = "2410"
    rewards: str = "4030"


NAMES = tuple(one.name for one in fields(Accounts))
LABELS = {
    "sales": gettext_lazy("Revenue of goods"),
    "deferred_revenue": gettext_lazy("Deferred revenue of points sold with goods"),
    "points_revenue": gettext_lazy("Revenue of points redeemed"),
    "estimate_revenue": gettext_lazy("Revenue as the estimate of redemption changes"),
    "points_cost": gettext_lazy("Cost of points given without a purchase"),
    "points_provision": gettext_lazy("Provision for points given"),
    "rewards": gettext_lazy("Given points redeemed"),
}


def parse_accounts(value: object) -> Accounts:
    """Read account codes; those left out keep the defaults."""
    if not isinstance(value, Mapping):
        raise InvalidSetting(_("Give an object."), field="accounts")
    unknown = sorted(set(value) - set(NAMES))
    if unknown:
        raise InvalidSetting(
            _("There is no such setting. Known: %(names)s.")
            % {"names": ", ".join(NAMES)},
            field=f"accounts.{unknown[0]}",
        )
    return Accounts(**{name: _code(name, code) for name, code in value.items()})


def _code(name: str, value: object) -> str:
    text = str(value).strip()
    if not _CODE.fullmatch(text):
        raise InvalidSetting(
            _(
                "Give an account code of 1 to 30 letters, digits, spaces and . _ / -, "
                "beginning with a letter or digit."
            ),
            field=f"accounts.{name}",
        )
    return text
