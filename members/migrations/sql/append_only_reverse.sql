DROP TRIGGER consent_never_rewritten ON members_consent;
DROP TRIGGER programme_version_append_only ON members_programmeversion;
DROP TRIGGER audit_entry_append_only ON members_auditentry;
DROP FUNCTION members_append_only();
