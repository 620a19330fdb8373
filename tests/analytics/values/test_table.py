from __future__ import annotations

from datetime import UTC, date, datetime

from analytics.values import services
from analytics.values.models import MemberValue, ValueRun
from tests import factories

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_every_row_names_the_run_that_wrote_it(books):
    for n in range(3):
        factories.order(factories.member(), minor=100 * n + 1, on=date(2026, 1, 1))

    services.recompute(as_of=date(2026, 3, 1), at=AT)

    runs = list(MemberValue.objects.values_list("run_id", flat=True))
    assert runs == [ValueRun.objects.get().pk] * 3
