"""The SQL of an import of orders: set by set, never row by row.

`rows` are the lines of the file, `units` one row an order, `rejects` what is known
to be refused once the whole file was seen. A slice of units waits in the temporary
table `import_slice` while it is applied.
"""

from __future__ import annotations

ROWS = """
    line bigint, key text, kind text, mtype text, mvalue text, placed_at timestamptz,
    day date, amount bigint, amount_bare smallint, margin bigint, margin_bare smallint,
    quantity numeric, quantity_bare smallint, refund_of text, channel text, store text,
    category text, sku text, reason text, detail text, raw text
"""
COLUMNS = tuple(part.split()[0] for part in ROWS.split(","))

BARE = """
UPDATE {rows} SET reason = 'ambiguous_amount', detail = %s
 WHERE {bare} = 1 AND reason IS NULL
"""

# Without a number of its own an order is known by member, time, amount, and which
# of the rows that share them it is; equal rows are counted by their content, so
# that a shuffled file gives the same keys.
OWN_KEY = """
'~' || md5(concat_ws(chr(31), mtype, mvalue, extract(epoch FROM placed_at), kind, amount))
    || '-' || row_number() OVER (
        PARTITION BY mtype, mvalue, placed_at, kind, amount
        ORDER BY channel, store, category, sku, quantity, margin, refund_of, line)
"""

LINES_TEXT = """
string_agg(line_text, chr(29) ORDER BY line_text COLLATE "C")
    FILTER (WHERE keep AND has_line)
"""
HASH = """
md5(concat_ws(chr(31), kind, (extract(epoch FROM placed_at) * 1000000)::bigint, amount,
    coalesce(margin::text, ''), coalesce(channel, ''), coalesce(store, ''),
    coalesce(refund_of, ''), coalesce(lines_text, '')))
"""

UNITS = """
CREATE UNLOGGED TABLE {units} AS
WITH keyed AS (
    SELECT r.*, {key} AS unit FROM {rows} r WHERE {staged}
), ranked AS (
    SELECT k.*,
           row_number() OVER (PARTITION BY unit ORDER BY line) AS nth,
           sku IS NOT NULL OR category IS NOT NULL AS is_line,
           sku IS NOT NULL OR category IS NOT NULL OR quantity IS NOT NULL AS has_line,
           concat_ws(chr(30), coalesce(sku, ''), coalesce(category, ''),
               coalesce(trim_scale(quantity)::text, ''), amount,
               coalesce(margin::text, '')) AS line_text
      FROM keyed k
), kept AS (
    SELECT *, nth = 1 OR is_line AS keep FROM ranked
), units AS (
    SELECT unit AS key, min(line) AS head,
           array_agg(line ORDER BY line) FILTER (WHERE keep) AS lines,
           min(line) FILTER (WHERE reason IS NOT NULL) AS bad_line,
           CASE WHEN bool_or(kind = 'refund' AND keep)
                THEN 'refund' ELSE 'order' END AS kind,
           bool_or(kind = 'refund' AND keep)
               AND bool_or(kind = 'order' AND amount > 0 AND keep) AS mixed,
           min(mtype || chr(31) || mvalue) FILTER (WHERE keep)
               <> max(mtype || chr(31) || mvalue) FILTER (WHERE keep) AS two_members,
           max(mtype) FILTER (WHERE nth = 1) AS mtype,
           max(mvalue) FILTER (WHERE nth = 1) AS mvalue,
           min(placed_at) FILTER (WHERE keep) AS placed_at,
           min(day) FILTER (WHERE keep) AS day,
           (sum(amount) FILTER (WHERE keep))::bigint AS amount,
           (sum(margin) FILTER (WHERE keep))::bigint AS margin,
           max(refund_of) FILTER (WHERE keep) AS refund_of,
           max(channel) FILTER (WHERE nth = 1) AS channel,
           max(store) FILTER (WHERE nth = 1) AS store,
           bool_or(has_line) AS has_lines,
           {lines_text} AS lines_text
      FROM kept GROUP BY unit
)
SELECT key, head, lines, kind, mtype, mvalue, placed_at, day, amount, margin,
       CASE WHEN kind = 'refund' THEN refund_of END AS refund_of,
       channel, store, has_lines,
       head + CASE WHEN kind = 'refund' AND refund_of IS NOT NULL
                   THEN %(last)s::bigint ELSE 0 END AS pos,
       CASE WHEN bad_line IS NOT NULL THEN 'order_rejected'
            WHEN mixed THEN 'mixed_kinds'
            WHEN two_members THEN 'two_members' END AS reason,
       CASE WHEN bad_line IS NOT NULL
            THEN 'line ' || bad_line || ' of the same order was refused'
            WHEN mixed THEN 'kind: one number is an order or a refund, not both'
            WHEN two_members THEN 'member: one order has one member' END AS detail,
       {hash} AS hash
  FROM units
"""

