"""The few Arrow calls of the demo, typed once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from analytics.demo.buying import Ints


def table(columns: Mapping[str, Any]) -> pa.Table:
    """This takes lists, numpy and Arrow arrays alike."""
    return pa.table(dict(columns))


def strings(values: Sequence[str]) -> pa.Array[Any]:
    """This keeps its type when there is no row."""
    return pa.array(values, type=pa.string())


def constant(value: str, size: int) -> pa.Array[Any]:
    return strings([value] * size)


def optional(values: Ints) -> pa.Array[Any]:
    """Numbers where -1 is null."""
    made: pa.Array[Any] = pa.array(values, mask=values < 0)
    return made


def taken(values: pa.Array[Any], index: Ints) -> pa.Array[Any]:
    """This looks values up by place; -1 is null."""
    at: Any = optional(index)
    return values.take(at)


def names(values: Sequence[str], index: Ints) -> pa.Array[Any]:
    return taken(strings(values), index)
