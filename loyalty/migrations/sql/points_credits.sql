-- The kernel of the books, third part: what gives points to a member, and what moves
-- them between members.

-- One credit, as points_credit does it for many: statements on single values keep their
-- plans, those on arrays are planned again at every call.
CREATE FUNCTION points_credit_one(
    p_currency text, p_role text, p_kind text, p_member bigint, p_points bigint,
    p_reference text, p_digest text, p_at timestamptz, p_available timestamptz,
    p_expires timestamptz, p_rolling boolean, p_version int, p_parts jsonb, p_reason text,
    p_actor text, p_now timestamptz, OUT transfer_id bigint, OUT points bigint,
    OUT replayed boolean
) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    v_account loyalty_account;
    v_id bigint := points_account(p_member, p_currency);
    v_lot bigint;
BEGIN
    SELECT * INTO v_account FROM loyalty_account WHERE id = v_id FOR UPDATE;
    transfer_id := points_met(p_reference, p_digest);
    replayed := transfer_id IS NOT NULL;
    IF replayed THEN
        SELECT t.points INTO points FROM loyalty_transfer t
         WHERE t.id = points_credit_one.transfer_id;
        RETURN;
    END IF;
    p_now := greatest(p_now, v_account.known_at);
    IF v_account.debt > 0 OR p_rolling THEN
        PERFORM points_catch_up(ARRAY[v_id], p_now);
    END IF;
    points := p_points;
    INSERT INTO loyalty_transfer (currency, debit_account_id, credit_account_id, points, kind,
        reference, digest, occurred_at, posted_at, version, parts, reason, actor)
    VALUES (p_currency, points_own(p_role, p_currency), v_id, p_points, p_kind, p_reference,
        p_digest, p_at, p_now, p_version, p_parts, p_reason, p_actor)
    RETURNING id INTO transfer_id;
    INSERT INTO loyalty_lot (account_id, transfer_id, points, remaining, earned_at,
        available_at, expires_at, rolling)
    VALUES (v_id, points_credit_one.transfer_id, p_points, p_points, p_at, p_available,
        p_expires, p_rolling)
    RETURNING id INTO v_lot;
    UPDATE loyalty_account SET unspent = unspent + p_points, known_at = p_now WHERE id = v_id
    RETURNING * INTO v_account;
    IF p_rolling THEN
        PERFORM points_roll_lots(ARRAY[v_id]);
    END IF;
    IF v_account.debt > 0 THEN
        PERFORM points_settle(v_id, p_now, p_now, NULL, ARRAY[v_lot]);
    END IF;
    v_account := points_open(v_account, p_now);
END $$;

-- Credits in bulk, and one at a time: arrays of one length, one element a credit, all
-- of one currency. A reference met before is left alone if its digest is the same and
-- refused if not. New points pay debt first, pending or not.
CREATE FUNCTION points_credit(
    p_currency text, p_role text, p_kind text, p_members bigint[], p_points bigint[],
    p_references text[], p_digests text[], p_at timestamptz[], p_available timestamptz[],
    p_expires timestamptz[], p_rolling boolean[], p_versions int[], p_parts jsonb[],
    p_reason text, p_actor text, p_now timestamptz
) RETURNS TABLE (reference text, transfer_id bigint, points bigint, replayed boolean)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    v_accounts bigint[];
    v_own bigint;
    v_met text[];
    v_conflict text;
    v_fresh bigint[];
    a bigint;