TALLY = """
SELECT (SELECT count(*) FROM {rows}),
       (SELECT coalesce(sum(cardinality(lines)), 0) FROM {units} WHERE reason IS NULL)
"""

REJECTS = """
CREATE UNLOGGED TABLE {rejects} AS
SELECT r.line, r.line + 2 * %(last)s::bigint AS pos,
       coalesce(r.reason, u.reason, 'duplicate') AS reason,
       CASE WHEN r.reason IS NOT NULL THEN r.detail
            WHEN u.reason IS NOT NULL THEN u.detail
            ELSE 'order_id: the order is on line ' || u.head
                 || '; a further line needs a sku or a category' END AS detail
  FROM {rows} r
  LEFT JOIN {units} u ON u.key = r.key
 WHERE r.reason IS NOT NULL OR u.reason IS NOT NULL
    OR (u.head <> r.line AND r.sku IS NULL AND r.category IS NULL)
"""
NO_REJECTS = """
CREATE UNLOGGED TABLE {rejects} (line bigint, pos bigint, reason text, detail text)
"""

NEXT = """
SELECT min(pos) FROM (
    SELECT min(pos) AS pos FROM {units} WHERE pos > %s AND reason IS NULL
    UNION ALL
    SELECT min(pos) FROM {rejects} WHERE pos > %s) waiting
"""

SLICE = """
CREATE TEMPORARY TABLE import_slice AS
SELECT u.*, coalesce(m.merged_into_id, m.id) AS member_id, e.id AS order_id,
       e.member_id AS old_member_id, e.day AS old_day, NULL::bigint AS target_id,
       CASE WHEN e.id IS NULL THEN 'new'
            WHEN e.content_hash = u.hash
                 AND e.member_id = coalesce(m.merged_into_id, m.id) THEN 'unchanged'
            WHEN %(update)s AND e.kind = u.kind THEN 'update'
            ELSE 'changed' END AS verdict
  FROM {units} u
  LEFT JOIN members_identifier i ON i.type = u.mtype AND i.value = u.mvalue
  LEFT JOIN members_member m ON m.id = i.member_id
  LEFT JOIN loyalty_order e ON e.source = %(source)s AND e.external_id = u.key
 WHERE u.pos > %(after)s AND u.pos <= %(upto)s AND u.reason IS NULL
"""

# A refund that names its order: the order must be there, be this member's, and
# hold enough. Orders of the same file stand before all of these.
TARGETS = """
UPDATE import_slice s
   SET target_id = t.id,
       verdict = CASE WHEN t.id IS NULL OR t.kind = 'refund' THEN 'unknown_order'
                      WHEN t.member_id IS DISTINCT FROM s.member_id THEN 'other_member'
                      ELSE s.verdict END
  FROM import_slice x
  LEFT JOIN loyalty_order t ON t.source = %s AND t.external_id = x.refund_of
 WHERE x.key = s.key AND s.refund_of IS NOT NULL AND s.verdict IN ('new', 'update')
"""

