-- The kernel of the books, first part: what every operation does.
--
-- Every operation locks its member accounts in id order in a statement of its own,
-- and reads only after that: in READ COMMITTED a statement that locks and reads would
-- read rows older than the lock. Times are arguments: p_at is when it happened,
-- p_now when the books learn of it. A caller reads its clock before it waits for the
-- lock, and clocks of two machines differ: so an account knows up to when its books
-- have been written (known_at), and nothing is ever posted to it before that.

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

-- When an operation on one locked account is posted: at p_now, or if others that waited
-- less have been posted later, then.
CREATE FUNCTION points_now(p_account bigint, p_now timestamptz) RETURNS timestamptz
LANGUAGE sql STABLE AS $$
    SELECT greatest(p_now, known_at) FROM loyalty_account WHERE id = p_account
$$;

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

-- What a lot could give at every moment from p_from on, until p_until: the least it had
-- that was neither taken nor held. An operation told late must not take what was away
-- in between, or the books of a past day would fall below zero.
CREATE FUNCTION points_free_since(
    p_lot bigint, p_from timestamptz, p_until timestamptz DEFAULT 'infinity'
) RETURNS bigint LANGUAGE sql STABLE AS $$
    WITH moments AS (
        SELECT p_from AS at
        UNION SELECT occurred_at FROM loyalty_allocation
               WHERE lot_id = p_lot AND occurred_at > p_from AND occurred_at < p_until
        UNION SELECT h.placed_at FROM loyalty_holdallocation x JOIN loyalty_hold h ON h.id = x.hold_id
               WHERE x.lot_id = p_lot AND h.placed_at > p_from AND h.placed_at < p_until
    )
    SELECT least((SELECT min(
               l.points
               - coalesce((SELECT sum(x.points) FROM loyalty_allocation x
                            WHERE x.lot_id = p_lot AND x.occurred_at <= m.at), 0)
               - coalesce((SELECT sum(x.points) FROM loyalty_holdallocation x
                             JOIN loyalty_hold h ON h.id = x.hold_id
                            WHERE x.lot_id = p_lot AND h.placed_at <= m.at AND h.expires_at > m.at
                              AND (h.resolved_at IS NULL OR h.resolved_at > m.at)), 0))
              FROM moments m),
           CASE WHEN p_until = 'infinity' THEN l.remaining - l.held END)::bigint
      FROM loyalty_lot l WHERE l.id = p_lot
$$;

