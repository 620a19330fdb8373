DROP TRIGGER programme_version_never_emptied ON members_programmeversion;
DROP TRIGGER audit_entry_never_emptied ON members_auditentry;
DROP FUNCTION members_never_emptied();
