from __future__ import annotations

from django import template
from django.utils.translation import gettext_lazy

from members.jobs import kinds
from members.jobs.models import Job

register = template.Library()

_RESULTS = {
    "as_of": gettext_lazy("As of"),
    "members": gettext_lazy("Members"),
}


@register.simple_tag
def job_name(job: Job) -> str:
    """This is what the kind of work is called in words."""
    return kinds.title(job.kind)


@register.filter
def result_name(key: str) -> str:
    """This is what a figure of a job's result is called; an unknown one keeps its key."""
    return str(_RESULTS.get(key, key))
