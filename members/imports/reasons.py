"""Why rows are refused, in words for people; the codes are for machines and stay.

Files of rejects carry the code and the detail as the loader wrote it, in English. A page
shows the sentence of the code in the reader's language, and the field and the value
that the detail names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

REASONS: dict[str, str | Promise] = {
    "missing": _("A value is needed."),
    "bad_date": _("Not a date. Give one such as 2026-11-22 or 2026-11-22T14:05+01:00."),
    "ambiguous_date": _("Day or month may come first. Say which for the whole file."),
    "two_digit_year": _("The year has two digits. Give four."),
    "nonexistent_time": _("The clocks go forward over this time. Give the offset."),
    "future": _("The time lies in the future."),
    "bad_amount": _("Not a number. Give a decimal such as 1234.50."),
    "ambiguous_amount": _(
        "A thousand or a decimal? Say the decimal sign for the whole file."
    ),
    "too_large": _("The number is too large."),
    "too_long": _("The value is too long."),
    "currency": _("The programme has another currency."),
    "bad_choice": _("Not one of the words that are accepted here."),
    "bad_text": _("The value holds control characters."),
    "bad_identifier": _(
        "Not an identifier. Export the column as text, without control characters."
    ),
    "bad_email": _("Not an e-mail address such as ana@example.org."),
    "bad_phone": _("Not a telephone number such as +4930123456."),
    "ambiguous_phone": _(
        "The country code is missing. Write +49… or say the country for the whole file."
    ),
    "columns": _("The row has another number of columns than the header."),
    "malformed": _("The row cannot be taken apart: a quote or a bracket is missing."),
    "nested": _("The cell holds a list or an object, not a value."),
    "duplicate": _(
        "The order is in the file already. A further line needs a sku or a category."
    ),
    "order_rejected": _("Another line of the same order was refused."),
    "mixed_kinds": _("One number is an order or a refund, not both."),
    "two_members": _("One order has one member."),
    "changed": _(
        "The number is known with other content. Allow updates to replace it."
    ),
    "unknown_order": _("The order that is refunded is not known from this source."),
    "other_member": _("The order that is refunded is another member's."),
    "refund_exceeds_order": _("Refunds would be more than the order they belong to."),
}
DETAIL = re.compile(r"(?:(?P<field>[a-z_]+): )?[^«]*(?:«(?P<value>[^»]*)»)?")


@dataclass(frozen=True, kw_only=True)
class Explained:
    sentence: str | Promise
    field: str
    value: str


def explained(
    *,
    reason: str,
    detail: str,
    labels: Mapping[str, str],
    own: Mapping[str, str | Promise],
) -> Explained:
    """This is a refusal as a page tells it.

    `labels` are the names of the fields, `own` what the kind itself says of reasons.
    """
    match = DETAIL.match(detail)
    name = (match and match["field"]) or ""
    return Explained(
        sentence=own.get(reason) or REASONS.get(reason, detail),
        field=labels.get(name, name),
        value=(match and match["value"]) or "",
    )
