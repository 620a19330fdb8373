"""Areas on top of one another: parts of a whole over time, from nought."""

from collections.abc import Callable, Sequence

from django.utils.safestring import SafeString

from config.lib.charts import svg
from config.lib.charts.frame import frame_for, hover, labels_at, point_xs
from config.lib.charts.lines import Series


def stacked(
    series: Sequence[Series],
    *,
    labels: Sequence[str],
    tips: Sequence[str],
    finding: str,
    format_tick: Callable[[float], str],
    height: float = 232,
) -> SafeString:
    """This needs parts of one sign; `tone` is a fill, a1 to a4. Gaps count as nought."""
    parts = [[v or 0.0 for v in one.values] for one in series]
    if any(v < 0 for part in parts for v in part):
        raise ValueError("parts of a whole cannot be negative")
    if len(labels) < 2 or not any(v for part in parts for v in part):
        return SafeString("")
    totals = [sum(column) for column in zip(*parts, strict=True)]
    frame = frame_for(0, max(totals), height=height, format_tick=format_tick)
    xs = point_xs(len(labels))
    base = [0.0] * len(labels)
    areas = []
    for one, part in zip(series, parts, strict=True):
        top = [b + v for b, v in zip(base, part, strict=True)]
        edge = [(x, frame.y(v)) for x, v in zip(xs, top, strict=True)]
        back = [(x, frame.y(v)) for x, v in zip(xs, base, strict=True)]
        d = svg.path_through([*edge, *reversed(back)]) + "Z"
        areas.append(svg.el("path", class_=f"{one.tone} sep", d=d))
        base = top
    body = [
        svg.plane(svg.join(areas), height=height),
        labels_at(xs, labels, y=height - 5),
        hover(xs, tips, height=frame.bottom),
    ]
    return frame.wrap(svg.join(body), finding=finding)
