CREATE FUNCTION members_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are never changed', TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE TRIGGER audit_entry_append_only
    BEFORE UPDATE OR DELETE ON members_auditentry
    FOR EACH ROW EXECUTE FUNCTION members_append_only();

CREATE TRIGGER programme_version_append_only
    BEFORE UPDATE OR DELETE ON members_programmeversion
    FOR EACH ROW EXECUTE FUNCTION members_append_only();

-- A consent may go with its member, it is never rewritten.
CREATE TRIGGER consent_never_rewritten
    BEFORE UPDATE ON members_consent
    FOR EACH ROW EXECUTE FUNCTION members_append_only();
