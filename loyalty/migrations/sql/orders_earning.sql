-- What the earning rule needs besides the rows of orders.

-- The business keys of what an order earned and of what a refund of it took back; a
-- corrected order has new ones.
CREATE FUNCTION order_earning(p_order bigint, p_revision int) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT 'order:' || p_order || CASE WHEN p_revision > 0 THEN ':' || p_revision ELSE '' END
$$;

CREATE FUNCTION order_refunding(p_refund bigint, p_revision int) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
    SELECT 'refund:' || p_refund || CASE WHEN p_revision > 0 THEN ':' || p_revision ELSE '' END
$$;

-- Who writes an order and who keeps a refund for one that is not there lock the order's
-- key: otherwise each could miss the other and the refund would wait for ever.
CREATE FUNCTION order_key_lock(p_source text, p_external_id text) RETURNS void
LANGUAGE sql VOLATILE AS $$
    SELECT pg_advisory_xact_lock(hashtextextended(p_source || E'\x1f' || p_external_id, 0))
$$;

-- Whether refunds wait for an order. Volatile: it looks after it has the lock, where the
-- statement it is part of looked before.
CREATE FUNCTION order_awaited(p_source text, p_external_id text) RETURNS boolean
LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM order_key_lock(p_source, p_external_id);
    RETURN EXISTS (SELECT 1 FROM loyalty_parkedrefund p
                    WHERE p.source = p_source AND p.order_external_id = p_external_id
                      AND p.applied_at IS NULL);
END $$;

-- The share of p_points that a limit leaves, when p_upto have come with it and p_before
-- were earned earlier. No limit: all of them.
CREATE FUNCTION capped(p_limit bigint, p_before bigint, p_points bigint, p_upto bigint)
RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN p_limit IS NULL THEN p_points ELSE
        least(greatest(p_limit - p_before, 0), p_upto)
        - least(greatest(p_limit - p_before, 0), p_upto - p_points) END
$$;

-- p_whole / p_per as a whole number, rounded by the rule's word; exact, as division is not.
CREATE FUNCTION rounded(p_whole numeric, p_per numeric, p_rounding text) RETURNS numeric
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN p_rounding = 'floor' THEN div(p_whole, p_per)
                ELSE div(2 * p_whole + p_per, 2 * p_per) END
$$;

-- What each line of an order was granted: shares by weight, by largest remainder, so that
-- they add up to the points; lines with none are left out.
CREATE FUNCTION shared(p_points bigint, p_lines int[], p_weights numeric[]) RETURNS jsonb
LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_object_agg(line::text, (share + (place <= rest)::int)::bigint)
               FILTER (WHERE share + (place <= rest)::int > 0)
      FROM (SELECT line, share, p_points - sum(share) OVER () AS rest,
                   row_number() OVER (ORDER BY remainder DESC, line) AS place
              FROM (SELECT line, div(p_points * weight, whole) AS share,
                           mod(p_points * weight, whole) AS remainder
                      FROM unnest(p_lines, p_weights) AS l (line, weight),
                           (SELECT sum(w) AS whole FROM unnest(p_weights) w) s) l) l
$$;

-- As above for a rule that rounds every line.
CREATE FUNCTION shared_by_line(
    p_lines int[], p_weights numeric[], p_rate numeric, p_per_minor numeric, p_rounding text
) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
    SELECT jsonb_object_agg(line::text, share::bigint) FILTER (WHERE share > 0)
      FROM (SELECT line, rounded(weight * p_rate, p_per_minor, p_rounding) AS share
              FROM unnest(p_lines, p_weights) AS l (line, weight)) l
$$;

-- Points a member's orders of some local days hold, less what returns took back.
CREATE FUNCTION orders_earned(p_member bigint, p_currency text, p_from date, p_to date)
RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT coalesce(sum(t.points - coalesce(r.points, 0)), 0)::bigint
      FROM loyalty_order o
      JOIN loyalty_transfer t ON t.reference = order_earning(o.id, o.revision)
           AND t.currency = p_currency
      LEFT JOIN LATERAL (
           SELECT sum(x.points) AS points FROM loyalty_transfer x
            WHERE x.reverses_id = t.id AND x.kind IN ('reverse', 'uncollected')) r ON true
     WHERE o.member_id = p_member AND o.day BETWEEN p_from AND p_to AND o.kind = 'order'
$$;

-- Points all orders hold, less what returns took back: two sums over the books' index.
CREATE FUNCTION orders_earned_in_all(p_currency text) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT coalesce(sum(CASE WHEN t.kind = 'earn' THEN t.points ELSE -t.points END), 0)::bigint
      FROM loyalty_transfer t
      LEFT JOIN loyalty_transfer e ON e.id = t.reverses_id
     WHERE t.currency = p_currency
       AND (t.kind = 'earn' OR (t.kind IN ('reverse', 'uncollected') AND e.kind = 'earn'))
$$;
