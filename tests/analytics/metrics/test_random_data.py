"""Every metric against the oracle on worlds nobody thought of."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests import histories
from tests.analytics.metrics.agreement import check_all
from tests.analytics.world import Bought

START = date(2023, 12, 1)
orders = st.builds(
    Bought,
    member=st.integers(1, 12),
    # Few distinct days and amounts: ties are where rules differ.
    day=st.integers(0, 500).map(lambda n: START + timedelta(days=n)),
    amount=st.sampled_from([0, 1, 100, 100, 250, 999, 10_000]),
    refund=st.sampled_from([False, False, False, True]),
)


@settings(
    max_examples=histories.count(8),
    deadline=None,
    phases=[Phase.explicit, Phase.generate],  # shrinking costs a second a step
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=not histories.fresh(),
)
@given(
    bought=st.lists(orders, min_size=1, max_size=40),
    as_of=st.integers(0, 520).map(lambda n: START + timedelta(days=n)),
    length=st.integers(0, 200),
)
def test_every_metric_agrees_with_the_oracle(bought, as_of, length):
    check_all(bought, as_of, period=(as_of - timedelta(days=length), as_of))
