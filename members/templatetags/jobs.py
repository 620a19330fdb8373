from __future__ import annotations

from datetime import date
from typing import Any

from django import template
from django.conf import settings
from django.utils.translation import get_language, gettext_lazy

from config.lib import formats
from members.jobs import kinds
from members.jobs.models import Job

register = template.Library()

_RESULTS = {
    "as_of": gettext_lazy("As of"),
    "members": gettext_lazy("Members"),
    "read": gettext_lazy("Rows"),
    "loaded": gettext_lazy("Loaded"),
    "updated": gettext_lazy("Replaced"),
    "unchanged": gettext_lazy("Unchanged"),
    "rejected": gettext_lazy("Rejected"),
    "members_created": gettext_lazy("Members created"),
    "stores_created": gettext_lazy("Stores created"),
}


@register.simple_tag
def job_name(job: Job) -> str:
    """This is what the kind of work is called in words."""
    return kinds.title(job.kind)


@register.simple_tag
def job_results(job: Job) -> list[tuple[str, str]]:
    """These are the figures of a job's result that people have words for."""
    language = get_language() or settings.LANGUAGE_CODE
    found = ((name, (job.result or {}).get(key)) for key, name in _RESULTS.items())
    return [
        (str(name), _shown(value, language))
        for name, value in found
        if value is not None
    ]


def _shown(value: Any, language: str) -> str:
    if isinstance(value, int):
        return formats.number(value, language=language)
    return formats.day(date.fromisoformat(value), language=language)