BEGIN
    IF cardinality(p_references) = 1 THEN
        RETURN QUERY SELECT p_references[1], o.transfer_id, o.points, o.replayed
          FROM points_credit_one(p_currency, p_role, p_kind, p_members[1], p_points[1],
               p_references[1], p_digests[1], p_at[1], p_available[1], p_expires[1],
               p_rolling[1], p_versions[1], p_parts[1], p_reason, p_actor, p_now) o;
        RETURN;
    END IF;
    v_own := points_own(p_role, p_currency);
    INSERT INTO loyalty_account (member_id, currency, role)
    SELECT DISTINCT m, p_currency, 'member' FROM unnest(p_members) m
     WHERE NOT EXISTS (SELECT 1 FROM loyalty_account x
                        WHERE x.member_id = m AND x.currency = p_currency)
     ORDER BY m ON CONFLICT DO NOTHING;
    SELECT array_agg(id ORDER BY id) INTO v_accounts FROM loyalty_account
     WHERE member_id = ANY (p_members) AND currency = p_currency;
    PERFORM points_lock(v_accounts);

    -- Read once: a reference that another account takes after this is refused by its
    -- unique index, never passed over.
    SELECT coalesce(array_agg(t.reference), '{}'),
           min(t.reference) FILTER (WHERE t.digest <> i.digest) INTO v_met, v_conflict
      FROM unnest(p_references, p_digests) AS i (reference, digest)
      JOIN loyalty_transfer t ON t.reference = i.reference;
    IF v_conflict IS NOT NULL THEN
        PERFORM points_refuse('reference_conflict', jsonb_build_object('reference', v_conflict));
    END IF;

    RETURN QUERY
    SELECT t.reference::text, t.id, t.points, true
      FROM unnest(v_met) AS m (reference) JOIN loyalty_transfer t ON t.reference = m.reference;
    -- A repeat is no news: no end moves, no debt is paid by it.
    IF cardinality(v_met) = cardinality(p_references) THEN
        RETURN;
    END IF;

    -- What was due before pays before the new points do, and what has ended stays ended.
    PERFORM points_catch_up(array_agg(id), p_now) FROM loyalty_account
     WHERE id = ANY (v_accounts) AND (debt > 0 OR true = ANY (p_rolling)) HAVING count(*) > 0;

    RETURN QUERY
    WITH incoming AS MATERIALIZED (
        SELECT i.*, a.id AS account_id, greatest(p_now, a.known_at) AS posted,
               nextval('loyalty_transfer_id_seq') AS id
          FROM unnest(p_members, p_points, p_references, p_digests, p_at, p_available, p_expires,
                      p_rolling, p_versions, p_parts)
               AS i (member_id, points, reference, digest, at, available, expires, rolling,
                     version, parts)
          JOIN loyalty_account a ON a.member_id = i.member_id AND a.currency = p_currency
         WHERE NOT EXISTS (SELECT 1 FROM unnest(v_met) m WHERE m = i.reference)
    ), transfers AS (
        INSERT INTO loyalty_transfer (id, currency, debit_account_id, credit_account_id, points,
            kind, reference, digest, occurred_at, posted_at, version, parts, reason, actor)
        SELECT id, p_currency, v_own, account_id, points, p_kind, reference, digest, at, posted,
               version, parts, p_reason, p_actor FROM incoming
    ), lots AS (
        INSERT INTO loyalty_lot (account_id, transfer_id, points, remaining, earned_at,
            available_at, expires_at, rolling)
        SELECT account_id, id, points, points, at, available, expires, rolling FROM incoming
    ), totals AS (
        UPDATE loyalty_account a SET unspent = a.unspent + s.points, known_at = s.posted
          FROM (SELECT account_id, posted, sum(points) AS points
                  FROM incoming GROUP BY account_id, posted) s
         WHERE a.id = s.account_id
    )
    SELECT i.reference, i.id, i.points, false FROM incoming i;

    IF true = ANY (p_rolling) THEN
        PERFORM points_roll_lots(v_accounts);
    END IF;
    FOR a IN SELECT id FROM loyalty_account
              WHERE id = ANY (v_accounts) AND debt > 0 ORDER BY id LOOP
        SELECT array_agg(l.id) INTO v_fresh FROM loyalty_lot l
          JOIN loyalty_transfer t ON t.id = l.transfer_id
         WHERE l.account_id = a AND l.has_points
           AND t.reference = ANY (p_references) AND NOT t.reference = ANY (v_met);
        PERFORM points_settle(a, p_now, p_now, NULL, v_fresh);
    END LOOP;
    PERFORM points_catch_up(v_accounts, p_now);
END $$;

