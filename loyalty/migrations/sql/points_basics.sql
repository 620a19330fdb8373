-- The kernel of the books, first part: what every operation does.
--
-- Every operation locks its member accounts in id order in a statement of its own,
-- and reads only after that: in READ COMMITTED a statement that locks and reads would
-- read rows older than the lock. Times are arguments: p_at is when it happened,
-- p_now when the books learn of it.

CREATE FUNCTION points_refuse(p_code text, p_facts jsonb DEFAULT '{}') RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '%', p_code USING ERRCODE = 'TN409', DETAIL = p_facts::text;
END $$;

CREATE FUNCTION points_account(p_member bigint, p_currency text) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    v_id bigint;
BEGIN
    SELECT id INTO v_id FROM loyalty_account
     WHERE member_id = p_member AND currency = p_currency;
    IF v_id IS NULL THEN
        INSERT INTO loyalty_account (member_id, currency, role)
        VALUES (p_member, p_currency, 'member') ON CONFLICT DO NOTHING RETURNING id INTO v_id;
    END IF;
    IF v_id IS NULL THEN
        SELECT id INTO v_id FROM loyalty_account
         WHERE member_id = p_member AND currency = p_currency;
    END IF;
    RETURN v_id;
END $$;

CREATE FUNCTION points_own(p_role text, p_currency text) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    v_id bigint;
BEGIN
    SELECT id INTO v_id FROM loyalty_account
     WHERE member_id IS NULL AND role = p_role AND currency = p_currency;
    IF v_id IS NULL THEN
        INSERT INTO loyalty_account (currency, role)
        VALUES (p_currency, p_role) ON CONFLICT DO NOTHING RETURNING id INTO v_id;
    END IF;
    IF v_id IS NULL THEN
        SELECT id INTO v_id FROM loyalty_account
         WHERE member_id IS NULL AND role = p_role AND currency = p_currency;
    END IF;
    RETURN v_id;
END $$;

CREATE FUNCTION points_lock(p_accounts bigint[]) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM loyalty_account WHERE id = ANY (p_accounts) ORDER BY id FOR UPDATE;
END $$;

-- The transfer a business key has made before: its id, or null. Another payload
-- under the same key is refused. Call it under the lock.
CREATE FUNCTION points_met(p_reference text, p_digest text) RETURNS bigint
LANGUAGE plpgsql AS $$
DECLARE
    v_id bigint;
    v_digest text;
BEGIN
    SELECT id, digest INTO v_id, v_digest FROM loyalty_transfer WHERE reference = p_reference;
    IF v_id IS NOT NULL AND v_digest <> p_digest THEN
        PERFORM points_refuse('reference_conflict', jsonb_build_object('reference', p_reference));
    END IF;
    RETURN v_id;
END $$;

