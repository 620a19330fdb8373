DROP FUNCTION tier_factor;
DROP FUNCTION tier_term;
DROP FUNCTION tier_low;
DROP FUNCTION tier_anniversary;
DROP FUNCTION tier_months_ago;
