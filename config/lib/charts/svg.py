"""The few SVG primitives the charts are made of."""

from collections.abc import Iterable

from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe

Attr = str | int | float | None


def _value(value: str | int | float) -> str:
    if isinstance(value, float):
        return f"{value:.3f}".rstrip("0").rstrip(".")
    return str(value)


def el(tag: str, body: str = "", /, **attrs: Attr) -> SafeString:
    """This is one element: `class_` is class, `_` is `-`, None is left out."""
    written = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{conditional_escape(_value(value))}"'
        for name, value in attrs.items()
        if value is not None
    )
    inner = conditional_escape(body)
    if not inner and tag not in {"svg", "text"}:
        return mark_safe(f"<{tag}{written}/>")  # noqa: S308 - every part is escaped
    return mark_safe(f"<{tag}{written}>{inner}</{tag}>")  # noqa: S308 - same


def join(parts: Iterable[SafeString]) -> SafeString:
    return mark_safe("".join(parts))  # noqa: S308 - parts are safe by type


def chart(body: SafeString, *, height: float, finding: str) -> SafeString:
    return el(
        "svg", body, class_="chart", height=height, role="img", aria_label=finding
    )


def plane(body: SafeString, *, height: float) -> SafeString:
    """This is the stretched part: x from 0 to 100, y in pixels."""
    return el(
        "svg",
        body,
        x=0,
        y=0,
        width="100%",
        height=height,
        viewBox=f"0 0 100 {_value(height)}",
        preserveAspectRatio="none",
        overflow="visible",
    )


def percent(value: float) -> str:
    return f"{_value(float(value))}%"


def path_through(points: Iterable[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{_value(float(x))},{_value(float(y))}" for x, y in points)
