"""The small line in a figure or a list row: its number is printed beside it."""

from collections.abc import Sequence

from django.utils.safestring import SafeString

from config.lib.charts import svg
from config.lib.charts.frame import point_xs
from config.lib.charts.ticks import scale

HEIGHT = 28


def spark(values: Sequence[float | None], *, tone: str = "c1") -> SafeString:
    """This is decoration, hidden from readers; gaps are joined, one point is nothing."""
    xs = point_xs(len(values)) if values else []
    known = [(x, v) for x, v in zip(xs, values, strict=True) if v is not None]
    if len(known) < 2:
        return SafeString("")
    heights = [v for _, v in known]
    y = scale(min(heights), max(heights), top=3, bottom=HEIGHT - 3)
    line = svg.el(
        "path", class_=f"l {tone}", d=svg.path_through((x, y(v)) for x, v in known)
    )
    return svg.el(
        "svg",
        line,
        class_="spark",
        viewBox=f"0 0 100 {HEIGHT}",
        preserveAspectRatio="none",
        aria_hidden="true",
    )
