from __future__ import annotations

import pytest
from django.utils import translation

from analytics.directory.rules import Behind
from analytics.directory.wording import cell_words


@pytest.mark.parametrize(
    ("behind", "english", "chinese"),
    [
        pytest.param(
            Behind(metric="lifecycle_moves", cell="entered,first", by="stages"),
            "Life-cycle moves · Not a member yet → First purchase",
            "生命周期流转 · 尚非会员 → 首购",
            id="a move",
        ),
        pytest.param(
            Behind(metric="retention_rate", cell="came_back"),
            "Retention rate · Came back",
            "留存率 · 回流",
            id="a part of a rate",
        ),
        pytest.param(
            Behind(metric="cohort_retention", cell="2026-04,1"),
            "Cohort retention · 2026-04, 1",
            "同期群留存 · 2026-04、1",
            id="a month and its distance",
        ),
        pytest.param(
            Behind(metric="members", cell="new", by="channel"),
            "Members · new",
            "会员 · new",
            id="a channel that is called new",
        ),
    ],
)
def test_a_cell_is_said_in_words(behind, english, chinese):
    with translation.override("en"):
        assert cell_words(behind) == english
    with translation.override("zh-hans"):
        assert cell_words(behind) == chinese
