"""An index for Django only; import from the features themselves."""

from loyalty.orders.models import ChangedMonth, Order, OrderLine, Refund

__all__ = ["ChangedMonth", "Order", "OrderLine", "Refund"]
