from __future__ import annotations

from django import template

from members.jobs import kinds
from members.jobs.models import Job

register = template.Library()


@register.simple_tag
def job_name(job: Job) -> str:
    """This is what the kind of work is called in words."""
    return kinds.title(job.kind)
