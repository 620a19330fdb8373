DROP TRIGGER transfer_never_changed ON loyalty_transfer;
DROP TRIGGER allocation_never_changed ON loyalty_allocation;
DROP TRIGGER holdallocation_never_changed ON loyalty_holdallocation;
DROP TRIGGER activation_never_changed ON loyalty_activation;
DROP TRIGGER lot_never_deleted ON loyalty_lot;
DROP TRIGGER account_never_deleted ON loyalty_account;
DROP TRIGGER debt_never_deleted ON loyalty_debt;
DROP TRIGGER hold_never_deleted ON loyalty_hold;
DROP TRIGGER lot_keeps_its_terms ON loyalty_lot;
DROP TRIGGER account_keeps_its_owner ON loyalty_account;
DROP TRIGGER debt_keeps_its_terms ON loyalty_debt;
DROP TRIGGER hold_resolves_once ON loyalty_hold;
DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['account', 'transfer', 'lot', 'allocation', 'hold',
                                'holdallocation', 'debt', 'activation'] LOOP
        EXECUTE format('DROP TRIGGER %I ON %I', name || '_never_emptied', 'loyalty_' || name);
    END LOOP;
END $$;
DROP FUNCTION points_never_emptied();
DROP FUNCTION points_never_changed();
