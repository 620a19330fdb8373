"""Why an entry was posted where no person gave a reason: a code in the books, words on pages."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

# People's own reasons do not begin with ~; what they write is shown as it is.
IMPORT_UNDONE = "~import_undone"

_WORDS = {IMPORT_UNDONE: _("The import of the order was undone.")}


def words(reason: str) -> str:
    """This is a reason in the reader's language, if it is one of ours."""
    return str(_WORDS.get(reason, reason))
