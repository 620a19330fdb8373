-- The kernel of the books, second part: what takes points from a member.
-- Each function is one call: it locks, meets a repeat, catches up with time, checks, posts.

-- A locked account as time has left it. Most have no hold, no debt and nothing to expire:
-- one look is all that a posting pays for time.
CREATE FUNCTION points_open(p_account loyalty_account, p_now timestamptz) RETURNS loyalty_account
LANGUAGE plpgsql AS $$
DECLARE
    v_account loyalty_account := p_account;
BEGIN
    IF p_account.held > 0 OR p_account.debt > 0 OR EXISTS (
        SELECT 1 FROM loyalty_lot WHERE account_id = p_account.id AND has_points
           AND remaining > held AND expires_at <= p_now) THEN
        PERFORM points_catch_up(ARRAY[p_account.id], p_now);
        SELECT * INTO v_account FROM loyalty_account WHERE id = p_account.id;
    END IF;
    RETURN v_account;
END $$;

-- The lot that gives all of p_points, where one look is enough: nothing held or owed,
-- nothing told late, and the first lot neither ended nor pending. Lots are read in the
-- order of their ends, so the first tells that none has ended. Null where more has to be
-- looked at, by points_open and points_require.
CREATE FUNCTION points_first(
    p_account loyalty_account, p_points bigint, p_at timestamptz, p_now timestamptz
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_lot bigint;
    v_free bigint;
    v_available timestamptz;
    v_expires timestamptz;
BEGIN
    IF p_account.held > 0 OR p_account.debt > 0 OR p_at < p_now THEN
        RETURN NULL;
    END IF;
    SELECT id, remaining - held, available_at, coalesce(expires_at, 'infinity')
      INTO v_lot, v_free, v_available, v_expires FROM loyalty_lot
     WHERE account_id = p_account.id AND has_points AND remaining > held
     ORDER BY loyalty_lot.expires_at NULLS LAST, earned_at, id LIMIT 1;
    RETURN CASE WHEN v_free >= p_points AND v_available <= p_at AND v_expires > p_at
                THEN v_lot END;
END $$;

-- Refuses unless p_points may be spent at p_at. A till that was offline asks for a
-- past moment: lots that have expired since are brought back as far as they are needed,
-- because they would have been spent first.
CREATE FUNCTION points_require(
    p_account loyalty_account, p_points bigint, p_at timestamptz, p_now timestamptz
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    l record;
    v_need bigint := p_points;
    v_gone bigint := 0;
    v_free bigint;
BEGIN
    v_free := CASE WHEN p_account.debt > 0 THEN 0 ELSE points_free(p_account.id, p_at, p_now) END;
    IF p_at < p_now AND p_account.debt = 0 THEN
        SELECT coalesce(sum(points_expired_of(id, p_at)), 0) INTO v_gone
          FROM loyalty_lot
         WHERE account_id = p_account.id AND available_at <= p_at
           AND expires_at > p_at AND expires_at <= p_now;
    END IF;
    IF v_free + v_gone < p_points THEN
        PERFORM points_refuse('insufficient_points', jsonb_build_object(
            'available', v_free + v_gone, 'asked', p_points, 'debt', p_account.debt));
    END IF;
    IF v_gone > 0 THEN
        FOR l IN SELECT id FROM loyalty_lot
                  WHERE account_id = p_account.id AND available_at <= p_at
                    AND expires_at > p_at AND expires_at <= p_now
                  ORDER BY expires_at, earned_at, id LOOP
            v_need := v_need - points_unexpire(l.id, v_need, p_at, p_now);
            EXIT WHEN v_need = 0;
        END LOOP;
    END IF;
END $$;

-- Activity moves the end of points that follow it (expiry by inactivity).
CREATE FUNCTION points_roll(p_account bigint, p_until timestamptz, p_at timestamptz) RETURNS void
LANGUAGE sql AS $$
    UPDATE loyalty_lot SET expires_at = p_until
     WHERE account_id = p_account AND rolling AND has_points
       AND expires_at > p_at AND expires_at < p_until AND p_until IS NOT NULL
$$;

-- Points leave a member for one of the programme's accounts: redemption, negative
-- adjustment. Refused: insufficient_points, reference_conflict.
CREATE FUNCTION points_debit(
    p_account bigint, p_points bigint, p_kind text, p_role text, p_reference text, p_digest text,
    p_at timestamptz, p_now timestamptz, p_version int, p_reason text, p_actor text,
    p_rolling_until timestamptz, OUT transfer_id bigint, OUT replayed boolean
) LANGUAGE plpgsql AS $$
DECLARE
    v_account loyalty_account;
    v_lot bigint;
    v_taken bigint;
BEGIN
    -- The lock itself returns the row as the one who held it before has left it.
    SELECT * INTO v_account FROM loyalty_account WHERE id = p_account FOR UPDATE;
    transfer_id := points_met(p_reference, p_digest);
    replayed := transfer_id IS NOT NULL;
    IF replayed THEN
        RETURN;
    END IF;
    p_now := greatest(p_now, v_account.known_at);
    v_lot := points_first(v_account, p_points, p_at, p_now);
    IF v_lot IS NULL THEN
        v_account := points_open(v_account, p_now);
        PERFORM points_require(v_account, p_points, p_at, p_now);
    END IF;
    INSERT INTO loyalty_transfer (currency, debit_account_id, credit_account_id, points, kind,
        reference, digest, occurred_at, posted_at, version, reason, actor)
    VALUES (v_account.currency, p_account, points_own(p_role, v_account.currency), p_points,
        p_kind, p_reference, p_digest, p_at, p_now, p_version, p_reason, p_actor)
    RETURNING id INTO transfer_id;
    v_taken := points_take_all(p_account, p_points, transfer_id, p_at, p_now, v_lot);
    IF p_rolling_until IS NOT NULL THEN
        PERFORM points_roll(p_account, p_rolling_until, p_at);
    END IF;
END $$;

-- Sets points aside. They stay in the balance and leave what is available.
CREATE FUNCTION points_hold(
    p_account bigint, p_points bigint, p_reference text, p_digest text,
    p_now timestamptz, p_expires_at timestamptz, OUT hold_id bigint, OUT replayed boolean
) LANGUAGE plpgsql AS $$
DECLARE
    v_account loyalty_account;
    v_digest text;
BEGIN
    SELECT * INTO v_account FROM loyalty_account WHERE id = p_account FOR UPDATE;
    SELECT id, digest INTO hold_id, v_digest FROM loyalty_hold
     WHERE account_id = p_account AND reference = p_reference;
    replayed := hold_id IS NOT NULL;
    IF replayed THEN
        IF v_digest <> p_digest THEN
            PERFORM points_refuse('reference_conflict',
                jsonb_build_object('reference', p_reference));
        END IF;
        RETURN;
    END IF;
    p_now := greatest(p_now, v_account.known_at);
    IF p_expires_at <= p_now THEN
        -- Its time was over before its turn came.
        PERFORM points_refuse('hold_over', jsonb_build_object('expires_at', p_expires_at));
    END IF;
    IF points_first(v_account, p_points, p_now, p_now) IS NULL THEN
        v_account := points_open(v_account, p_now);
        PERFORM points_require(v_account, p_points, p_now, p_now);
    END IF;
    INSERT INTO loyalty_hold (account_id, points, reference, digest, placed_at, expires_at)
    VALUES (p_account, p_points, p_reference, p_digest, p_now, p_expires_at)
    RETURNING id INTO hold_id;
    WITH queue AS (
        SELECT id, remaining - held AS free,
               sum(remaining - held) OVER (ORDER BY expires_at NULLS LAST, earned_at, id) AS upto
          FROM loyalty_lot
         WHERE account_id = p_account AND has_points AND remaining > held
           AND available_at <= p_now AND (expires_at IS NULL OR expires_at > p_now)
    ), chosen AS (
        SELECT id, least(free, p_points - (upto - free))::bigint AS points
          FROM queue WHERE upto - free < p_points
    ), lots AS (
        UPDATE loyalty_lot l SET held = l.held + c.points FROM chosen c WHERE l.id = c.id
    )
    INSERT INTO loyalty_holdallocation (hold_id, lot_id, points)
    SELECT hold_id, id, points FROM chosen ORDER BY id;
    UPDATE loyalty_account SET held = held + p_points, known_at = p_now WHERE id = p_account;
END $$;

-- Ends a hold: spends p_points of it (null: all; 0: none) and gives the rest back.
-- Points of lots that have expired meanwhile are spent all the same, or expire now.
CREATE FUNCTION points_resolve(
    p_hold bigint, p_points bigint, p_now timestamptz, p_version int,
    p_actor text, p_rolling_until timestamptz, OUT transfer_id bigint
) LANGUAGE plpgsql AS $$
DECLARE
    v_hold loyalty_hold;
    v_account loyalty_account;
    v_spent bigint;
BEGIN
    SELECT * INTO v_hold FROM loyalty_hold WHERE id = p_hold;
    PERFORM points_lock(ARRAY[v_hold.account_id]);
    p_now := points_now(v_hold.account_id, p_now);
    PERFORM points_catch_up(ARRAY[v_hold.account_id], p_now);
    SELECT * INTO v_hold FROM loyalty_hold WHERE id = p_hold;
    IF v_hold.state <> 'open' THEN
        PERFORM points_refuse('hold_resolved', jsonb_build_object('state', v_hold.state));
    END IF;
    v_spent := coalesce(p_points, v_hold.points);
    IF v_spent > v_hold.points THEN
        PERFORM points_refuse('hold_exceeded',
            jsonb_build_object('held', v_hold.points, 'asked', v_spent));
    END IF;
    SELECT * INTO v_account FROM loyalty_account WHERE id = v_hold.account_id;
    IF v_spent > 0 THEN
        INSERT INTO loyalty_transfer (currency, debit_account_id, credit_account_id, points,
            kind, reference, occurred_at, posted_at, version, actor)
        VALUES (v_account.currency, v_account.id, points_own('redeemed', v_account.currency),
            v_spent, 'redeem', 'hold:' || p_hold, p_now, p_now, p_version, p_actor)
        RETURNING id INTO transfer_id;
    END IF;
    WITH queue AS (
        SELECT h.lot_id, h.points,
               sum(h.points) OVER (ORDER BY l.expires_at NULLS LAST, l.earned_at, l.id) AS upto
          FROM loyalty_holdallocation h JOIN loyalty_lot l ON l.id = h.lot_id
         WHERE h.hold_id = p_hold
    ), chosen AS (
        SELECT lot_id, points,
               least(points, greatest(0, v_spent - (upto - points)))::bigint AS spent FROM queue
    ), lots AS (
        UPDATE loyalty_lot l SET held = l.held - c.points, remaining = l.remaining - c.spent
          FROM chosen c WHERE l.id = c.lot_id
    )
    INSERT INTO loyalty_allocation (lot_id, transfer_id, points, occurred_at, posted_at)
    SELECT c.lot_id, points_resolve.transfer_id, c.spent, p_now, p_now
      FROM chosen c WHERE c.spent > 0 ORDER BY c.lot_id;
    UPDATE loyalty_account SET held = held - v_hold.points, unspent = unspent - v_spent,
           known_at = p_now WHERE id = v_account.id;
    UPDATE loyalty_hold SET captured = v_spent, resolved_at = p_now,
           state = CASE WHEN v_spent > 0 THEN 'captured' ELSE 'released' END
     WHERE id = p_hold;
    IF v_spent > 0 THEN
        PERFORM points_roll(v_account.id, p_rolling_until, p_now);
    END IF;
    PERFORM points_pass(ARRAY[v_account.id], p_now, p_now, p_now);
END $$;

-- Takes back what an earning gave: its own lot first (pending or not, expired points
-- of it too), then other lots available then, then by policy: a debt, or the uncollected
-- account. `own_then_debt`, `not_below_zero`, `pending_only`.
CREATE FUNCTION points_reverse(
    p_earning bigint, p_points bigint, p_parts jsonb, p_policy text, p_reference text,
    p_digest text, p_at timestamptz, p_now timestamptz, p_reason text, p_actor text,
    OUT transfer_id bigint, OUT taken bigint, OUT owed bigint, OUT uncollected bigint,
    OUT replayed boolean
) LANGUAGE plpgsql AS $$
DECLARE
    v_met bigint;
    v_gone bigint;
    v_earning loyalty_transfer;
    v_account bigint;
    v_at timestamptz;
    v_before bigint;
    v_left bigint;
    v_take bigint;
    v_lots bigint[] := '{}';
    v_takes bigint[] := '{}';
    l record;
BEGIN
    SELECT * INTO v_earning FROM loyalty_transfer WHERE id = p_earning;
    v_account := v_earning.credit_account_id;
    PERFORM points_lock(ARRAY[v_account]);
    -- In variables: as a condition the function would be asked of every row.
    v_met := points_met(p_reference, p_digest);
    v_gone := points_met(p_reference || ':uncollected', p_digest);
    SELECT t.id, t.points, coalesce(d.points, 0) INTO transfer_id, taken, owed
      FROM loyalty_transfer t LEFT JOIN loyalty_debt d ON d.transfer_id = t.id
     WHERE t.id = v_met;
    SELECT coalesce(sum(points), 0) INTO uncollected FROM loyalty_transfer
     WHERE id = v_gone;
    replayed := transfer_id IS NOT NULL OR uncollected > 0;
    IF replayed THEN
        owed := coalesce(owed, 0);
        taken := coalesce(taken, 0) - owed;
        RETURN;
    END IF;
    p_now := points_now(v_account, p_now);
    PERFORM points_catch_up(ARRAY[v_account], p_now);
    SELECT coalesce(sum(points), 0) INTO v_before FROM loyalty_transfer
     WHERE reverses_id = p_earning AND kind IN ('reverse', 'uncollected');
    IF v_before + p_points > v_earning.points THEN
        PERFORM points_refuse('reversed_already', jsonb_build_object(
            'points', v_earning.points, 'reversed', v_before, 'asked', p_points));
    END IF;
    IF EXISTS (
        SELECT 1 FROM jsonb_each_text(CASE WHEN v_earning.parts IS NOT NULL THEN p_parts END) p
         WHERE p.value::bigint + coalesce((
                   SELECT sum((t.parts ->> p.key)::bigint) FROM loyalty_transfer t
                    WHERE t.reverses_id = p_earning AND t.kind IN ('reverse', 'uncollected')), 0)
               > coalesce((v_earning.parts ->> p.key)::bigint, 0)) THEN
        PERFORM points_refuse('reversed_already', jsonb_build_object('parts', p_parts));
    END IF;
    v_at := greatest(p_at, v_earning.occurred_at);
    transfer_id := nextval('loyalty_transfer_id_seq');

    -- First the plan, on rows nobody else can change under the lock; then the rows.
    v_left := p_points;
    FOR l IN SELECT o.id, o.available_at,
                    CASE WHEN v_at < p_now THEN greatest(0, points_free_since(o.id, v_at))
                         ELSE o.remaining - o.held END AS free
               FROM loyalty_lot o
              WHERE o.transfer_id = p_earning AND o.account_id = v_account ORDER BY o.id LOOP
        CONTINUE WHEN p_policy = 'pending_only' AND l.available_at <= v_at;
        v_take := least(v_left, l.free);
        IF v_take < v_left THEN
            v_take := v_take + points_unexpire(l.id, v_left - v_take, v_at, p_now);
        END IF;
        IF v_take > 0 THEN
            v_lots := v_lots || l.id;
            v_takes := v_takes || v_take;
            v_left := v_left - v_take;
        END IF;
    END LOOP;
    -- Told late: other lots that have ended since would have been taken first.
    IF p_policy <> 'pending_only' AND v_at < p_now THEN
        FOR l IN SELECT o.id FROM loyalty_lot o
                  WHERE o.account_id = v_account AND o.transfer_id <> p_earning
                    AND o.available_at <= v_at AND o.expires_at > v_at
                    AND o.expires_at <= p_now
                  ORDER BY o.expires_at, o.earned_at, o.id LOOP
            EXIT WHEN v_left = 0;
            v_take := points_unexpire(l.id, v_left, v_at, p_now);
            IF v_take > 0 THEN
                v_lots := v_lots || l.id;
                v_takes := v_takes || v_take;
                v_left := v_left - v_take;
            END IF;
        END LOOP;
    END IF;
    IF v_left > 0 AND p_policy <> 'pending_only' THEN
        WITH lots AS (
            SELECT o.id, o.expires_at, o.earned_at,
                   CASE WHEN v_at < p_now THEN points_free_since(o.id, v_at)
                        ELSE o.remaining - o.held END AS free
              FROM loyalty_lot o
             WHERE o.account_id = v_account AND o.transfer_id <> p_earning
               AND NOT o.id = ANY (v_lots) AND o.has_points AND o.remaining > o.held
               AND o.available_at <= v_at AND (o.expires_at IS NULL OR o.expires_at > v_at)
        ), queue AS (
            SELECT id, free,
                   sum(free) OVER (ORDER BY expires_at NULLS LAST, earned_at, id) AS upto
              FROM lots WHERE free > 0
        )
        SELECT v_lots || array_agg(id), v_takes || array_agg(least(free, v_left - (upto - free))::bigint)
          INTO v_lots, v_takes FROM queue WHERE upto - free < v_left;
    END IF;
    SELECT coalesce(sum(t), 0) INTO taken FROM unnest(v_takes) t;
    owed := CASE WHEN p_policy = 'own_then_debt' THEN p_points - taken ELSE 0 END;
    uncollected := p_points - taken - owed;

    IF taken + owed > 0 THEN
        INSERT INTO loyalty_transfer (id, currency, debit_account_id, credit_account_id, points,
            kind, reference, digest, occurred_at, posted_at, reverses_id, version, parts, reason,
            actor)
        VALUES (transfer_id, v_earning.currency, v_account, v_earning.debit_account_id,
            taken + owed, 'reverse', p_reference, p_digest, v_at, p_now, p_earning,
            v_earning.version, p_parts, p_reason, p_actor);
        INSERT INTO loyalty_allocation (lot_id, transfer_id, points, occurred_at, posted_at)
        SELECT p.lot_id, points_reverse.transfer_id, p.points, v_at, p_now
          FROM unnest(v_lots, v_takes) AS p (lot_id, points) ORDER BY p.lot_id;
        UPDATE loyalty_lot o SET remaining = o.remaining - p.points
          FROM unnest(v_lots, v_takes) AS p (lot_id, points) WHERE o.id = p.lot_id;
        IF owed > 0 THEN
            INSERT INTO loyalty_debt (transfer_id, account_id, points, remaining, incurred_at)
            VALUES (transfer_id, v_account, owed, owed, v_at);
        END IF;
        UPDATE loyalty_account SET unspent = unspent - taken, debt = debt + owed,
               known_at = p_now WHERE id = v_account;
    ELSE
        transfer_id := NULL;
    END IF;
    IF uncollected > 0 THEN
        INSERT INTO loyalty_transfer (currency, debit_account_id, credit_account_id, points,
            kind, reference, digest, occurred_at, posted_at, reverses_id, version,
            parts, reason, actor)
        VALUES (v_earning.currency, points_own('uncollected', v_earning.currency),
            v_earning.debit_account_id, uncollected, 'uncollected',
            p_reference || ':uncollected', p_digest, v_at, p_now, p_earning, v_earning.version,
            CASE WHEN taken + owed = 0 THEN p_parts END, p_reason, p_actor);
    END IF;
    IF owed > 0 AND v_at < p_now THEN
        PERFORM points_settle_late(v_account, transfer_id, p_now);
    END IF;
    PERFORM points_catch_up(ARRAY[v_account], p_now);
END $$;