-- Points of a lot that are neither spent nor held, in the order they are spent:
-- what expires first, then what was earned first; never-expiring points last.
-- Takes up to p_points for a transfer that exists already; returns what it took.
CREATE FUNCTION points_take(
    p_account bigint, p_points bigint, p_transfer bigint, p_at timestamptz, p_now timestamptz
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_taken bigint;
BEGIN
    WITH lots AS (
        SELECT id, expires_at, earned_at,
               CASE WHEN p_at < p_now THEN points_free_since(id, p_at)
                    ELSE remaining - held END AS free
          FROM loyalty_lot
         WHERE account_id = p_account AND has_points AND remaining > held
           AND available_at <= p_at AND (expires_at IS NULL OR expires_at > p_at)
    ), queue AS (
        SELECT id, free,
               sum(free) OVER (ORDER BY expires_at NULLS LAST, earned_at, id) AS upto
          FROM lots WHERE free > 0
    ), chosen AS (
        SELECT id, least(free, p_points - (upto - free))::bigint AS points
          FROM queue WHERE upto - free < p_points
    ), taken AS (
        UPDATE loyalty_lot l SET remaining = l.remaining - c.points
          FROM chosen c WHERE l.id = c.id
    ), written AS (
        INSERT INTO loyalty_allocation (lot_id, transfer_id, points, occurred_at, posted_at)
        SELECT id, p_transfer, points, p_at, p_now FROM chosen ORDER BY id
        RETURNING points
    )
    SELECT coalesce(sum(points), 0) INTO v_taken FROM written;
    UPDATE loyalty_account SET unspent = unspent - v_taken, known_at = greatest(known_at, p_now)
     WHERE id = p_account;
    RETURN v_taken;
END $$;

-- The same where it is known that there is enough: in p_lot alone, which points_first has
-- named, or where points_require has said so. Call it by assignment: plpgsql evaluates
-- that by itself, and a PERFORM with a whole statement.
CREATE FUNCTION points_take_all(
    p_account bigint, p_points bigint, p_transfer bigint, p_at timestamptz, p_now timestamptz,
    p_lot bigint
) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    IF p_lot IS NOT NULL THEN
        UPDATE loyalty_lot SET remaining = remaining - p_points WHERE id = p_lot;
        INSERT INTO loyalty_allocation (lot_id, transfer_id, points, occurred_at, posted_at)
        VALUES (p_lot, p_transfer, p_points, p_at, p_now);
        UPDATE loyalty_account SET unspent = unspent - p_points,
               known_at = greatest(known_at, p_now) WHERE id = p_account;
    ELSIF points_take(p_account, p_points, p_transfer, p_at, p_now) <> p_points THEN
        RAISE EXCEPTION 'account % promised points it does not have', p_account
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN p_points;
END $$;

-- What may be spent at a moment, after points_catch_up.
CREATE FUNCTION points_free(p_account bigint, p_at timestamptz, p_now timestamptz) RETURNS bigint
LANGUAGE sql STABLE AS $$
    SELECT coalesce(sum(CASE WHEN p_at < p_now THEN points_free_since(id, p_at)
                             ELSE remaining - held END), 0)::bigint
      FROM loyalty_lot
     WHERE account_id = p_account AND has_points AND remaining > held
       AND available_at <= p_at AND (expires_at IS NULL OR expires_at > p_at)
$$;

-- Debts of an account are paid, the oldest first, by points that are available by
-- p_until, in the order they became so, and by the lots in p_fresh, which pay from the
-- moment they are earned. Points that a hold or a restore has just given back pay from
-- p_freed on.
CREATE FUNCTION points_settle(
    p_account bigint, p_until timestamptz, p_now timestamptz, p_freed timestamptz DEFAULT NULL,
    p_fresh bigint[] DEFAULT '{}'
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    d record;
    v_paid bigint;
    v_posted timestamptz;
BEGIN
    SELECT greatest(p_now, known_at) INTO v_posted FROM loyalty_account WHERE id = p_account;
    FOR d IN SELECT * FROM loyalty_debt WHERE account_id = p_account AND remaining > 0
              ORDER BY incurred_at, transfer_id LOOP
        WITH lots AS (
            SELECT id, remaining - held AS free, expires_at, earned_at,
                   greatest(d.incurred_at, p_freed,
                       CASE WHEN id = ANY (p_fresh) THEN earned_at ELSE available_at END)
                       AS pays_at
              FROM loyalty_lot
             WHERE account_id = p_account AND has_points AND remaining > held
               AND (available_at <= p_until OR id = ANY (p_fresh))
        ), queue AS (
            SELECT id, free, pays_at, sum(free)
                       OVER (ORDER BY pays_at, expires_at NULLS LAST, earned_at, id) AS upto
              FROM lots WHERE expires_at IS NULL OR expires_at > pays_at
        ), chosen AS (
            SELECT id, pays_at, least(free, d.remaining - (upto - free))::bigint AS points
              FROM queue WHERE upto - free < d.remaining
        ), paid AS (
            UPDATE loyalty_lot l SET remaining = l.remaining - c.points
              FROM chosen c WHERE l.id = c.id
        ), written AS (
            INSERT INTO loyalty_allocation (lot_id, transfer_id, points, occurred_at, posted_at)
            SELECT id, d.transfer_id, points, pays_at, v_posted FROM chosen ORDER BY id
            RETURNING points
        )
        SELECT coalesce(sum(points), 0) INTO v_paid FROM written;
        EXIT WHEN v_paid = 0;
        UPDATE loyalty_debt SET remaining = remaining - v_paid WHERE transfer_id = d.transfer_id;
        UPDATE loyalty_account SET unspent = unspent - v_paid, debt = debt - v_paid,
               known_at = v_posted WHERE id = p_account;
    END LOOP;
END $$;

-- A debt that is told late is paid at the moments since at which lots became free, by
-- what they have kept from then on; what has expired meanwhile would have paid first.
CREATE FUNCTION points_settle_late(p_account bigint, p_transfer bigint, p_now timestamptz)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    m timestamptz;
    v_owed bigint;
    v_incurred timestamptz;
    v_paid bigint;
    v_need bigint;
    v_lot bigint;
BEGIN
    SELECT remaining, incurred_at INTO v_owed, v_incurred FROM loyalty_debt
     WHERE transfer_id = p_transfer;
    FOR m IN
        WITH lots AS (
            SELECT id, available_at FROM loyalty_lot
             WHERE account_id = p_account
               AND ((has_points AND remaining > held)
                    OR (expires_at > v_incurred AND expires_at <= p_now)))
        SELECT at FROM (
            SELECT available_at AS at FROM lots
            UNION SELECT x.occurred_at FROM lots JOIN loyalty_allocation x ON x.lot_id = lots.id
                   WHERE x.points < 0
            UNION SELECT h.resolved_at FROM lots JOIN loyalty_holdallocation x ON x.lot_id = lots.id
                    JOIN loyalty_hold h ON h.id = x.hold_id
        ) moments WHERE at > v_incurred AND at <= p_now ORDER BY at
    LOOP
        v_need := v_owed;
        FOR v_lot IN SELECT id FROM loyalty_lot
                      WHERE account_id = p_account AND available_at <= m
                        AND expires_at > m AND expires_at <= p_now
                      ORDER BY expires_at, earned_at, id LOOP
            EXIT WHEN v_need = 0;
            v_need := v_need - points_unexpire(v_lot, v_need, m, p_now);
        END LOOP;
        v_paid := points_take(p_account, v_owed, p_transfer, m, p_now);
        v_owed := v_owed - v_paid;
        UPDATE loyalty_debt SET remaining = v_owed WHERE transfer_id = p_transfer;
        UPDATE loyalty_account SET debt = debt - v_paid WHERE id = p_account;
        EXIT WHEN v_owed = 0;
    END LOOP;
END $$;

-- What time alone has done to locked accounts: holds run out, debts are paid by
-- points that became available, lots expire; in the order it happened, however long
-- nobody looked. Safe to run twice.
CREATE FUNCTION points_catch_up(p_accounts bigint[], p_now timestamptz) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    h record;
BEGIN
    IF EXISTS (SELECT 1 FROM loyalty_account WHERE id = ANY (p_accounts) AND held > 0) THEN
        FOR h IN SELECT id, account_id, expires_at FROM loyalty_hold
                  WHERE account_id = ANY (p_accounts) AND state = 'open' AND expires_at <= p_now
                  ORDER BY expires_at, id LOOP
            PERFORM points_pass(ARRAY[h.account_id], h.expires_at, p_now);
            PERFORM points_lapse(h.id);
            PERFORM points_pass(ARRAY[h.account_id], h.expires_at, p_now, h.expires_at);
        END LOOP;
    END IF;
    PERFORM points_pass(p_accounts, p_now, p_now);
END $$;

-- Debts and ends up to a moment; p_freed is when points that just came free did so.
CREATE FUNCTION points_pass(
    p_accounts bigint[], p_until timestamptz, p_now timestamptz, p_freed timestamptz DEFAULT NULL
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    a bigint;
BEGIN
    FOR a IN SELECT id FROM loyalty_account
              WHERE id = ANY (p_accounts) AND debt > 0 ORDER BY id LOOP
        PERFORM points_settle(a, p_until, p_now, p_freed);
    END LOOP;
    PERFORM points_expire_lots(p_accounts, p_until, p_now, p_freed);
END $$;

-- A hold's time is over: its points are free again.
CREATE FUNCTION points_lapse(p_hold bigint) RETURNS void LANGUAGE sql AS $$
    UPDATE loyalty_lot l SET held = l.held - x.points
      FROM loyalty_holdallocation x WHERE x.hold_id = p_hold AND l.id = x.lot_id;
    UPDATE loyalty_account a SET held = a.held - h.points
      FROM loyalty_hold h WHERE h.id = p_hold AND a.id = h.account_id;
    UPDATE loyalty_hold SET state = 'expired', resolved_at = expires_at WHERE id = p_hold;
$$;

-- Lots whose time is over lose what is neither spent nor held: one transfer an account
-- and moment, dated by the rule. Points that a hold gave back later expire then.
CREATE FUNCTION points_expire_lots(
    p_accounts bigint[], p_until timestamptz, p_now timestamptz, p_freed timestamptz DEFAULT NULL
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    -- Most accounts have nothing to expire; this is all that a posting pays for it.
    IF NOT EXISTS (SELECT 1 FROM loyalty_lot WHERE account_id = ANY (p_accounts)
                      AND has_points AND remaining > held AND expires_at <= p_until) THEN
        RETURN;
    END IF;
    WITH due AS (
        SELECT l.id, l.account_id, a.currency, l.remaining - l.held AS points,
               greatest(l.expires_at, l.earned_at, p_freed) AS at,
               greatest(p_now, a.known_at) AS posted
          FROM loyalty_lot l JOIN loyalty_account a ON a.id = l.account_id
         WHERE l.account_id = ANY (p_accounts) AND l.has_points
           AND l.remaining > l.held AND l.expires_at <= p_until
    ), moments AS (
        SELECT account_id, currency, at, posted, sum(points)::bigint AS points,
               nextval('loyalty_transfer_id_seq') AS id
          FROM due GROUP BY account_id, currency, at, posted
    ), own AS (
        SELECT currency, points_own('breakage', currency) AS id
          FROM (SELECT DISTINCT currency FROM moments) m
    ), transfers AS (
        INSERT INTO loyalty_transfer (id, currency, debit_account_id, credit_account_id,
            points, kind, reference, occurred_at, posted_at)
        SELECT m.id, m.currency, m.account_id, o.id, m.points, 'expire',
               'expire:' || m.id, m.at, m.posted
          FROM moments m JOIN own o USING (currency) ORDER BY m.id
    ), lots AS (
        UPDATE loyalty_lot l SET remaining = l.remaining - d.points FROM due d WHERE l.id = d.id
    ), allocations AS (
        INSERT INTO loyalty_allocation (lot_id, transfer_id, points, occurred_at, posted_at)
        SELECT d.id, m.id, d.points, d.at, d.posted
          FROM due d JOIN moments m USING (account_id, at)
    )
    UPDATE loyalty_account a SET unspent = a.unspent - s.points, known_at = s.posted
      FROM (SELECT account_id, posted, sum(points) AS points
              FROM moments GROUP BY account_id, posted) s
     WHERE a.id = s.account_id;
END $$;

-- How many points of a lot that has ended could have been taken at a moment: what
-- expired of it by then or by its end, as far as it was free from the moment on.
CREATE FUNCTION points_expired_of(p_lot bigint, p_at timestamptz) RETURNS bigint
LANGUAGE sql STABLE AS $$
    SELECT greatest(0, least(
        coalesce((SELECT sum(x.points) FROM loyalty_allocation x
           JOIN loyalty_transfer t ON t.id = x.transfer_id
          WHERE x.lot_id = p_lot AND t.kind IN ('expire', 'unexpire')
            AND x.occurred_at <= greatest(p_at, l.expires_at, l.earned_at)), 0),
        CASE WHEN p_at < l.expires_at THEN points_free_since(p_lot, p_at, l.expires_at) END
        ))::bigint
      FROM loyalty_lot l WHERE l.id = p_lot
$$;

-- Expired points of one lot come back, to be taken for something that happened at p_at;
-- returns how many. They come back when they had expired, or at p_at if that is later.
-- What came back must be taken in the same transaction, or it expires again.
CREATE FUNCTION points_unexpire(p_lot bigint, p_points bigint, p_at timestamptz, p_now timestamptz)
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    v_account loyalty_account;
    v_points bigint := least(p_points, points_expired_of(p_lot, p_at));
    v_transfer bigint;
    v_at timestamptz;
BEGIN
    IF v_points <= 0 THEN
        RETURN 0;
    END IF;
    SELECT greatest(p_at, expires_at, earned_at) INTO v_at FROM loyalty_lot WHERE id = p_lot;
    SELECT a.* INTO v_account FROM loyalty_account a JOIN loyalty_lot l ON l.account_id = a.id
     WHERE l.id = p_lot;
    v_transfer := nextval('loyalty_transfer_id_seq');
    INSERT INTO loyalty_transfer (id, currency, debit_account_id, credit_account_id,
        points, kind, reference, occurred_at, posted_at)
    VALUES (v_transfer, v_account.currency, points_own('breakage', v_account.currency),
        v_account.id, v_points, 'unexpire', 'unexpire:' || v_transfer, v_at, p_now);
    INSERT INTO loyalty_allocation (lot_id, transfer_id, points, occurred_at, posted_at)
    VALUES (p_lot, v_transfer, -v_points, v_at, p_now);
    UPDATE loyalty_lot SET remaining = remaining + v_points WHERE id = p_lot;
    UPDATE loyalty_account SET unspent = unspent + v_points, known_at = greatest(known_at, p_now)
     WHERE id = v_account.id;
    RETURN v_points;
END $$;
