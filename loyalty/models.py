"""An index for Django only; import from the features themselves."""

from loyalty.orders.models import ChangedMonth, Order, OrderLine, Refund
from loyalty.points.models import (
    Account,
    Activation,
    Allocation,
    Debt,
    Hold,
    HoldAllocation,
    Lot,
    Transfer,
)

__all__ = [
    "Account",
    "Activation",
    "Allocation",
    "ChangedMonth",
    "Debt",
    "Hold",
    "HoldAllocation",
    "Lot",
    "Order",
    "OrderLine",
    "Refund",
    "Transfer",
]
