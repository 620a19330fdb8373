"""What orders refuse."""

from __future__ import annotations

from django.utils.translation import gettext_lazy

from config.lib.errors import DomainError


class Future(DomainError):
    code = "future"
    message = gettext_lazy("The time lies in the future.")


class WrongCurrency(DomainError):
    code = "currency"
    message = gettext_lazy("The programme has another currency.")


class NegativeAmount(DomainError):
    code = "negative_amount"
    message = gettext_lazy("An amount is not negative; give a refund instead.")


class ExternalIdConflict(DomainError):
    code = "external_id_conflict"
    message = gettext_lazy("This source has used the number for something else.")


class NotAnOrder(DomainError):
    code = "not_an_order"
    message = gettext_lazy("Only an order can be refunded.")


class RefundExceedsOrder(DomainError):
    code = "refund_exceeds_order"
    message = gettext_lazy("Refunds would be more than the order.")


class NoSuchLine(DomainError):
    code = "no_such_line"
    message = gettext_lazy("The order has no such line.")


class BeforeOrder(DomainError):
    code = "before_order"
    message = gettext_lazy("Nothing happens to an order before it was placed.")


class Delivered(DomainError):
    code = "delivered"
    message = gettext_lazy("The order was delivered; refund it instead.")


class Cancelled(DomainError):
    code = "cancelled"
    message = gettext_lazy("The order was cancelled before.")


class BuiltOn(DomainError):
    code = "built_on"
    message = gettext_lazy(
        "Refunds that came later belong to orders of this load; undo those first."
    )
