-- Windows and terms of tiers: one definition for a till, a file, a night and a preview.

-- The last day a member's year of membership began, by p_day; 29 February begins on the
-- 28th of other years.
CREATE FUNCTION tier_anniversary(p_joined date, p_day date) RETURNS date
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN (p_joined + make_interval(years => n))::date <= p_day
                THEN (p_joined + make_interval(years => n))::date
                ELSE (p_joined + make_interval(years => n - 1))::date END
      FROM (SELECT (extract(year FROM p_day) - extract(year FROM p_joined))::int AS n) y
$$;

-- The last day of whose months p_day is the end, p_months later: on 30 April what was
-- done on 31 March is a month ago, so windows never count it longer than its term lasts.
CREATE FUNCTION tier_months_ago(p_day date, p_months int) RETURNS date
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE WHEN extract(month FROM p_day + 1) <> extract(month FROM p_day)
                THEN (date_trunc('month', p_day) - make_interval(months => p_months - 1))::date - 1
                ELSE (p_day - make_interval(months => p_months))::date END
$$;

-- What p_window counts on p_day begins after this day: (low, p_day].
CREATE FUNCTION tier_low(p_window text, p_day date, p_joined date) RETURNS date
LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN p_window = 'lifetime' THEN '-infinity'::date
        WHEN p_window = 'month' THEN date_trunc('month', p_day)::date - 1
        WHEN p_window = 'calendar_year' THEN date_trunc('year', p_day)::date - 1
        WHEN p_window = 'membership_year' THEN
            coalesce(tier_anniversary(p_joined, p_day) - 1, tier_months_ago(p_day, 12))
        WHEN right(p_window, 1) = 'd' THEN p_day - substr(p_window, 9, length(p_window) - 9)::int
        ELSE tier_months_ago(p_day, substr(p_window, 9, length(p_window) - 9)::int)
    END
$$;

-- The last day of what reaching a tier on p_day gives; null: for as long as it is reached.
-- p_again: at the end of a term, so a period that ends with p_day gives the next one.
CREATE FUNCTION tier_term(
    p_validity text, p_window text, p_day date, p_joined date, p_again boolean
) RETURNS date LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN p_validity = 'calendar_year' OR (p_validity = 'window' AND p_window = 'calendar_year')
            THEN (date_trunc('year', d) + interval '1 year')::date - 1
        WHEN p_validity = 'membership_year'
             OR (p_validity = 'window' AND p_window = 'membership_year')
            THEN coalesce(
                 tier_anniversary(p_joined, (tier_anniversary(p_joined, d) + interval '370 days')::date)
                 - 1, (p_day + interval '1 year')::date)
        WHEN p_window = 'month' THEN (date_trunc('month', d) + interval '1 month')::date - 1
        WHEN p_window = 'lifetime' THEN NULL
        WHEN right(p_window, 1) = 'd' THEN p_day + substr(p_window, 9, length(p_window) - 9)::int
        ELSE (p_day + make_interval(months => substr(p_window, 9, length(p_window) - 9)::int))::date
    END FROM (SELECT p_day + p_again::int AS d) d
$$;

-- What the tiers held at a moment multiply points by. p_factors: set -> tier -> factor;
-- '' is the factor of who holds none or one that is no longer there. A purchase does not
-- earn by the tier that it reaches itself, in whatever order it is asked about; what a
-- night changes holds from its first instant.
CREATE FUNCTION tier_factor(p_member bigint, p_at timestamptz, p_factors jsonb) RETURNS numeric
LANGUAGE plpgsql STABLE AS $$
DECLARE
    v_set text;
    v_of jsonb;
    v_tier text;
    v_factor numeric := 1;
BEGIN
    FOR v_set, v_of IN SELECT key, value FROM jsonb_each(p_factors) LOOP
        SELECT tier INTO v_tier FROM loyalty_tiermembership
         WHERE member_id = p_member AND tier_set = v_set
           AND (valid_from < p_at OR (valid_from = p_at AND run IS NOT NULL))
           AND (valid_until IS NULL OR valid_until >= p_at)
         ORDER BY valid_from DESC, id DESC LIMIT 1;
        v_factor := v_factor * coalesce((v_of ->> v_tier)::numeric, (v_of ->> '')::numeric);
    END LOOP;
    RETURN v_factor;
END $$;
