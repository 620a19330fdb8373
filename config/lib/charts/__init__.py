"""Charts drawn on the server as SVG: they work in print and without script.

The outer `<svg>` has no viewBox: x is in per cent and y in pixels, so text never
scales and the chart fills any width. Paths sit in a nested, stretched `<svg>`.
Every chart is `role="img"` and says its `finding`; without data it is the empty
string, so that the page shows its empty state and never an empty axis. Nothing here
has a style attribute, and all text is escaped.
"""

from config.lib.charts.bars import bars
from config.lib.charts.flow import Link, Node, flow
from config.lib.charts.frame import Mark
from config.lib.charts.heat import step_class
from config.lib.charts.lines import Series, lines
from config.lib.charts.ranks import Rank, ranks
from config.lib.charts.spark import spark
from config.lib.charts.stacked import stacked
from config.lib.charts.ticks import nice_ticks

__all__ = [
    "Link",
    "Mark",
    "Node",
    "Rank",
    "Series",
    "bars",
    "flow",
    "lines",
    "nice_ticks",
    "ranks",
    "spark",
    "stacked",
    "step_class",
]
