from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import IntegrityError

from members.audit import services as audit
from members.audit.models import AuditEntry

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.django_db
@pytest.mark.parametrize("act", ["update", "delete"])
def test_an_entry_is_never_changed(act):
    audit.record(actor=None, action="test", target="Thing:1", details={}, at=AT)
    entries = AuditEntry.objects.all()

    with pytest.raises(IntegrityError, match="never changed"):
        entries.update(action="other") if act == "update" else entries.delete()