# One too many at a time and an order: the next may fit again without it.
CAP = """
WITH given AS (
    SELECT s.key, s.pos, s.target_id, t.amount_minor,
           sum(s.amount) OVER (PARTITION BY s.target_id ORDER BY s.pos) AS running
      FROM import_slice s JOIN loyalty_order t ON t.id = s.target_id
     WHERE s.verdict IN ('new', 'update')
), before AS (
    SELECT r.refund_of_id, sum(r.amount_minor) AS amount
      FROM loyalty_order r
     WHERE r.refund_of_id IN (SELECT target_id FROM given)
       AND r.id NOT IN (SELECT order_id FROM import_slice
                         WHERE verdict = 'update' AND order_id IS NOT NULL)
     GROUP BY 1
), over_cap AS (
    SELECT DISTINCT ON (g.target_id) g.key
      FROM given g LEFT JOIN before b ON b.refund_of_id = g.target_id
     WHERE g.running + coalesce(b.amount, 0) > g.amount_minor
     ORDER BY g.target_id, g.pos
)
UPDATE import_slice s SET verdict = 'refund_exceeds_order'
  FROM over_cap WHERE over_cap.key = s.key
"""

# An order may not be made smaller than what was given back of it.
SHRUNK = """
UPDATE import_slice s SET verdict = 'refund_exceeds_order'
 WHERE s.verdict = 'update' AND s.kind = 'order' AND s.amount < (
    SELECT sum(r.amount_minor) FROM loyalty_order r WHERE r.refund_of_id = s.order_id)
"""

STORES = """
INSERT INTO members_store (code, name, created_at)
SELECT store, '', %(at)s FROM import_slice s
 WHERE verdict IN ('new', 'update') AND store IS NOT NULL
   AND NOT EXISTS (SELECT 1 FROM members_store m WHERE m.code = s.store)
 GROUP BY store ORDER BY min(pos)
"""

FRESH = """
CREATE TEMPORARY TABLE import_fresh AS
SELECT nextval(pg_get_serial_sequence('members_member', 'id')) AS id, f.*
  FROM (SELECT mtype, mvalue, min(pos) AS pos,
               min(placed_at) FILTER (WHERE kind = 'order') AS first_at,
               max(placed_at) FILTER (WHERE kind = 'order') AS last_at,
               (array_agg(store ORDER BY kind = 'refund', placed_at, pos)
                   FILTER (WHERE store IS NOT NULL))[1] AS store
          FROM import_slice
         WHERE member_id IS NULL AND verdict IN ('new', 'update')
         GROUP BY mtype, mvalue ORDER BY min(pos)) f
"""
FRESH_MEMBERS = """
INSERT INTO members_member (id, name, name_key, language, time_zone, store_id,
    acquisition_channel, source, batch_id, first_order_at, last_order_at,
    created_at, updated_at)
SELECT f.id, '', '', '', '', st.id, '', %(source)s, %(batch)s, f.first_at, f.last_at,
       %(at)s, %(at)s
  FROM import_fresh f LEFT JOIN members_store st ON st.code = f.store ORDER BY f.id
"""
FRESH_IDENTIFIERS = """
INSERT INTO members_identifier (member_id, type, value, source, batch_id, created_at)
SELECT id, mtype, mvalue, %(source)s, %(batch)s, %(at)s FROM import_fresh ORDER BY id
"""
FRESH_KNOWN = """
UPDATE import_slice s SET member_id = f.id FROM import_fresh f
 WHERE s.member_id IS NULL AND f.mtype = s.mtype AND f.mvalue = s.mvalue
   AND s.verdict IN ('new', 'update')
"""

