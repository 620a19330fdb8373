DROP FUNCTION points_night, points_due, points_activations, points_activate, points_write_off, points_transfer, points_restore,
    points_roll_lots, points_credit, points_credit_one, points_reverse, points_resolve, points_hold, points_debit,
    points_expired_of, points_free_since, points_settle_late, points_take_all, points_pass, points_lapse,
    points_roll, points_require, points_first, points_open, points_unexpire, points_expire_lots,
    points_catch_up, points_settle, points_free, points_take, points_met, points_now, points_lock,
    points_own, points_account, points_refuse;
