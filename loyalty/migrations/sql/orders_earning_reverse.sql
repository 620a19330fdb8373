DROP FUNCTION orders_earned_in_all, orders_earned, capped, shared_by_line, shared, rounded,
    order_refunding, order_earning;
