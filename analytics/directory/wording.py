"""The cell of a metric in words: its codes are for addresses."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from analytics.directory.rules import Behind
from analytics.metrics import registry
from analytics.metrics.enums import Stage, ValueTier

# Cells that data name: a channel called "new" stays so.
_NAMED_BY_DATA = frozenset(("channel", "category", "store"))


def cell_words(behind: Behind) -> str:
    """Return the metric and its cell as people say them."""
    words = {} if behind.by in _NAMED_BY_DATA else _words()
    parts = [words.get(part, part) for part in behind.cell.split(",")]
    moved = behind.metric == "lifecycle_moves"
    between = " → " if moved else pgettext("between items of a list", ", ")
    return f"{registry.metric(behind.metric).title} · {between.join(parts)}"


def _words() -> dict[str, str]:
    names = {str(value): str(label) for value, label in Stage.choices}
    names |= {str(value): str(label) for value, label in ValueTier.choices}
    return names | {
        "all": _("All"),
        "entered": _("Not a member yet"),
        "start": _("Active at the start"),
        "kept": _("Still active at the end"),
        "lost": _("No longer active"),
        "new": _("New in the period"),
        "came_back": _("Came back"),
        "end": _("Active at the end"),
    }