-- Points of a lot that are neither spent nor held, in the order they are spent:
-- what expires first, then what was earned first; never-expiring points last.
-- Takes up to p_points for a transfer that exists already; returns what it took.
CREATE FUNCTION points_take(
    p_account bigint, p_points bigint, p_transfer bigint, p_at timestamptz, p_now timestamptz
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_taken bigint;
BEGIN
    WITH queue AS (
        SELECT id, remaining - held AS free,
               sum(remaining - held) OVER (ORDER BY expires_at NULLS LAST, earned_at, id)
                   AS upto
          FROM loyalty_lot
         WHERE account_id = p_account AND remaining > 0 AND remaining > held
           AND available_at <= p_at AND (expires_at IS NULL OR expires_at > p_at)
    ), chosen AS (
        SELECT id, least(free, p_points - (upto - free))::bigint AS points
          FROM queue WHERE upto - free < p_points
    ), lots AS (
        UPDATE loyalty_lot l SET remaining = l.remaining - c.points
          FROM chosen c WHERE l.id = c.id
    ), written AS (
        INSERT INTO loyalty_allocation (lot_id, transfer_id, points, occurred_at, posted_at)
        SELECT id, p_transfer, points, p_at, p_now FROM chosen ORDER BY id
        RETURNING points
    )
    SELECT coalesce(sum(points), 0) INTO v_taken FROM written;
    UPDATE loyalty_account SET unspent = unspent - v_taken WHERE id = p_account;
    RETURN v_taken;
END $$;

-- What may be spent at a moment, after points_catch_up.
CREATE FUNCTION points_free(p_account bigint, p_at timestamptz) RETURNS bigint
LANGUAGE sql STABLE AS $$
    SELECT coalesce(sum(remaining - held), 0)::bigint FROM loyalty_lot
     WHERE account_id = p_account AND remaining > 0
       AND available_at <= p_at AND (expires_at IS NULL OR expires_at > p_at)
$$;

-- Debts of an account are paid, the oldest first, by points that are available and
-- by the lots in p_fresh, which pay from the moment they are earned.
CREATE FUNCTION points_settle(p_account bigint, p_now timestamptz, p_fresh bigint[] DEFAULT '{}')
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    d record;
    v_paid bigint;
BEGIN
    FOR d IN SELECT * FROM loyalty_debt WHERE account_id = p_account AND remaining > 0
              ORDER BY incurred_at, transfer_id LOOP
        WITH queue AS (
            SELECT id, remaining - held AS free,
                   CASE WHEN id = ANY (p_fresh) THEN earned_at ELSE available_at END AS from_at,
                   sum(remaining - held) OVER (ORDER BY expires_at NULLS LAST, earned_at, id)
                       AS upto
              FROM loyalty_lot
             WHERE account_id = p_account AND remaining > 0 AND remaining > held
               AND (available_at <= p_now OR id = ANY (p_fresh))
               AND (expires_at IS NULL OR expires_at > greatest(d.incurred_at,
                        CASE WHEN id = ANY (p_fresh) THEN earned_at ELSE available_at END))
        ), chosen AS (
            SELECT id, from_at, least(free, d.remaining - (upto - free))::bigint AS points
              FROM queue WHERE upto - free < d.remaining
        ), lots AS (
            UPDATE loyalty_lot l SET remaining = l.remaining - c.points
              FROM chosen c WHERE l.id = c.id
        ), written AS (
            INSERT INTO loyalty_allocation (lot_id, transfer_id, points, occurred_at, posted_at)
            SELECT id, d.transfer_id, points, greatest(d.incurred_at, from_at), p_now
              FROM chosen ORDER BY id
            RETURNING points
        )
        SELECT coalesce(sum(points), 0) INTO v_paid FROM written;
        EXIT WHEN v_paid = 0;
        UPDATE loyalty_debt SET remaining = remaining - v_paid WHERE transfer_id = d.transfer_id;
        UPDATE loyalty_account SET unspent = unspent - v_paid, debt = debt - v_paid
         WHERE id = p_account;
    END LOOP;
END $$;

-- What time alone has done to locked accounts: holds run out, debts are paid by
-- points that became available, lots expire. Safe to run twice.
CREATE FUNCTION points_catch_up(p_accounts bigint[], p_now timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    a bigint;
BEGIN
    IF EXISTS (SELECT 1 FROM loyalty_account WHERE id = ANY (p_accounts) AND held > 0) THEN
        WITH over AS (
            UPDATE loyalty_hold SET state = 'expired', resolved_at = expires_at
             WHERE account_id = ANY (p_accounts) AND state = 'open' AND expires_at <= p_now
            RETURNING id
        ), freed AS (
            SELECT h.lot_id, sum(h.points) AS points
              FROM loyalty_holdallocation h JOIN over o ON o.id = h.hold_id GROUP BY h.lot_id
        ), lots AS (
            UPDATE loyalty_lot l SET held = l.held - f.points
              FROM freed f WHERE l.id = f.lot_id
            RETURNING l.account_id, f.points
        )
        UPDATE loyalty_account a SET held = a.held - s.points
          FROM (SELECT account_id, sum(points) AS points FROM lots GROUP BY account_id) s
         WHERE a.id = s.account_id;
    END IF;
    FOR a IN SELECT id FROM loyalty_account
              WHERE id = ANY (p_accounts) AND debt > 0 ORDER BY id LOOP
        PERFORM points_settle(a, p_now);
    END LOOP;
    PERFORM points_expire_lots(p_accounts, p_now);
END $$;

-- Lots whose time is over lose what is neither spent nor held: one transfer an account
-- and moment, dated by the rule. Points that a hold gave back later expire then.
CREATE FUNCTION points_expire_lots(p_accounts bigint[], p_now timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    WITH due AS (
        SELECT l.id, l.account_id, a.currency, l.remaining - l.held AS points,
               greatest(l.expires_at, l.earned_at, (
                   SELECT max(h.resolved_at) FROM loyalty_holdallocation x
                     JOIN loyalty_hold h ON h.id = x.hold_id
                    WHERE x.lot_id = l.id AND h.state <> 'open')) AS at
          FROM loyalty_lot l JOIN loyalty_account a ON a.id = l.account_id
         WHERE l.account_id = ANY (p_accounts) AND l.remaining > 0
           AND l.remaining > l.held AND l.expires_at <= p_now
    ), moments AS (
        SELECT account_id, currency, at, sum(points)::bigint AS points,
               nextval('loyalty_transfer_id_seq') AS id
          FROM due GROUP BY account_id, currency, at
    ), own AS (
        SELECT currency, points_own('breakage', currency) AS id
          FROM (SELECT DISTINCT currency FROM moments) m
    ), transfers AS (
        INSERT INTO loyalty_transfer (id, currency, debit_account_id, credit_account_id,
            points, kind, reference, occurred_at, posted_at)
        SELECT m.id, m.currency, m.account_id, o.id, m.points, 'expire',
               'expire:' || m.id, m.at, p_now
          FROM moments m JOIN own o USING (currency) ORDER BY m.id
    ), lots AS (
        UPDATE loyalty_lot l SET remaining = l.remaining - d.points FROM due d WHERE l.id = d.id
    ), allocations AS (
        INSERT INTO loyalty_allocation (lot_id, transfer_id, points, occurred_at, posted_at)
        SELECT d.id, m.id, d.points, d.at, p_now
          FROM due d JOIN moments m USING (account_id, at)
    )
    UPDATE loyalty_account a SET unspent = a.unspent - s.points
      FROM (SELECT account_id, sum(points) AS points FROM moments GROUP BY account_id) s
     WHERE a.id = s.account_id;
END $$;

-- Expired points of one lot come back, dated p_at; returns how many. What came back
-- must be taken in the same transaction, or it expires again.
CREATE FUNCTION points_unexpire(p_lot bigint, p_points bigint, p_at timestamptz, p_now timestamptz)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_account loyalty_account;
    v_points bigint;
    v_transfer bigint;
BEGIN
    SELECT least(p_points, coalesce(sum(x.points), 0)) INTO v_points
      FROM loyalty_allocation x JOIN loyalty_transfer t ON t.id = x.transfer_id
     WHERE x.lot_id = p_lot AND t.kind IN ('expire', 'unexpire');
    IF v_points <= 0 THEN
        RETURN 0;
    END IF;
    SELECT a.* INTO v_account FROM loyalty_account a JOIN loyalty_lot l ON l.account_id = a.id
     WHERE l.id = p_lot;
    v_transfer := nextval('loyalty_transfer_id_seq');
    INSERT INTO loyalty_transfer (id, currency, debit_account_id, credit_account_id,
        points, kind, reference, occurred_at, posted_at)
    VALUES (v_transfer, v_account.currency, points_own('breakage', v_account.currency),
        v_account.id, v_points, 'unexpire', 'unexpire:' || v_transfer, p_at, p_now);
    INSERT INTO loyalty_allocation (lot_id, transfer_id, points, occurred_at, posted_at)
    VALUES (p_lot, v_transfer, -v_points, p_at, p_now);
    UPDATE loyalty_lot SET remaining = remaining + v_points WHERE id = p_lot;
    UPDATE loyalty_account SET unspent = unspent + v_points WHERE id = v_account.id;
    RETURN v_points;
END $$;
