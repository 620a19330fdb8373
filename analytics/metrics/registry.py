"""The registry: every number of the product by name. Pages, API and commands ask it."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _

from analytics.metrics import (
    clv,
    cohorts,
    concentration,
    lifecycle,
    moves,
    points,
    population,
    repurchase,
    retention,
    rfm,
    season,
    second_purchase,
    spend,
    tiers,
)
from analytics.metrics.base import Metric
from config.lib.errors import DomainError

_MODULES = (
    population,
    spend,
    repurchase,
    cohorts,
    rfm,
    lifecycle,
    moves,
    retention,
    clv,
    tiers,
    season,
    concentration,
    second_purchase,
    points,
)
_metrics: dict[str, Metric] = {}


class UnknownMetric(DomainError):
    code = "unknown_metric"
    field = "name"


def register(metrics: Iterable[Metric]) -> None:
    """This adds metrics; a package above registers its own once Django is ready."""
    for metric in metrics:
        if metric.name in _metrics:
            raise ValueError(f"metric {metric.name} is registered already")
        _metrics[metric.name] = metric


def metric(name: str) -> Metric:
    found = _metrics.get(name)
    if found is None:
        text = _("There is no metric %(name)s. Known: %(names)s.")
        raise UnknownMetric(text % {"name": name, "names": ", ".join(_metrics)})
    return found


def all_metrics() -> tuple[Metric, ...]:
    return tuple(_metrics.values())


for module in _MODULES:
    register(module.METRICS)
