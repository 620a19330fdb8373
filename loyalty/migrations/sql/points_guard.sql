-- What can never happen to the books, whoever writes.

CREATE FUNCTION points_never_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'rows of % are never changed; post another transfer', TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
END $$;

CREATE TRIGGER transfer_never_changed BEFORE UPDATE OR DELETE ON loyalty_transfer
    FOR EACH ROW EXECUTE FUNCTION points_never_changed();
CREATE TRIGGER allocation_never_changed BEFORE UPDATE OR DELETE ON loyalty_allocation
    FOR EACH ROW EXECUTE FUNCTION points_never_changed();
CREATE TRIGGER holdallocation_never_changed BEFORE UPDATE OR DELETE ON loyalty_holdallocation
    FOR EACH ROW EXECUTE FUNCTION points_never_changed();
CREATE TRIGGER activation_never_changed BEFORE UPDATE OR DELETE ON loyalty_activation
    FOR EACH ROW EXECUTE FUNCTION points_never_changed();
CREATE TRIGGER lot_never_deleted BEFORE DELETE ON loyalty_lot
    FOR EACH ROW EXECUTE FUNCTION points_never_changed();
CREATE TRIGGER account_never_deleted BEFORE DELETE ON loyalty_account
    FOR EACH ROW EXECUTE FUNCTION points_never_changed();
CREATE TRIGGER debt_never_deleted BEFORE DELETE ON loyalty_debt
    FOR EACH ROW EXECUTE FUNCTION points_never_changed();
CREATE TRIGGER hold_never_deleted BEFORE DELETE ON loyalty_hold
    FOR EACH ROW EXECUTE FUNCTION points_never_changed();

-- All rows at once are no exception. A database of tests or benches says that it may be
-- emptied: ALTER DATABASE … SET tern.may_empty_books = 'yes'.
CREATE FUNCTION points_never_emptied() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('tern.may_empty_books', true) IS DISTINCT FROM 'yes' THEN
        RAISE EXCEPTION 'the books are never emptied: %', TG_TABLE_NAME
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END $$;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['account', 'transfer', 'lot', 'allocation', 'hold',
                                'holdallocation', 'debt', 'activation'] LOOP
        EXECUTE format('CREATE TRIGGER %I BEFORE TRUNCATE ON %I FOR EACH STATEMENT'
                       ' EXECUTE FUNCTION points_never_emptied()',
                       name || '_never_emptied', 'loyalty_' || name);
    END LOOP;
END $$;

-- Of a lot only what is left changes; it becomes available sooner, never later,
-- and its end moves only where it follows the member's activity, and only on. Asked where
-- an update names one of its terms: spending and giving back name none.
CREATE TRIGGER lot_keeps_its_terms BEFORE UPDATE OF id, account_id, transfer_id, points, earned_at,
    rolling, origin_id, available_at, expires_at ON loyalty_lot FOR EACH ROW
    WHEN (ROW(OLD.id, OLD.account_id, OLD.transfer_id, OLD.points, OLD.earned_at, OLD.rolling,
              OLD.origin_id)
              IS DISTINCT FROM
          ROW(NEW.id, NEW.account_id, NEW.transfer_id, NEW.points, NEW.earned_at, NEW.rolling,
              NEW.origin_id)
       OR (NEW.available_at IS DISTINCT FROM OLD.available_at
           AND (NEW.available_at IS NULL OR NEW.available_at > OLD.available_at))
       OR (NEW.expires_at IS DISTINCT FROM OLD.expires_at
           AND (NOT OLD.rolling OR NEW.expires_at IS NULL OR NEW.expires_at < OLD.expires_at)))
    EXECUTE FUNCTION points_never_changed();

CREATE TRIGGER account_keeps_its_owner BEFORE UPDATE OF id, member_id, currency, role
    ON loyalty_account FOR EACH ROW
    WHEN (ROW(OLD.id, OLD.member_id, OLD.currency, OLD.role)
              IS DISTINCT FROM ROW(NEW.id, NEW.member_id, NEW.currency, NEW.role))
    EXECUTE FUNCTION points_never_changed();

CREATE TRIGGER debt_keeps_its_terms BEFORE UPDATE ON loyalty_debt FOR EACH ROW
    WHEN (ROW(OLD.transfer_id, OLD.account_id, OLD.points, OLD.incurred_at)
              IS DISTINCT FROM ROW(NEW.transfer_id, NEW.account_id, NEW.points, NEW.incurred_at)
          OR NEW.remaining > OLD.remaining)
    EXECUTE FUNCTION points_never_changed();

CREATE TRIGGER hold_resolves_once BEFORE UPDATE ON loyalty_hold FOR EACH ROW
    WHEN (OLD.state <> 'open'
          OR ROW(OLD.account_id, OLD.points, OLD.reference, OLD.digest, OLD.placed_at, OLD.expires_at)
              IS DISTINCT FROM
             ROW(NEW.account_id, NEW.points, NEW.reference, NEW.digest, NEW.placed_at, NEW.expires_at))
    EXECUTE FUNCTION points_never_changed();

-- Rows that every posting writes leave room for their next version on the same page.
ALTER TABLE loyalty_account SET (fillfactor = 70);
ALTER TABLE loyalty_lot SET (fillfactor = 80);
