"""An index for Django only; import from the features themselves."""

from analytics.facts.models import FactsSegment
from analytics.values.models import MemberValue, ValueRun

__all__ = ["FactsSegment", "MemberValue", "ValueRun"]
