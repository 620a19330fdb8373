import xml.etree.ElementTree as ET
from datetime import date

import pytest

from config.lib import charts
from config.lib.charts.ticks import nice_ticks

SVG = "{*}"


def parsed(drawn):
    return ET.fromstring(f"<div>{drawn}</div>")  # noqa: S314  our own drawing


def plain(value: float) -> str:
    return f"{value:g}"


def draw_lines(*values, **options):
    return charts.lines(
        [charts.Series("Spend", values)],
        labels=[str(i) for i in range(len(values))],
        tips=[f"tip {i}" for i in range(len(values))],
        finding="It rose",
        format_tick=plain,
        **options,
    )


def draw_bars(*values, **options):
    return charts.bars(
        values,
        labels=[str(i) for i in range(len(values))],
        tips=[f"tip {i}" for i in range(len(values))],
        finding="It fell",
        format_tick=plain,
        **options,
    )


def draw_flow(*links, left, right):
    return charts.flow(left, right, links, finding="Who moved")


FLOW = {
    "left": [charts.Node("a", "Active", 3, "3")],
    "right": [charts.Node("b", "Lapsed", 3, "3")],
}
ALL = [
    draw_lines(1, 2, 3),
    draw_bars(1, -2, 3),
    charts.stacked(
        [charts.Series("a", [1, 2], tone="a1")],
        labels=["x", "y"],
        tips=["t", "u"],
        finding="f",
        format_tick=plain,
    ),
    charts.ranks([charts.Rank("a", 1, "one")], finding="f"),
    draw_flow(charts.Link("a", "b", 3, "worse", "tip"), **FLOW),
]


@pytest.mark.parametrize("drawn", ALL)
def test_chart_says_its_finding_to_readers(drawn):
    images = parsed(drawn).findall(".//svg[@role='img']")

    assert [bool(image.get("aria-label")) for image in images] == [True]


@pytest.mark.parametrize("drawn", [*ALL, charts.spark([1, 2])])
def test_chart_has_no_style_attribute_and_is_well_formed(drawn):
    styled = [el.tag for el in parsed(drawn).iter() if el.get("style")]

    assert styled == []


def test_chart_escapes_what_it_is_told():
    drawn = charts.ranks(
        [charts.Rank("<script>", 1, '"&')], finding='"><script>alert(1)</script>'
    )

    image = parsed(drawn).find("svg")
    texts = [text.text for text in image.findall("text")]

    assert "<script" not in drawn
    assert image.get("aria-label") == '"><script>alert(1)</script>'
    assert texts == ["<script>", '"&']


@pytest.mark.parametrize(
    "drawn",
    [
        draw_lines(),
        draw_lines(None, None),
        draw_bars(),
        draw_bars(None),
        charts.spark([]),
        charts.spark([4]),
        charts.ranks([], finding="f"),
        draw_flow(left=[], right=[]),
    ],
)
def test_chart_without_data_is_nothing_and_never_an_empty_axis(drawn):
    assert drawn == ""


def test_lines_with_one_point_shows_a_dot_in_the_middle():
    dots = parsed(draw_lines(5)).findall(".//circle")

    assert [dot.get("cx") for dot in dots] == ["50%"]


def test_lines_break_where_a_value_is_undefined():
    line = parsed(draw_lines(1, 2, None, 4, 5)).find(".//path").get("d")

    assert line.count("M") == 2


def test_lines_of_equal_values_draw_without_dividing_by_nought():
    line = parsed(draw_lines(3, 3)).find(".//path").get("d")

    heights = {point.split(",")[1] for point in line[1:].split("L")}
    assert len(heights) == 1


def test_bars_below_nought_hang_from_the_axis():
    root = parsed(draw_bars(10, -10))
    up, down = root.findall(".//rect[@class='f1']")
    zero = root.find(".//line[@class='zero']").get("y1")

    assert float(up.get("y")) + float(up.get("height")) == pytest.approx(float(zero))
    assert down.get("y") == zero


def test_bars_leave_a_hole_for_an_undefined_value():
    assert len(parsed(draw_bars(1, None, 3)).findall(".//rect[@class='f1']")) == 2


def test_stacked_refuses_parts_below_nought():
    with pytest.raises(ValueError, match="negative"):
        charts.stacked(
            [charts.Series("a", [1, -2])],
            labels=["x", "y"],
            tips=[],
            finding="f",
            format_tick=plain,
        )


def test_ranks_measure_against_the_whole():
    drawn = charts.ranks([charts.Rank("a", 25, "25%")], finding="f", whole=100)

    assert parsed(drawn).find(".//rect[@class='f1']").get("width") == "25%"


def test_flow_stacks_the_moves_that_leave_one_stage():
    left = [charts.Node("a", "Active", 4, "4")]
    right = [charts.Node("a", "Active", 1, "1"), charts.Node("b", "Lapsed", 3, "3")]
    links = (
        charts.Link("a", "a", 1, "same", "stayed"),
        charts.Link("a", "b", 3, "worse", "left"),
    )

    bands = parsed(draw_flow(*links, left=left, right=right)).findall(".//path")

    assert [band.get("class") for band in bands] == ["a3", "a4s"]
    starts = [float(band.get("d").split("C")[0].split(",")[1]) for band in bands]
    unit = (300 - 2 * 16) / 4
    assert starts[1] - starts[0] == pytest.approx(unit, abs=0.1)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 100, [0, 50, 100]),
        (0, 7, [0, 2, 4, 6, 8]),
        (-30, 60, [-50, 0, 50, 100]),
        (0, 0, [0, 0.5, 1]),
        (0, 0.3, [0, 0.1, 0.2, 0.3]),
    ],
)
def test_nice_ticks_cover_the_range_in_round_steps(low, high, expected):
    assert nice_ticks(low, high) == pytest.approx(expected)


def test_nice_ticks_refuse_what_has_no_end():
    with pytest.raises(ValueError, match="finite"):
        nice_ticks(0, float("inf"))


@pytest.mark.parametrize(
    ("value", "step"),
    [(None, ""), (0, "q0"), (50, "q4"), (100, "q9"), (120, "q9"), (-5, "q0")],
)
def test_step_class_maps_to_ten_steps(value, step):
    assert charts.step_class(value, low=0, high=100) == step


def test_step_class_of_a_flat_table_is_the_middle():
    assert charts.step_class(3, low=3, high=3) == "q5"


def test_labels_thin_out_and_keep_the_last():
    months = [date(2024 + i // 12, i % 12 + 1, 1) for i in range(24)]
    drawn = charts.lines(
        [charts.Series("Spend", list(range(24)))],
        labels=[f"{m:%Y-%m}" for m in months],
        tips=[],
        finding="f",
        format_tick=plain,
    )

    chart = parsed(drawn).findall("div/svg")[1]
    labels = [text.text for text in chart.findall("text")]

    assert len(labels) == 6
    assert labels[-1] == "2025-12"
