"""The interface's components as tags, so that each has named parameters.

`{% page_head %}` and `{% card %}` wrap what stands between them and their end tag.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import template
from django.forms import BaseForm, BoundField
from django.forms.widgets import CheckboxInput, CheckboxSelectMultiple, RadioSelect
from django.template.context import Context
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from qrcode.main import QRCode

from config.lib import formats
from config.lib.ui import Cell, Choice, Column, Note

register = template.Library()


@register.simple_block_tag
def page_head(content: SafeString, title: str, lead: str = "") -> SafeString:
    return render_to_string(
        "components/page_head.html",
        {"content": content.strip() and content, "title": title, "lead": lead},
    )


@register.simple_block_tag
def card(
    content: SafeString,
    title: str,
    *,
    id: str,
    lead: str = "",
    span: str = "",
    flush: bool = False,
    aside: str = "",
) -> SafeString:
    """This is a titled sheet; `span` is c3 to c12, `flush` is for tables and lists."""
    return render_to_string(
        "components/card.html",
        {
            "content": content,
            "title": title,
            "id": id,
            "lead": lead,
            "span": span,
            "flush": flush,
            "aside": aside,
        },
    )


@register.inclusion_tag("components/kpi.html")
def kpi(
    label: str,
    value: str,
    *,
    delta: str = "",
    good: bool | None = None,
    spark: str = "",
    note: str = "",
    url: str = "",
) -> dict[str, Any]:
    """This is a figure; inside `<section class="kpis">`. See `delta` for `good`."""
    return {
        "label": label,
        "value": value,
        "change": delta,
        "good": good,
        "spark": spark,
        "note": note,
        "url": url,
    }


@register.inclusion_tag("components/delta.html")
def delta(text: str, *, good: bool | None = None) -> dict[str, Any]:
    """This is a change. `good` says if it is welcome; None says neither."""
    rises, falls = text.startswith("+"), text.startswith((formats.MINUS, "-"))
    return {"text": text, "good": good, "rises": rises, "falls": falls}


@register.inclusion_tag("components/badge.html")
def badge(text: str, *, tone: str = "", icon: str = "") -> dict[str, Any]:
    """`tone` is good, warn, bad, info, danger or nothing."""
    return {"text": text, "tone": tone, "icon_name": icon}


@register.inclusion_tag("components/empty.html")
def empty_state(
    title: str,
    *,
    text: str = "",
    url: str = "",
    action: str = "",
    icon: str = "inbox",
) -> dict[str, Any]:
    """One sentence and the one thing to do about it."""
    return {
        "title": title,
        "text": text,
        "url": url,
        "action": action,
        "icon_name": icon,
    }


@register.inclusion_tag("components/data_table.html")
def data_table(
    caption: str, head: Sequence[str], rows: Sequence[Sequence[str | Cell]]
) -> dict[str, Any]:
    """This is the table every chart has, folded away under it."""
    return {
        "caption": caption,
        "head": head,
        "rows": [[_cell(one) for one in row] for row in rows],
    }


def _cell(one: str | Cell) -> Cell:
    return one if isinstance(one, Cell) else Cell(str(one))


@register.inclusion_tag("components/columns.html")
def columns(heads: Sequence[Column], *, target: str = "") -> dict[str, Any]:
    """With `target` htmx swaps that part."""
    return {"columns": heads, "target": target}


@register.inclusion_tag("components/field.html")
def field(bound: BoundField, *, hint: str = "") -> dict[str, Any]:
    """This is label, control, hint and errors, tied together for readers."""
    widget = bound.field.widget
    kind = "ctl"
    if isinstance(widget, CheckboxInput):
        kind = "check"
    elif isinstance(widget, (RadioSelect, CheckboxSelectMultiple)):
        kind = "choices"
    said = hint or str(bound.help_text)
    return {
        "field": bound,
        "kind": kind,
        "hint": said,
        "control": _control(bound, kind=kind, hint=said),
        "options": list(bound) if kind == "choices" else [],
    }


def _control(bound: BoundField, *, kind: str, hint: str) -> SafeString:
    ids = [f"{bound.auto_id}_hint"] if hint else []
    ids += [f"{bound.auto_id}_error"] if bound.errors else []
    attrs: dict[str, Any] = {"class": "ctl" if kind == "ctl" else None}
    attrs = {name: value for name, value in attrs.items() if value}
    if ids:
        attrs["aria-describedby"] = " ".join(ids)
    if bound.errors:
        attrs["aria-invalid"] = "true"
    return SafeString(bound.as_widget(attrs=attrs))


@register.inclusion_tag("components/error_summary.html")
def error_summary(
    form: BaseForm, *, title: str = "", linked: bool = True
) -> dict[str, Any]:
    """This stands above a refused form: its own errors, and a link to each field's.

    `linked=False` where the page does not show the fields, as for a wrong address.
    """
    return {
        "linked": linked,
        "title": title or gettext("This was not saved."),
        "form": form,
        "fields": [bound for bound in form if bound.errors and not bound.is_hidden],
        "hidden": [bound for bound in form if bound.errors and bound.is_hidden],
    }


@register.inclusion_tag("components/pager.html")
def pager(
    shown: str, *, newer: str = "", older: str = "", target: str = ""
) -> dict[str, Any]:
    """`newer` and `older` are links; with `target` htmx swaps that part of the page."""
    return {"shown": shown, "newer": newer, "older": older, "target": target}


@register.inclusion_tag("components/chips.html")
def chips(
    label: str, choices: Sequence[Choice], *, target: str = "", name: str = ""
) -> dict[str, Any]:
    """With `target` htmx swaps that part; `name` then keeps the focus where it was."""
    return {"label": label, "choices": choices, "target": target, "name": name}


@register.inclusion_tag("components/segmented.html")
def segmented(
    label: str, choices: Sequence[Choice], *, target: str = "", name: str = ""
) -> dict[str, Any]:
    """With `target` htmx swaps that part; `name` then keeps the focus where it was."""
    return {"label": label, "choices": choices, "target": target, "name": name}


@register.inclusion_tag("components/metric_note.html")
def metric_note(note: Note) -> dict[str, Any]:
    return {"note": note}


_JOB_TONES = {"running": "info", "done": "good", "failed": "bad"}


@register.inclusion_tag("components/job_row.html", takes_context=True)
def job_row(
    context: Context,
    job: Any,
    *,
    name: str,
    url: str = "",
    cancel_url: str = "",
    details_url: str = "",
) -> dict[str, Any]:
    """This polls `url` for itself while the job is open; the last answer does not.

    `url` answers this same component; without one something around it polls.
    """
    is_open = job.state in {"queued", "running"}
    return {
        "job": job,
        "name": name,
        "url": url,
        "cancel_url": cancel_url if is_open and not job.cancel_requested else "",
        "details_url": details_url,
        "is_open": is_open,
        "tone": _JOB_TONES.get(job.state, ""),
        "share": job.done / job.total if job.total else None,
        "csrf_token": context.get("csrf_token"),
        "request": context["request"],
    }


@register.simple_tag
def qr_code(text: str) -> SafeString:
    """This is drawn inline: a data: address would not pass the content policy."""
    code = QRCode(border=2)
    code.add_data(text)
    dots = code.get_matrix()
    path = "".join(
        f"M{x},{y}h1v1h-1z"
        for y, row in enumerate(dots)
        for x, dark in enumerate(row)
        if dark
    )
    return format_html(
        '<svg class="qr" viewBox="0 0 {0} {0}" role="img" aria-label="{1}">'
        '<rect width="{0}" height="{0}" fill="#fff"/><path d="{2}"/></svg>',
        len(dots),
        gettext("QR code for your authenticator app"),
        path,
    )
