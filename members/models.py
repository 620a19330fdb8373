"""An index for Django only; import from the features themselves."""

from members.access.models import ApiKey, Store, User
from members.api.models import IdempotentRequest
from members.approvals.models import Approval
from members.audit.models import AuditEntry
from members.imports.models import ImportBatch, RejectedRow, Upload
from members.jobs.models import Job
from members.profiles.models import (
    Attribute,
    ChangedMember,
    Consent,
    Enrolment,
    Identifier,
    Label,
    Member,
)
from members.programme.models import ProgrammeDraft, ProgrammeVersion

__all__ = [
    "ApiKey",
    "Approval",
    "Attribute",
    "AuditEntry",
    "ChangedMember",
    "Consent",
    "Enrolment",
    "IdempotentRequest",
    "Identifier",
    "ImportBatch",
    "Job",
    "Label",
    "Member",
    "ProgrammeDraft",
    "ProgrammeVersion",
    "RejectedRow",
    "Store",
    "Upload",
    "User",
]
