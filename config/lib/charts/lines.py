"""Lines over time, with an optional band and the last value named."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString

from config.lib.charts import svg
from config.lib.charts.frame import Frame, frame_for, hover, labels_at, point_xs
from config.lib.charts.ticks import ends


@dataclass(frozen=True)
class Series:
    """`tone` is c0 to c5; a dashed series is a comparison and ends without a dot."""

    name: str
    values: Sequence[float | None]
    tone: str = "c1"
    dashed: bool = False
    end: str = ""


def lines(
    series: Sequence[Series],
    *,
    labels: Sequence[str],
    tips: Sequence[str],
    finding: str,
    format_tick: Callable[[float], str],
    height: float = 220,
    from_zero: bool = True,
    band: tuple[Sequence[float], Sequence[float]] | None = None,
) -> SafeString:
    known = [v for one in series for v in one.values if v is not None]
    if not known:
        return SafeString("")
    if band:
        known += [*band[0], *band[1]]
    low, high = ends(known, from_zero=from_zero)
    frame = frame_for(low, high, height=height, format_tick=format_tick)
    xs = point_xs(len(labels))
    paths = [_band(frame, xs, band)] if band else []
    paths += [_path(frame, xs, one) for one in series]
    body = [
        svg.plane(svg.join(paths), height=height),
        *(_dots(frame, xs, one) for one in series),
        labels_at(xs, labels, y=height - 5),
        hover(xs, tips, height=frame.bottom),
    ]
    return frame.wrap(svg.join(body), finding=finding)


def _runs(
    xs: Sequence[float], values: Sequence[float | None]
) -> list[list[tuple[float, float]]]:
    """This breaks a line where a value is undefined instead of drawing through it."""
    runs: list[list[tuple[float, float]]] = [[]]
    for x, value in zip(xs, values, strict=True):
        if value is None:
            runs.append([])
        else:
            runs[-1].append((x, value))
    return [run for run in runs if run]


def _path(frame: Frame, xs: Sequence[float], one: Series) -> SafeString:
    d = "".join(
        svg.path_through((x, frame.y(v)) for x, v in run)
        for run in _runs(xs, one.values)
        if len(run) > 1
    )
    dash = " dash" if one.dashed else ""
    return svg.el("path", class_=f"l {one.tone}{dash}", d=d) if d else SafeString("")


def _dots(frame: Frame, xs: Sequence[float], one: Series) -> SafeString:
    """This dots the last value, and a value alone between two gaps."""
    runs = _runs(xs, one.values)
    if not runs:
        return SafeString("")
    alone = [run[0] for run in runs if len(run) == 1]
    last = [] if one.dashed else [runs[-1][-1]]
    dots = [
        svg.el(
            "circle",
            class_=f"f{one.tone[-1]}",
            cx=svg.percent(x),
            cy=frame.y(v),
            r=3.5,
        )
        for x, v in dict.fromkeys([*alone, *last])
    ]
    x, value = runs[-1][-1]
    if one.end:
        dots.append(
            svg.el(
                "text",
                one.end,
                class_="halo strong",
                x=svg.percent(x),
                dx=-8,
                y=max(frame.y(value) - 10, 12.0),
                text_anchor="end",
            )
        )
    return svg.join(dots)


def _band(
    frame: Frame, xs: Sequence[float], band: tuple[Sequence[float], Sequence[float]]
) -> SafeString:
    low = [(x, frame.y(v)) for x, v in zip(xs, band[0], strict=True)]
    high = [(x, frame.y(v)) for x, v in zip(xs, band[1], strict=True)]
    return svg.el(
        "path", class_="fband", d=svg.path_through([*high, *reversed(low)]) + "Z"
    )
