"""An index for Django only; import from the features themselves."""

from loyalty.inbox.models import Reminder
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
from loyalty.replay.models import Replay
from loyalty.tiers.models import TierLock, TierMembership, TierMetric, TierNotice

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
    "Reminder",
    "Replay",
    "TierLock",
    "TierMembership",
    "TierMetric",
    "TierNotice",
    "Transfer",
]
