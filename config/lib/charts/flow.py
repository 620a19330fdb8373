"""Two columns and the moves between them: who changed stage in a period."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString

from config.lib.charts import svg

GAP = 16.0  # between two stages of a column, wide enough for a label beside it
TOP = 12.0
INSET = 2.0  # per cent; the width of the stage's own bar

_TONES = {"better": "a2", "worse": "a4s", "same": "a3"}


@dataclass(frozen=True)
class Node:
    key: str
    name: str
    total: int
    text: str


@dataclass(frozen=True)
class Link:
    """`direction` is better, worse or same: teal, orange, pale."""

    source: str
    target: str
    count: int
    direction: str
    tip: str


@dataclass(frozen=True)
class _Box:
    node: Node
    top: float
    height: float


def flow(
    left: Sequence[Node],
    right: Sequence[Node],
    links: Sequence[Link],
    *,
    finding: str,
    height: float = 300,
) -> SafeString:
    total = max(sum(n.total for n in left), sum(n.total for n in right), 0)
    if not total:
        return SafeString("")
    unit = (height - GAP * max(len(left), len(right))) / total
    starts, finishes = _stack(left, unit), _stack(right, unit)
    bands = _bands(links, starts, finishes, unit)
    nodes = [
        *(_label(box, x="0", dx=12, anchor="start") for box in starts.values()),
        *(_label(box, x="98.5%", dx=-6, anchor="end") for box in finishes.values()),
    ]
    body = svg.join([svg.plane(bands, height=height + TOP), *nodes])
    return svg.chart(body, height=height + TOP, finding=finding)


def _stack(nodes: Sequence[Node], unit: float) -> dict[str, _Box]:
    boxes, y = {}, TOP
    for node in nodes:
        boxes[node.key] = _Box(node, y, node.total * unit)
        y += node.total * unit + GAP
    return boxes


def _bands(
    links: Sequence[Link],
    starts: Mapping[str, _Box],
    finishes: Mapping[str, _Box],
    unit: float,
) -> SafeString:
    used_left = {key: box.top for key, box in starts.items()}
    used_right = {key: box.top for key, box in finishes.items()}
    drawn = []
    for link in links:
        wide = link.count * unit
        y0, y1 = used_left[link.source], used_right[link.target]
        used_left[link.source] += wide
        used_right[link.target] += wide
        far = 100 - INSET
        d = (
            f"M{INSET},{y0:.1f}C50,{y0:.1f} 50,{y1:.1f} {far},{y1:.1f}"
            f"L{far},{y1 + wide:.1f}"
            f"C50,{y1 + wide:.1f} 50,{y0 + wide:.1f} {INSET},{y0 + wide:.1f}Z"
        )
        drawn.append(
            svg.el("path", class_=_TONES[link.direction], d=d, data_tip=link.tip)
        )
    return svg.join(drawn)


def _label(box: _Box, *, x: str, dx: int, anchor: str) -> SafeString:
    bar = svg.el(
        "rect", class_="f1", x=x, y=box.top, width="1.5%", height=max(box.height, 2.0)
    )
    words = svg.el(
        "text",
        f"{box.node.name} {box.node.text}",
        class_="halo strong",
        x=x,
        dx=dx,
        y=box.top + box.height / 2 + 4,
        text_anchor=anchor,
    )
    return svg.join([bar, words])
