"""What makes two tellings of an order the same, and which words tell its kind."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from loyalty.orders.enums import OrderKind

KINDS = {
    **dict.fromkeys(
        ("order", "sale", "purchase", "invoice", "订单", "销售", "消费"),
        OrderKind.ORDER,
    ),
    **dict.fromkeys(
        ("refund", "credit", "credit note", "credit_note", "return", "退款", "退货"),
        OrderKind.REFUND,
    ),
}

EXTERNAL_ID_LENGTH = 120
CHANNEL_LENGTH = 40
STORE_LENGTH = 40
SKU_LENGTH = 80
CATEGORY_LENGTH = 80
QUANTITY_PLACES = 3
QUANTITY_DIGITS = 11

# Of what a hash is made; no field can hold them.
FIELD, PART, LINE = "\x1f", "\x1e", "\x1d"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Line:
    """A line as it was told: `amount_minor` is its total before points pay a part.

    `goods` is false for gift cards and shipping.
    """

    amount_minor: int
    line_id: str = ""
    goods: bool = True
    sku: str = ""
    category: str = ""
    quantity: Decimal | None = None
    margin_minor: int | None = None


def content_hash(
    *,
    kind: str,
    placed_at: datetime,
    amount_minor: int,
    margin_minor: int | None,
    channel: str,
    store: str,
    refund_of: str,
    lines: Iterable[Line],
) -> str:
    """This tells the same order from another one under the same number.

    Its twin in SQL is `statements.HASH`; a test holds the two equal. The order of
    lines does not matter, the member is compared apart: members may merge.
    """
    parts = [
        kind,
        str((placed_at - _EPOCH) // timedelta(microseconds=1)),
        str(amount_minor),
        _text(margin_minor),
        channel,
        store,
        refund_of,
        LINE.join(sorted(_line_text(line) for line in lines)),
    ]
    return text_hash(parts)


def _line_text(line: Line) -> str:
    quantity = "" if line.quantity is None else plain_decimal(line.quantity)
    parts = [line.sku, line.category, quantity]
    return PART.join([*parts, str(line.amount_minor), _text(line.margin_minor)])


def plain_decimal(value: Decimal) -> str:
    """This is a decimal without an exponent and without trailing zeros."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _text(number: int | None) -> str:
    return "" if number is None else str(number)


def till_hash(*, content: str, lines: Sequence[Line], points_redeemed: int) -> str:
    """This tells a till's order by what files cannot say too; else it is `content`."""
    marks = [(line.line_id, line.goods) for line in lines]
    if not points_redeemed and all(mark == ("", True) for mark in marks):
        return content
    return text_hash([content, str(points_redeemed), repr(marks)])


def text_hash(parts: Iterable[str]) -> str:
    """This tells one telling from another; the order of parts matters."""
    text = FIELD.join(parts).encode()
    return hashlib.md5(text, usedforsecurity=False).hexdigest()
