"""Colour steps of heat tables: one hue, ten steps, the number always in the cell."""

STEPS = 10


def step_class(value: float | None, *, low: float, high: float) -> str:
    """This is q0 to q9; an undefined cell has no colour, a flat table the middle one."""
    if value is None:
        return ""
    if high <= low:
        return f"q{STEPS // 2}"
    share = (value - low) / (high - low)
    return f"q{min(STEPS - 1, max(0, round(share * (STEPS - 1))))}"
