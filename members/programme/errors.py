from __future__ import annotations

from django.utils.translation import gettext_lazy

from config.lib.errors import DomainError


class InvalidSetting(DomainError):
    """A setting was refused; `field` names it and the text says what is accepted."""

    code = "invalid_setting"
    message = gettext_lazy("This setting is not accepted.")
