"""The refusals of the business, as one family the edges know how to show."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy


class DomainError(Exception):
    """A rule said no. Subclasses stand beside the service that raises them.

    `code` is for machines and stays the same for ever; `message` is a translated
    sentence for people; `field` names the form field at fault, if one is.
    """

    code = "refused"
    message: str | Promise = gettext_lazy("This is not allowed.")
    field: str | None = None

    def __init__(
        self,
        message: str | Promise | None = None,
        *,
        code: str | None = None,
        field: str | None = None,
    ) -> None:
        super().__init__(message)
        if message is not None:
            self.message = message
        if code is not None:
            self.code = code
        if field is not None:
            self.field = field

    def __str__(self) -> str:
        return str(self.message)