-- Lots that follow activity end where the last purchase before their end says. Repeats
-- until nothing moves, because a later end may reach a later purchase.
CREATE FUNCTION points_roll_lots(p_accounts bigint[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    LOOP
        UPDATE loyalty_lot l SET expires_at = s.until
          FROM (SELECT o.id, max(n.expires_at) AS until
                  FROM loyalty_lot o
                  JOIN loyalty_lot n ON n.account_id = o.account_id AND n.rolling
                       AND n.earned_at < o.expires_at
                 WHERE o.account_id = ANY (p_accounts) AND o.rolling AND o.has_points
                 GROUP BY o.id) s
         WHERE l.id = s.id AND s.until > l.expires_at;
        EXIT WHEN NOT FOUND;
    END LOOP;
END $$;

-- Gives back points of a redemption to the lots they came from, the last taken first.
-- A lot that has expired by p_at gives a new one that lasts until p_grace_until.
CREATE FUNCTION points_restore(
    p_redemption bigint, p_points bigint, p_reference text, p_digest text, p_at timestamptz,
    p_now timestamptz, p_grace_until timestamptz, p_reason text, p_actor text,
    OUT transfer_id bigint, OUT replayed boolean
) LANGUAGE plpgsql AS $$
DECLARE
    v_redemption loyalty_transfer;
    v_account bigint;
    v_before bigint;
    v_at timestamptz;
    l record;
    v_left bigint := p_points;
    v_back bigint;
BEGIN
    SELECT * INTO v_redemption FROM loyalty_transfer WHERE id = p_redemption;
    v_account := v_redemption.debit_account_id;
    PERFORM points_lock(ARRAY[v_account]);
    transfer_id := points_met(p_reference, p_digest);
    replayed := transfer_id IS NOT NULL;
    IF replayed THEN
        RETURN;
    END IF;
    p_now := points_now(v_account, p_now);
    PERFORM points_catch_up(ARRAY[v_account], p_now);
    SELECT coalesce(sum(points), 0) INTO v_before FROM loyalty_transfer
     WHERE reverses_id = p_redemption AND kind = 'restore';
    IF v_before + p_points > v_redemption.points THEN
        PERFORM points_refuse('restored_already', jsonb_build_object(
            'points', v_redemption.points, 'restored', v_before, 'asked', p_points));
    END IF;
    v_at := greatest(p_at, v_redemption.occurred_at);
    INSERT INTO loyalty_transfer (currency, debit_account_id, credit_account_id, points, kind,
        reference, digest, occurred_at, posted_at, reverses_id, version, reason, actor)
    VALUES (v_redemption.currency, v_redemption.credit_account_id, v_account, p_points,
        'restore', p_reference, p_digest, v_at, p_now, p_redemption, v_redemption.version,
        p_reason, p_actor)
    RETURNING id INTO transfer_id;
    FOR l IN SELECT o.id, o.expires_at, x.taken - coalesce(r.given, 0) - coalesce(g.given, 0)
                    AS points
               FROM (SELECT lot_id, sum(points) AS taken FROM loyalty_allocation x
                      WHERE x.transfer_id = p_redemption GROUP BY lot_id) x
               JOIN loyalty_lot o ON o.id = x.lot_id
               LEFT JOIN LATERAL (
                    SELECT -sum(b.points) AS given FROM loyalty_transfer t
                      JOIN loyalty_allocation b ON b.transfer_id = t.id
                     WHERE t.reverses_id = p_redemption AND b.lot_id = o.id AND b.points < 0
                    ) r ON true
               LEFT JOIN LATERAL (
                    SELECT sum(n.points) AS given FROM loyalty_transfer t
                      JOIN loyalty_lot n ON n.transfer_id = t.id
                     WHERE t.reverses_id = p_redemption AND n.origin_id = o.id) g ON true
              ORDER BY o.expires_at DESC NULLS FIRST, o.earned_at DESC, o.id DESC LOOP
        v_back := least(v_left, l.points);
        CONTINUE WHEN v_back <= 0;
        IF l.expires_at IS NULL OR l.expires_at > v_at THEN
            INSERT INTO loyalty_allocation (lot_id, transfer_id, points, occurred_at, posted_at)
            VALUES (l.id, points_restore.transfer_id, -v_back, v_at, p_now);
            UPDATE loyalty_lot SET remaining = remaining + v_back WHERE id = l.id;
        ELSE
            INSERT INTO loyalty_lot (account_id, transfer_id, points, remaining, earned_at,
                available_at, expires_at, origin_id)
            VALUES (v_account, points_restore.transfer_id, v_back, v_back, v_at, v_at,
                p_grace_until, l.id);
        END IF;
        v_left := v_left - v_back;
        EXIT WHEN v_left = 0;
    END LOOP;
    UPDATE loyalty_account SET unspent = unspent + p_points, known_at = p_now
     WHERE id = v_account;
    PERFORM points_pass(ARRAY[v_account], p_now, p_now, v_at);
END $$;

-- Points go from one member to another and keep their dates.
CREATE FUNCTION points_transfer(
    p_from_member bigint, p_to_member bigint, p_currency text, p_points bigint,
    p_reference text, p_digest text, p_now timestamptz, p_reason text, p_actor text,
    OUT transfer_id bigint, OUT replayed boolean
) LANGUAGE plpgsql AS $$
DECLARE
    v_from loyalty_account;
    v_to loyalty_account;
    v_first bigint;
    v_second bigint;
    v_giver bigint;
    v_taker bigint;
    v_lot bigint;
    v_taken bigint;
BEGIN
    -- Made in one order whoever gives: two that make each other's account would block.
    v_first := points_account(least(p_from_member, p_to_member), p_currency);
    v_second := points_account(greatest(p_from_member, p_to_member), p_currency);
    v_giver := CASE WHEN p_from_member <= p_to_member THEN v_first ELSE v_second END;
    v_taker := CASE WHEN p_from_member <= p_to_member THEN v_second ELSE v_first END;
    PERFORM 1 FROM loyalty_account WHERE id IN (v_giver, v_taker) ORDER BY id FOR UPDATE;
    transfer_id := points_met(p_reference, p_digest);
    replayed := transfer_id IS NOT NULL;
    IF replayed THEN
        RETURN;
    END IF;
    SELECT * INTO v_from FROM loyalty_account WHERE id = v_giver;
    SELECT * INTO v_to FROM loyalty_account WHERE id = v_taker;
    p_now := greatest(p_now, v_from.known_at, v_to.known_at);
    v_to := points_open(v_to, p_now);
    v_lot := points_first(v_from, p_points, p_now, p_now);
    IF v_lot IS NULL THEN
        v_from := points_open(v_from, p_now);
        PERFORM points_require(v_from, p_points, p_now, p_now);
    END IF;
    INSERT INTO loyalty_transfer (currency, debit_account_id, credit_account_id, points, kind,
        reference, digest, occurred_at, posted_at, reason, actor)
    VALUES (v_from.currency, v_giver, v_taker, p_points, 'transfer', p_reference, p_digest,
        p_now, p_now, p_reason, p_actor)
    RETURNING id INTO transfer_id;
    v_taken := points_take_all(v_giver, p_points, transfer_id, p_now, p_now, v_lot);
    INSERT INTO loyalty_lot (account_id, transfer_id, points, remaining, earned_at,
        available_at, expires_at, rolling, origin_id)
    SELECT v_taker, x.transfer_id, x.points, x.points, l.earned_at, p_now, l.expires_at, l.rolling,
           l.id
      FROM loyalty_allocation x JOIN loyalty_lot l ON l.id = x.lot_id
     WHERE x.transfer_id = points_transfer.transfer_id ORDER BY l.id;
    UPDATE loyalty_account SET unspent = unspent + p_points, known_at = p_now
     WHERE id = v_taker RETURNING * INTO v_to;
    v_to := points_open(v_to, p_now);
END $$;

-- What a member owes is given up: the programme bears it.
CREATE FUNCTION points_write_off(
    p_account bigint, p_points bigint, p_reference text, p_digest text, p_now timestamptz,
    p_reason text, p_actor text, OUT transfer_id bigint, OUT replayed boolean
) LANGUAGE plpgsql AS $$
DECLARE
    v_account loyalty_account;
    v_lot bigint;
BEGIN
    SELECT * INTO v_account FROM loyalty_account WHERE id = p_account FOR UPDATE;
    transfer_id := points_met(p_reference, p_digest);
    replayed := transfer_id IS NOT NULL;
    IF replayed THEN
        RETURN;
    END IF;
    p_now := greatest(p_now, v_account.known_at);
    v_account := points_open(v_account, p_now);
    IF v_account.debt < p_points THEN
        PERFORM points_refuse('not_owed',
            jsonb_build_object('debt', v_account.debt, 'asked', p_points));
    END IF;
    INSERT INTO loyalty_transfer (currency, debit_account_id, credit_account_id, points, kind,
        reference, digest, occurred_at, posted_at, reason, actor)
    VALUES (v_account.currency, points_own('uncollected', v_account.currency), p_account,
        p_points, 'write_off', p_reference, p_digest, p_now, p_now, p_reason, p_actor)
    RETURNING id INTO transfer_id;
    -- A lot like any credit's; it is spent on the debt at once and never available.
    INSERT INTO loyalty_lot (account_id, transfer_id, points, remaining, earned_at)
    VALUES (p_account, transfer_id, p_points, p_points, p_now) RETURNING id INTO v_lot;
    UPDATE loyalty_account SET unspent = unspent + p_points, known_at = p_now
     WHERE id = p_account;
    PERFORM points_settle(p_account, p_now, p_now, NULL, ARRAY[v_lot]);
END $$;

-- Delivery brings pending points of a transfer forward; a second time changes nothing.
CREATE FUNCTION points_activate(p_transfer bigint, p_at timestamptz, p_now timestamptz)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_account bigint;
    v_points bigint;
BEGIN
    SELECT credit_account_id INTO v_account FROM loyalty_transfer WHERE id = p_transfer;
    PERFORM points_lock(ARRAY[v_account]);
    WITH changed AS (
        UPDATE loyalty_lot SET available_at = greatest(p_at, earned_at)
         WHERE transfer_id = p_transfer
           AND (available_at IS NULL OR available_at > greatest(p_at, earned_at))
        RETURNING id, remaining, available_at
    ), recorded AS (
        INSERT INTO loyalty_activation (lot_id, at)
        SELECT id, available_at FROM changed ON CONFLICT DO NOTHING
    ) SELECT coalesce(sum(remaining), 0) INTO v_points FROM changed;
    PERFORM points_catch_up(ARRAY[v_account], p_now);
    RETURN v_points;
END $$;

-- Points that were pending when they were posted and became available in (p_from, p_now]:
-- written once each, dated by their rule, however late or often this runs.
CREATE FUNCTION points_activations(p_from timestamptz, p_now timestamptz) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    v_count bigint;
BEGIN
    INSERT INTO loyalty_activation (lot_id, at)
    SELECT l.id, l.available_at FROM loyalty_lot l JOIN loyalty_transfer t ON t.id = l.transfer_id
     WHERE l.available_at <= p_now AND (p_from IS NULL OR l.available_at > p_from)
       AND l.available_at > l.earned_at  -- which an index holds, and follows from the next
       AND l.available_at > t.posted_at
    ON CONFLICT DO NOTHING;
    GET DIAGNOSTICS v_count = ROW_COUNT;
    RETURN v_count;
END $$;

-- The accounts that time alone would change, in id order: lots that have ended, holds
-- whose time is over, debts that points could pay.
CREATE FUNCTION points_due(p_now timestamptz) RETURNS bigint[] LANGUAGE sql STABLE AS $$
    SELECT coalesce(array_agg(account_id ORDER BY account_id), '{}') FROM (
        SELECT l.account_id FROM loyalty_lot l
         WHERE l.has_points AND l.remaining > l.held AND l.expires_at <= p_now
        UNION
        SELECT account_id FROM loyalty_hold WHERE state = 'open' AND expires_at <= p_now
        UNION
        SELECT d.account_id FROM loyalty_debt d
         WHERE d.remaining > 0 AND EXISTS (
            SELECT 1 FROM loyalty_lot l WHERE l.account_id = d.account_id
               AND l.has_points AND l.remaining > l.held AND l.available_at <= p_now
               AND (l.expires_at IS NULL OR l.expires_at > greatest(l.available_at, d.incurred_at)))
    ) due
$$;

-- One step of the night: these accounts are brought up to now.
CREATE FUNCTION points_night(p_accounts bigint[], p_now timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM points_lock(p_accounts);
    PERFORM points_catch_up(p_accounts, p_now);
END $$;
