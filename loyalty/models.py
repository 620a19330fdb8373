"""An index for Django only; import from the features themselves."""

from loyalty.liability.models import (
    JournalPeriod,
    LiabilityCell,
    LiabilityDay,
    LiabilityRun,
)
from loyalty.orders.models import (
    ChangedMonth,
    EarnBudget,
    Order,
    OrderLine,
    ParkedRefund,
    Refund,
)
from loyalty.points.models import (
    Account,
    Activation,
    Allocation,
    Debt,
    Hold,
    HoldAllocation,
    Lot,
    NightlyRun,
    Transfer,
)

__all__ = [
    "Account",
    "Activation",
    "Allocation",
    "ChangedMonth",
    "Debt",
    "EarnBudget",
    "Hold",
    "HoldAllocation",
    "JournalPeriod",
    "LiabilityCell",
    "LiabilityDay",
    "LiabilityRun",
    "Lot",
    "NightlyRun",
    "Order",
    "OrderLine",
    "ParkedRefund",
    "Refund",
    "Transfer",
]
