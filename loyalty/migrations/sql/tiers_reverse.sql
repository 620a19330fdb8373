DROP FUNCTION tier_factor;
DROP FUNCTION tier_term;
DROP FUNCTION tier_low;
DROP FUNCTION tier_anniversary;
