DROP FUNCTION orders_earned_in_all, orders_earned, capped, shared_by_line, shared, rounded,
    order_awaited, order_key_lock, order_refunding, order_earning;
