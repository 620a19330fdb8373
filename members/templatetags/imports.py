from __future__ import annotations

from typing import Any

from django import template
from django.utils.translation import gettext

from members.imports import kinds, reasons
from members.imports.enums import ImportState
from members.imports.models import ImportBatch, RejectedRow, Upload
from members.imports.reasons import Explained
from members.imports.sniffing import Inspection

register = template.Library()

_TONES = {
    ImportState.DONE: "good",
    ImportState.FAILED: "bad",
    ImportState.STAGING: "info",
    ImportState.APPLYING: "info",
}
_FORMATS = {"csv": "CSV", "jsonl": "JSON Lines", "parquet": "Parquet"}


@register.inclusion_tag("components/badge.html")
def batch_badge(batch: ImportBatch) -> dict[str, Any]:
    state = ImportState(batch.state)
    return {"text": state.label, "tone": _TONES.get(state, ""), "icon_name": ""}


@register.simple_tag
def batch_columns(batch: ImportBatch) -> list[tuple[str, str]]:
    """This is which column was read as which field, in words."""
    labels = _labels(batch)
    told: dict[str, str] = batch.details.get("columns", {})
    return [(labels.get(name, name), column) for name, column in told.items()]


@register.simple_tag
def why(batch: ImportBatch, reject: RejectedRow) -> Explained:
    return reasons.explained(
        reason=reject.reason,
        detail=reject.detail,
        labels=_labels(batch),
        own=kinds.named(batch.kind).reasons,
    )


@register.filter
def reason_words(code: str, kind: str) -> str:
    """This is the sentence of a reason's code; one without keeps its code."""
    own = kinds.named(kind).reasons
    return str(own.get(code) or reasons.REASONS.get(code, code))


def _labels(batch: ImportBatch) -> dict[str, str]:
    return {one.name: str(one.label) for one in kinds.named(batch.kind).fields}


@register.simple_tag
def file_lead(upload: Upload, found: Inspection) -> str:
    """This says what was recognised, so that nothing is guessed in silence."""
    kind = str(kinds.named(upload.kind).label)
    said = [kind, _FORMATS[found.format]]
    if found.encoding:
        said.append(
            "UTF-8" if found.encoding == "utf-8-sig" else found.encoding.upper()
        )
    if found.delimiter:
        shown = {"\t": gettext("tab")}.get(found.delimiter, found.delimiter)
        said.append(gettext("separated by %(sign)s") % {"sign": shown})
    return " · ".join(said)
