-- What is only added to is not emptied at once either. A database of tests or benches says
-- that it may be: ALTER DATABASE … SET tern.may_empty_books = 'yes'.
CREATE FUNCTION members_never_emptied() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('tern.may_empty_books', true) IS DISTINCT FROM 'yes' THEN
        RAISE EXCEPTION 'never emptied: %', TG_TABLE_NAME
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER audit_entry_never_emptied BEFORE TRUNCATE ON members_auditentry
    FOR EACH STATEMENT EXECUTE FUNCTION members_never_emptied();
CREATE TRIGGER programme_version_never_emptied BEFORE TRUNCATE ON members_programmeversion
    FOR EACH STATEMENT EXECUTE FUNCTION members_never_emptied();
