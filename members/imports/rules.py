"""Limits of imports, with their reasons."""

from __future__ import annotations

# Rejected rows hold personal data; long enough to mend a monthly export.
REJECTS_KEPT = 60  # days
# An upload is kept until its rejects are settled, in case it must be looked at.
UPLOADS_KEPT = 7  # days
# Larger files belong on the command line, where nothing has to travel by browser.
UPLOAD_LIMIT = 200 * 1024 * 1024
# Rows shown to map columns by.
PREVIEW_ROWS = 20
DEFAULT_SOURCE = "external"
