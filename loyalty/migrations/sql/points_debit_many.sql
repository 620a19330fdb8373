-- Debits in bulk: arrays of one length, one element a debit, all of one currency. One
-- that is refused says why and leaves the others standing. Accounts are locked at once, in
-- id order; then each is `points_debit`, in the order given, so that a row here and a
-- call there can never differ. p_now null: each is told at the moment it happened.
CREATE FUNCTION points_debit_many(
    p_currency text, p_role text, p_kind text, p_members bigint[], p_points bigint[],
    p_references text[], p_digests text[], p_at timestamptz[], p_rolling_until timestamptz[],
    p_versions int[], p_reason text, p_actor text, p_now timestamptz DEFAULT NULL
) RETURNS TABLE (
    reference text, transfer_id bigint, points bigint, replayed boolean, refused text, facts jsonb
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    v_account bigint;
    v_detail text;
    i int;
BEGIN
    PERFORM points_lock(array_agg(points_account(m, p_currency)))
       FROM (SELECT DISTINCT m FROM unnest(p_members) m ORDER BY m) members;
    FOR i IN 1 .. coalesce(cardinality(p_members), 0) LOOP
        SELECT id INTO v_account FROM loyalty_account
         WHERE member_id = p_members[i] AND currency = p_currency;
        reference := p_references[i];
        points := p_points[i];
        BEGIN
            SELECT d.transfer_id, d.replayed INTO transfer_id, replayed
              FROM points_debit(v_account, p_points[i], p_kind, p_role, p_references[i],
                   p_digests[i], p_at[i], coalesce(p_now, p_at[i]), p_versions[i], p_reason,
                   p_actor, p_rolling_until[i]) d;
            refused := NULL;
            facts := NULL;
        EXCEPTION WHEN SQLSTATE 'TN409' THEN
            GET STACKED DIAGNOSTICS refused = MESSAGE_TEXT, v_detail = PG_EXCEPTION_DETAIL;
            transfer_id := NULL;
            replayed := false;
            facts := v_detail::jsonb;
        END;
        RETURN NEXT;
    END LOOP;
END $$;
