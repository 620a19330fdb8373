"""Upright bars on nought: spend by month, a histogram, a season's index."""

from collections.abc import Callable, Sequence

from django.utils.safestring import SafeString

from config.lib.charts import svg
from config.lib.charts.frame import (
    Frame,
    Mark,
    frame_for,
    hover,
    labels_at,
    marks_at,
    slot_xs,
)
from config.lib.charts.ticks import ends

FILL = 0.82  # of a slot; the rest is the gap that tells two bars apart


def bars(
    values: Sequence[float | None],
    *,
    labels: Sequence[str],
    tips: Sequence[str],
    finding: str,
    format_tick: Callable[[float], str],
    height: float = 200,
    tone: str = "1",
    joined: bool = False,
    marks: Sequence[Mark] = (),
) -> SafeString:
    """This draws losses downwards; `joined` bars are neighbouring bins of one measure."""
    known = [v for v in values if v is not None]
    if not known:
        return SafeString("")
    low, high = ends(known, from_zero=True)
    frame = frame_for(low, high, height=height, format_tick=format_tick)
    xs = slot_xs(len(values))
    wide = 100 / len(values) * (1 if joined else FILL)
    shapes = svg.join(
        _bar(frame, x - wide / 2, wide, v, tone=tone, joined=joined)
        for x, v in zip(xs, values, strict=True)
        if v is not None
    )
    body = [
        shapes,
        marks_at(marks, count=len(values), bottom=frame.bottom),
        labels_at(xs, labels, y=height - 5),
        hover(xs, tips, height=frame.bottom),
    ]
    return frame.wrap(svg.join(body), finding=finding)


def _bar(
    frame: Frame, x: float, wide: float, value: float, *, tone: str, joined: bool
) -> SafeString:
    top, bottom = sorted((frame.y(value), frame.y(0)))
    return svg.el(
        "rect",
        class_=f"f{tone} sep" if joined else f"f{tone}",
        x=svg.percent(x),
        y=top,
        width=svg.percent(wide),
        height=bottom - top,
        rx=None if joined else 2,
    )
