"""How many random histories a test tries: a few each time, thousands when asked.

`./bin/test PATH --hypothesis-profile=thorough` tries fifty times as many with twice the
steps; TERN_HISTORIES and TERN_HISTORY_STEPS say exact numbers. The few are the same ones
every time, so that a change is blamed for what it broke; the thousands are new each time.
"""

from __future__ import annotations

import os
from typing import Any

from hypothesis import HealthCheck, Phase, settings

THOROUGH = "thorough"
# Registered by the name alone: how much more that is, depends on the test.
settings.register_profile(THOROUGH, deadline=None)


def _thorough() -> bool:
    return settings.get_current_profile_name() == THOROUGH


def count(usual: int) -> int:
    told = os.environ.get("TERN_HISTORIES")
    return int(told) if told else usual * (50 if _thorough() else 1)


def steps(usual: int) -> int:
    told = os.environ.get("TERN_HISTORY_STEPS")
    return int(told) if told else usual * (2 if _thorough() else 1)


def fresh() -> bool:
    """Whether the histories are new ones, which nobody has seen pass."""
    return _thorough() or "TERN_HISTORIES" in os.environ


def chosen(*, histories: int, steps_each: int) -> settings:
    """Settings of a state machine; shrinking takes minutes, TERN_HISTORY_SHRINK=0 skips it."""
    phases = [Phase.generate]
    if os.environ.get("TERN_HISTORY_SHRINK") != "0":
        phases.append(Phase.shrink)
    told: dict[str, Any] = {
        "max_examples": count(histories),
        "stateful_step_count": steps(steps_each),
    }
    return settings(
        **told,
        derandomize=not fresh(),
        deadline=None,
        database=None,
        phases=phases,
        report_multiple_bugs=False,
        print_blob=True,
        suppress_health_check=list(HealthCheck),
    )


def worlds(usual: int) -> settings:
    """Settings of a test that lives a world a history: shrinking them takes minutes."""
    return settings(
        max_examples=count(usual),
        phases=[Phase.generate],
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