ORDERS = """
INSERT INTO loyalty_order (source, external_id, member_id, kind, refund_of_id,
    placed_at, day, amount_minor, margin_minor, currency, channel, store_id, batch_id,
    content_hash, created_at, updated_at)
SELECT %(source)s, s.key, s.member_id, s.kind, s.target_id, s.placed_at, s.day,
       s.amount, s.margin, %(currency)s, coalesce(s.channel, ''), st.id, %(batch)s,
       s.hash, %(at)s, %(at)s
  FROM import_slice s LEFT JOIN members_store st ON st.code = s.store
 WHERE s.verdict = 'new' ORDER BY s.pos
"""
# Orders whose points follow from what changed: themselves, or a refund of theirs.
CORRECTED = """
SELECT coalesce(array_agg(id), '{}') FROM (
    SELECT order_id AS id FROM import_slice WHERE verdict = 'update' AND kind = 'order'
     UNION SELECT target_id FROM import_slice
            WHERE verdict = 'update' AND target_id IS NOT NULL
     UNION SELECT o.refund_of_id FROM import_slice s JOIN loyalty_order o ON o.id = s.order_id
            WHERE s.verdict = 'update' AND o.refund_of_id IS NOT NULL) x
"""
REVISE = (
    "UPDATE loyalty_order SET revision = revision + 1 WHERE id = ANY (%s::bigint[])"
)
# What earns, what takes back, and what a till's refund has waited for, in this slice.
WRITTEN = """
SELECT coalesce(array_agg(id) FILTER (WHERE kind = 'order'), '{}'),
       coalesce(array_agg(id) FILTER (WHERE kind = 'refund'), '{}'),
       (SELECT coalesce(array_agg(DISTINCT o.id), '{}')
          FROM loyalty_parkedrefund p
          JOIN import_slice s ON s.key = p.order_external_id AND s.verdict = 'new'
          JOIN loyalty_order o ON o.source = p.source AND o.external_id = p.order_external_id
         WHERE p.source = %(source)s AND p.applied_at IS NULL AND o.kind = 'order')
  FROM (SELECT o.id, o.kind FROM import_slice s
          JOIN loyalty_order o ON o.source = %(source)s AND o.external_id = s.key
         WHERE s.verdict = 'new'
         UNION SELECT id, kind FROM loyalty_order WHERE id = ANY (%(corrected)s::bigint[])
         UNION SELECT id, kind FROM loyalty_order
                WHERE refund_of_id = ANY (%(corrected)s::bigint[])) x
"""
UPDATES = """
UPDATE loyalty_order o
   SET member_id = s.member_id, refund_of_id = s.target_id, placed_at = s.placed_at,
       day = s.day, amount_minor = s.amount, margin_minor = s.margin,
       channel = coalesce(s.channel, ''), store_id = st.id, content_hash = s.hash,
       updated_at = %(at)s
  FROM import_slice s LEFT JOIN members_store st ON st.code = s.store
 WHERE s.verdict = 'update' AND o.id = s.order_id
"""
OLD_LINES = """
DELETE FROM loyalty_orderline l USING import_slice s
 WHERE s.verdict = 'update' AND l.order_id = s.order_id
"""
LINES_BETWEEN = """
SELECT min(line), max(line) FROM import_slice, unnest(lines) line
 WHERE has_lines AND verdict IN ('new', 'update')
"""
LINES = """
INSERT INTO loyalty_orderline (order_id, line_no, sku, category, quantity,
    amount_minor, margin_minor)
SELECT o.id, row_number() OVER (PARTITION BY o.id ORDER BY r.line), coalesce(r.sku, ''),
       coalesce(r.category, ''), r.quantity, r.amount, r.margin
  FROM import_slice s
 CROSS JOIN LATERAL unnest(s.lines) AS taken(line)
  JOIN {rows} r ON r.line = taken.line
  JOIN loyalty_order o ON o.source = %(source)s AND o.external_id = s.key
 WHERE s.has_lines AND s.verdict IN ('new', 'update')
   AND r.line BETWEEN %(low)s AND %(high)s
   AND (r.sku IS NOT NULL OR r.category IS NOT NULL OR r.quantity IS NOT NULL)
 ORDER BY s.pos, r.line
"""

