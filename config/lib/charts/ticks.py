"""Round numbers along an axis, and the scale that places values on it."""

import math
from collections.abc import Callable, Sequence
from fractions import Fraction

_STEPS = (1, 2, 5, 10)


def nice_ticks(low: float, high: float, *, count: int = 4) -> list[float]:
    """This covers [low, high] with about `count` round steps, both ends included."""
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ValueError("an axis needs finite ends")
    if low == high:
        low, high = min(low, 0.0), max(high, 0.0)
    if low == high:
        high = 1.0
    rough = (high - low) / count
    power = math.floor(math.log10(rough))
    base = Fraction(10) ** power
    step = next(s * base for s in _STEPS if float(s * base) >= rough * 0.999)
    first = math.floor(Fraction(low) / step)
    last = math.ceil(Fraction(high) / step)
    return [float(i * step) for i in range(first, last + 1)]


def scale(
    low: float, high: float, *, top: float, bottom: float
) -> Callable[[float], float]:
    """This maps values to pixels, downwards; a flat range lies in the middle."""
    if low == high:
        middle = (top + bottom) / 2
        return lambda value: middle
    return lambda value: bottom - (value - low) / (high - low) * (bottom - top)


def ends(values: Sequence[float], *, from_zero: bool) -> tuple[float, float]:
    low, high = min(values), max(values)
    return (min(low, 0.0), max(high, 0.0)) if from_zero else (low, high)
