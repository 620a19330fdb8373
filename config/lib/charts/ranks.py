"""Lying bars with a name and a printed value: shares, tiers, the largest of."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString

from config.lib.charts import svg

ROW = 38


@dataclass(frozen=True)
class Rank:
    name: str
    value: float
    text: str
    tone: str = "1"


def ranks(
    rows: Sequence[Rank], *, finding: str, whole: float | None = None
) -> SafeString:
    """This measures against `whole`, or against the longest; less than nought is empty."""
    if not rows:
        return SafeString("")
    full = whole if whole is not None else max(row.value for row in rows)
    drawn = []
    for i, row in enumerate(rows):
        y = i * ROW
        share = min(max(row.value / full, 0.0), 1.0) if full > 0 else 0.0
        drawn += [
            svg.el("text", row.name, x=0, y=y + 12),
            svg.el(
                "text", row.text, class_="strong", x="100%", y=y + 12, text_anchor="end"
            ),
            svg.el("rect", class_="fsoft", x=0, y=y + 18, width="100%", height=9, rx=2),
            svg.el(
                "rect",
                class_=f"f{row.tone}",
                x=0,
                y=y + 18,
                width=svg.percent(100 * share),
                height=9,
                rx=2,
            ),
        ]
    return svg.chart(svg.join(drawn), height=ROW * len(rows), finding=finding)