# The home of a member whom only orders tell of is the store of the first of them, in
# whatever slice or file it comes. Who was written by somebody since keeps the home
# that was told. Run before KNOWN_MEMBERS, which writes the new first day; the orders
# in the books are not looked at, for that costs four times the load.
HOME_STORES = """
UPDATE members_member m SET store_id = st.id
  FROM (SELECT member_id,
               (array_agg(store ORDER BY kind = 'refund', placed_at, pos))[1] AS store,
               min(placed_at) FILTER (WHERE kind = 'order') AS first_at
          FROM import_slice WHERE verdict = 'new' AND store IS NOT NULL GROUP BY 1) x
  JOIN members_store st ON st.code = x.store, members_importbatch b
 WHERE m.id = x.member_id AND b.id = m.batch_id AND b.kind = 'orders'
   AND m.updated_at = m.created_at AND m.store_id IS DISTINCT FROM st.id
   AND (m.store_id IS NULL OR x.first_at < coalesce(m.first_order_at, 'infinity'))
"""
# Only members that were there before; new ones were written with their days.
KNOWN_MEMBERS = """
UPDATE members_member m
   SET first_order_at = least(m.first_order_at, x.first_at),
       last_order_at = greatest(m.last_order_at, x.last_at)
  FROM (SELECT member_id, min(placed_at) AS first_at, max(placed_at) AS last_at
          FROM import_slice WHERE verdict = 'new' AND kind = 'order' GROUP BY 1) x
 WHERE m.id = x.member_id
   AND (m.first_order_at IS NULL OR x.first_at < m.first_order_at
        OR x.last_at > m.last_order_at)
"""
# The home store of a member nobody gave one is that of the first order, whichever
# file came first.
KNOWN_STORES = """
UPDATE members_member m SET store_id = st.id
  FROM (SELECT DISTINCT ON (member_id) member_id, store FROM import_slice
         WHERE verdict = 'new' AND store IS NOT NULL
         ORDER BY member_id, kind = 'refund', placed_at, pos) x
  JOIN members_store st ON st.code = x.store
 WHERE m.id = x.member_id AND m.store_id IS NULL
"""
MOVED_MEMBERS = """
SELECT member_id FROM import_slice WHERE verdict = 'update'
 UNION SELECT old_member_id FROM import_slice WHERE verdict = 'update'
"""
MARK_MEMBERS = """
INSERT INTO members_changedmember (member_id)
SELECT member_id FROM import_slice WHERE verdict IN ('new', 'update')
 UNION SELECT old_member_id FROM import_slice WHERE verdict = 'update'
"""
MARK_MONTHS = """
INSERT INTO loyalty_changedmonth (month)
SELECT date_trunc('month', day)::date FROM import_slice WHERE verdict IN ('new', 'update')
 UNION SELECT date_trunc('month', old_day)::date FROM import_slice
        WHERE verdict = 'update'
"""

REFUSED = """
SELECT line, verdict AS reason,
       CASE verdict
       WHEN 'changed' THEN 'order_id: ' || left(key, 60)
           || ' is known with other content; say --update to replace it'
       WHEN 'unknown_order' THEN 'refund_of: there is no order '
           || left(refund_of, 60) || ' of this source'
       WHEN 'other_member' THEN 'member: the order ' || left(refund_of, 60)
           || ' is another member''s'
       ELSE 'amount: refunds would be more than the order they belong to' END AS detail
  FROM import_slice, unnest(lines) line
 WHERE verdict NOT IN ('new', 'update', 'unchanged')
"""
COUNTS = """
SELECT coalesce(sum(n) FILTER (WHERE verdict IN ('new', 'update')), 0),
       coalesce(sum(n) FILTER (WHERE verdict = 'update'), 0),
       coalesce(sum(n) FILTER (WHERE verdict = 'unchanged'), 0)
  FROM (SELECT verdict, cardinality(lines) AS n FROM import_slice) x
"""
KNOWN_REJECTS = """
SELECT line, reason, detail FROM {rejects} WHERE pos > %s AND pos <= %s
"""

# Rebuilt from the orders themselves, for members whose orders were moved or removed.
REFRESH = """
UPDATE members_member m
   SET first_order_at = x.first_at, last_order_at = x.last_at
  FROM (SELECT k.member_id, min(o.placed_at) AS first_at, max(o.placed_at) AS last_at
          FROM ({members}) AS k(member_id)
          LEFT JOIN loyalty_order o ON o.member_id = k.member_id AND o.kind = 'order'
         GROUP BY 1) x
 WHERE m.id = x.member_id
   AND (m.first_order_at, m.last_order_at) IS DISTINCT FROM (x.first_at, x.last_at)
"""

# Created by this load and not written by anybody since.
