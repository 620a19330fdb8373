"""What charts with a value axis share: grid, axis, labels, marks, hover targets."""

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from django.utils.safestring import SafeString

from config.lib.charts import svg
from config.lib.charts.ticks import nice_ticks, scale

HEAD = 10.0  # room above the highest tick for half a line of text
FOOT = 24.0  # room below the plot for the labels
COLUMNS = 96  # digits beside each other below a plot


@dataclass(frozen=True)
class Mark:
    """A vertical dashed line at slot `at` with a few words beside it."""

    at: float
    text: str


@dataclass(frozen=True)
class Frame:
    height: float
    ticks: Sequence[float]
    format_tick: Callable[[float], str]

    @property
    def bottom(self) -> float:
        return self.height - FOOT

    def y(self, value: float) -> float:
        low, high = self.ticks[0], self.ticks[-1]
        return scale(low, high, top=HEAD, bottom=self.bottom)(value)

    def grid(self) -> SafeString:
        return svg.join(
            svg.el(
                "line",
                class_="zero" if tick == 0 else "g",
                x1=0,
                x2="100%",
                y1=self.y(tick),
                y2=self.y(tick),
            )
            for tick in self.ticks
        )

    def axis(self) -> SafeString:
        """This stands in a grid column of its own; the finding says what matters."""
        texts = [self.format_tick(tick) for tick in self.ticks]
        width = 10 + 7 * max(text_width(text) for text in texts)
        labels = svg.join(
            svg.el("text", text, x=width - 8, y=self.y(tick) + 4, text_anchor="end")
            for tick, text in zip(self.ticks, texts, strict=True)
        )
        return svg.el(
            "svg",
            labels,
            class_="chart yaxis",
            width=width,
            height=self.height,
            aria_hidden="true",
        )

    def wrap(self, body: SafeString, *, finding: str) -> SafeString:
        drawn = svg.chart(
            svg.join([self.grid(), body]), height=self.height, finding=finding
        )
        return svg.el("div", svg.join([self.axis(), drawn]), class_="plot")


def frame_for(
    low: float,
    high: float,
    *,
    height: float,
    format_tick: Callable[[float], str],
) -> Frame:
    return Frame(height, nice_ticks(low, high), format_tick)


def text_width(text: str) -> int:
    """This counts columns: a Han character takes two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def point_xs(count: int) -> list[float]:
    """This spreads points from edge to edge; a single one stands in the middle."""
    if count == 1:
        return [50.0]
    return [100 * i / (count - 1) for i in range(count)]


def slot_xs(count: int) -> list[float]:
    return [100 * (i + 0.5) / count for i in range(count)]


def labels_at(
    xs: Sequence[float], labels: Sequence[str], *, y: float, room: int = 12
) -> SafeString:
    """This prints at most `room` labels, fewer wide ones; every second hides when narrow."""
    # The last label ends at its point and reaches towards the one before it.
    widest = max((text_width(label) for label in labels), default=1) * 2
    every = -(-len(labels) // max(2, min(room, COLUMNS // max(1, widest))))
    kept = [i for i in range(len(labels)) if (len(labels) - 1 - i) % every == 0]
    out = []
    for order, i in enumerate(reversed(kept)):
        at = xs[i]
        anchor = "start" if at < 2 else "end" if at > 98 else "middle"
        out.append(
            svg.el(
                "text",
                labels[i],
                class_="alt" if order % 2 else None,
                x=svg.percent(at),
                y=y,
                text_anchor=anchor,
            )
        )
    return svg.join(reversed(out))


def hover(xs: Sequence[float], tips: Sequence[str], *, height: float) -> SafeString:
    """This gives every point a full-height target that repeats its facts."""
    edges = [0.0, *((a + b) / 2 for a, b in pairwise(xs)), 100.0]
    return svg.join(
        svg.el(
            "rect",
            class_="hit",
            x=svg.percent(left),
            y=0,
            width=svg.percent(right - left),
            height=height,
            data_tip=tip,
        )
        for (left, right), tip in zip(pairwise(edges), tips, strict=False)
    )


def marks_at(marks: Sequence[Mark], *, count: int, bottom: float) -> SafeString:
    out = []
    for mark in marks:
        at = 100 * mark.at / count
        x = svg.percent(at)
        left = at <= 60  # otherwise the words would run out on the right
        line = svg.el("line", class_="mark", x1=x, x2=x, y1=HEAD + 4, y2=bottom)
        words = svg.el(
            "text",
            mark.text,
            class_="halo strong",
            x=x,
            dx=5 if left else -5,
            y=HEAD + 6,
            text_anchor="start" if left else "end",
        )
        out += [line, words]
    return svg.join(out)
