"""The SQL of an import of members: set by set, never row by row.

`rows` are the lines of the file, `units` the lines that speak of somebody for the
first time, `rejects` what is known to be refused once the whole file was seen. A
slice waits in the temporary table `import_slice` while it is applied, beside it the
identifiers, attributes and consents its rows would add.
"""

ROWS = """
    line bigint, mtype text, mvalue text, name text, name_key text, email text,
    phone text, birthday date, joined_on date, store text, language text,
    acquisition_channel text, {extra} reason text, detail text, raw text
"""
HEAD = (
    *("line", "mtype", "mvalue", "name", "name_key", "email", "phone", "birthday"),
    *("joined_on", "store", "language", "acquisition_channel"),
)
TAIL = ("reason", "detail", "raw")

# Refused rows do not stand in the way: the first good row of a member counts.
UNITS = """
CREATE UNLOGGED TABLE {units} AS
SELECT min(line) AS pos, mtype, mvalue FROM {rows}
 WHERE reason IS NULL GROUP BY mtype, mvalue ORDER BY 1
"""
TALLY = "SELECT (SELECT count(*) FROM {rows}), (SELECT count(*) FROM {units})"
REJECTS = """
CREATE UNLOGGED TABLE {rejects} AS
SELECT r.line, r.line + %(last)s::bigint AS pos, coalesce(r.reason, 'duplicate') AS reason,
       coalesce(r.detail, 'member: the same member is on line ' || u.pos) AS detail
  FROM {rows} r
  LEFT JOIN {units} u ON u.mtype = r.mtype AND u.mvalue = r.mvalue
 WHERE r.reason IS NOT NULL OR u.pos <> r.line
"""
NO_REJECTS = """
CREATE UNLOGGED TABLE {rejects} (line bigint, pos bigint, reason text, detail text)
"""
NEXT = """
SELECT min(pos) FROM (
    SELECT min(pos) AS pos FROM {units} WHERE pos > %s
    UNION ALL
    SELECT min(pos) FROM {rejects} WHERE pos > %s) waiting
"""
KNOWN_REJECTS = """
SELECT line, reason, detail FROM {rejects} WHERE pos > %s AND pos <= %s
"""

# What a file does not say it does not change, so an empty field is filled without a
# word and only another value is a conflict. The store of a member whom nobody has
# described yet came from an order and is no more than a guess.
SLICE = """
CREATE TEMPORARY TABLE import_slice AS
WITH met AS (
    SELECT r.*, m.id AS member_id, m.name AS old_name, m.birthday AS old_birthday,
           m.joined_on AS old_joined_on, m.language AS old_language,
           m.acquisition_channel AS old_channel, st.code AS old_store,
           m.updated_at = m.created_at AND m.name = '' AND m.birthday IS NULL
               AND m.joined_on IS NULL AND m.language = ''
               AND m.acquisition_channel = ''
               AND coalesce(b.kind, '') <> 'members' AS undescribed
      FROM {units} u
      JOIN {rows} r ON r.line = u.pos AND r.line > %(after)s AND r.line <= %(upto)s
      LEFT JOIN members_identifier i ON i.type = u.mtype AND i.value = u.mvalue
      LEFT JOIN members_member o ON o.id = i.member_id
      LEFT JOIN members_member m ON m.id = coalesce(o.merged_into_id, o.id)
      LEFT JOIN members_store st ON st.id = m.store_id
      LEFT JOIN members_importbatch b ON b.id = m.batch_id
     WHERE u.pos > %(after)s AND u.pos <= %(upto)s
)
SELECT line AS pos, met.*,
       CASE WHEN member_id IS NULL THEN 'new' ELSE 'known' END AS verdict,
       CASE WHEN old_name <> '' AND name <> old_name THEN 'name'
            WHEN birthday <> old_birthday THEN 'birthday'
            WHEN joined_on <> old_joined_on THEN 'joined_on'
            WHEN store <> old_store AND NOT undescribed THEN 'store'
            WHEN old_language <> '' AND language <> old_language THEN 'language'
            WHEN old_channel <> '' AND acquisition_channel <> old_channel
                THEN 'acquisition_channel' END AS conflict,
       coalesce(name <> old_name, false)
           OR birthday IS NOT NULL AND birthday IS DISTINCT FROM old_birthday
           OR joined_on IS NOT NULL AND joined_on IS DISTINCT FROM old_joined_on
           OR store IS NOT NULL AND store IS DISTINCT FROM old_store
           OR coalesce(language <> old_language, false)
           OR coalesce(acquisition_channel <> old_channel, false) AS adds,
       NULL::text AS about, NULL::bigint AS other
  FROM met
"""

# Two rows may call one member by different names: a merged card, an e-mail address.
EARLIER = """
UPDATE import_slice s SET verdict = 'duplicate', other = x.other
  FROM (SELECT p.pos, min(u.pos) AS other
          FROM (SELECT pos, member_id FROM import_slice WHERE member_id IS NOT NULL
                 UNION ALL
                SELECT s.pos, o.id FROM import_slice s
                  JOIN members_member o ON o.merged_into_id = s.member_id) p
          JOIN members_identifier i ON i.member_id = p.member_id
          JOIN {units} u ON u.mtype = i.type AND u.mvalue = i.value AND u.pos < p.pos
         GROUP BY p.pos) x
 WHERE x.pos = s.pos
"""

# Identifiers that rows bring: their address if nobody has it, e-mail and phone.
CLAIMS = """
CREATE TEMPORARY TABLE import_claim AS
SELECT c.pos, c.type, c.value, c.address, coalesce(o.merged_into_id, o.id) AS owner_id
  FROM (SELECT pos, mtype AS type, mvalue AS value, true AS address
          FROM import_slice WHERE verdict = 'new'
         UNION ALL
        SELECT pos, 'email', email, false FROM import_slice
         WHERE email IS NOT NULL AND (mtype, mvalue) <> ('email', email)
           AND verdict <> 'duplicate'
         UNION ALL
        SELECT pos, 'phone', phone, false FROM import_slice
         WHERE phone IS NOT NULL AND (mtype, mvalue) <> ('phone', phone)
           AND verdict <> 'duplicate') c
  LEFT JOIN members_identifier i ON i.type = c.type AND i.value = c.value
  LEFT JOIN members_member o ON o.id = i.member_id
"""
TAKEN = """
UPDATE import_slice s
   SET verdict = 'identifier_taken', about = c.type, other = NULL
  FROM import_claim c
 WHERE c.pos = s.pos AND c.owner_id IS NOT NULL
   AND c.owner_id IS DISTINCT FROM s.member_id
"""
HAD = "DELETE FROM import_claim WHERE owner_id IS NOT NULL"
# A source gives one e-mail address and one phone a member; the address by which it
# calls the member is not one of them.
OTHERS = """
CREATE TEMPORARY TABLE import_other AS
SELECT c.pos, c.type, i.id
  FROM import_claim c
  JOIN import_slice s ON s.pos = c.pos
  JOIN members_identifier i ON i.member_id = s.member_id AND i.type = c.type
   AND i.source = %(source)s AND (i.type, i.value) <> (s.mtype, s.mvalue)
 WHERE NOT c.address
"""
NOTE_CLAIMS = """
UPDATE import_slice s
   SET adds = true, conflict = coalesce(s.conflict, x.conflict)
  FROM (SELECT c.pos, min(o.type) AS conflict
          FROM import_claim c
          LEFT JOIN import_other o ON o.pos = c.pos AND o.type = c.type
         GROUP BY c.pos) x
 WHERE x.pos = s.pos AND s.verdict = 'known'
"""

ATTRIBUTES = """
CREATE TEMPORARY TABLE import_attribute AS
SELECT s.pos, v.name, v.value, e.id AS known_id
  FROM import_slice s
 CROSS JOIN LATERAL (VALUES {values}) AS v(name, value)
  LEFT JOIN members_attribute e
    ON e.member_id = s.member_id AND e.name = v.name AND e.source = %(source)s
 WHERE v.value IS NOT NULL AND e.value IS DISTINCT FROM v.value
   AND s.verdict IN ('new', 'known')
"""
NOTE_ATTRIBUTES = """
UPDATE import_slice s
   SET adds = true, conflict = coalesce(s.conflict, x.conflict)
  FROM (SELECT pos, min(name) FILTER (WHERE known_id IS NOT NULL) AS conflict
          FROM import_attribute GROUP BY pos) x
 WHERE x.pos = s.pos AND s.verdict = 'known'
"""

# What was in force at the moment the row speaks of; the same again adds nothing.
CONSENTS = """
CREATE TEMPORARY TABLE import_consent AS
SELECT s.pos, v.channel, v.granted, coalesce(v.at, %(at)s) AS at,
       v.at IS NULL AND k.granted IS NOT NULL AS undated,
       EXISTS (SELECT 1 FROM members_consent e
                WHERE e.member_id = s.member_id AND e.channel = v.channel
                  AND e.purpose = %(purpose)s AND e.at = coalesce(v.at, %(at)s)
                  AND e.source = %(source)s) AS same_moment
  FROM import_slice s
 CROSS JOIN LATERAL (VALUES {values}) AS v(channel, granted, at)
  LEFT JOIN LATERAL (
        SELECT e.granted FROM members_consent e
         WHERE e.member_id = s.member_id AND e.channel = v.channel
           AND e.purpose = %(purpose)s AND e.at <= coalesce(v.at, %(at)s)
         ORDER BY e.at DESC, e.id DESC LIMIT 1) k ON true
 WHERE v.granted IS NOT NULL AND k.granted IS DISTINCT FROM v.granted
   AND s.verdict IN ('new', 'known')
"""
NOTE_CONSENTS = """
UPDATE import_slice s
   SET adds = true, conflict = coalesce(s.conflict, x.conflict),
       verdict = CASE WHEN x.fixed THEN 'fixed' ELSE s.verdict END,
       about = CASE WHEN x.fixed THEN x.channel ELSE s.about END
  FROM (SELECT pos, min(channel || '_consent') FILTER (WHERE undated) AS conflict,
               bool_or(same_moment) AS fixed,
               min(channel || '_consent') FILTER (WHERE same_moment) AS channel
          FROM import_consent GROUP BY pos) x
 WHERE x.pos = s.pos AND s.verdict = 'known'
"""

VERDICTS = """
UPDATE import_slice
   SET about = conflict,
       verdict = CASE WHEN conflict IS NOT NULL AND NOT %(update)s THEN 'changed'
                      WHEN conflict IS NOT NULL THEN 'update'
                      WHEN adds THEN 'fill' ELSE 'unchanged' END
 WHERE verdict = 'known'
"""

# Of rows that claim one identifier the first gets it. A row that loses one claim
# gives up its others, so rounds go on until nobody contests anything: in each, those
# lose who stand behind a row that stands behind nobody.
CONTESTS = """
CREATE TEMPORARY TABLE import_contest AS
SELECT pos, type, value, address
  FROM (SELECT c.*, count(*) OVER (PARTITION BY c.type, c.value) AS claimants
          FROM import_claim c JOIN import_slice s ON s.pos = c.pos
         WHERE s.verdict IN ('new', 'fill', 'update')) x
 WHERE claimants > 1
"""
CONTEST = """
WITH first AS (
    SELECT type, value, min(pos) AS pos FROM import_contest GROUP BY type, value
), behind AS (
    SELECT c.pos, c.type, c.address, f.pos AS first
      FROM import_contest c JOIN first f ON f.type = c.type AND f.value = c.value
     WHERE c.pos <> f.pos
), lost AS (
    SELECT DISTINCT ON (pos) pos, type, address, first FROM behind
     WHERE first NOT IN (SELECT pos FROM behind)
     ORDER BY pos, address DESC, type
), gone AS (
    DELETE FROM import_contest c USING lost WHERE lost.pos = c.pos
)
UPDATE import_slice s
   SET verdict = CASE WHEN lost.address THEN 'duplicate' ELSE 'identifier_taken' END,
       about = lost.type, other = lost.first
  FROM lost WHERE lost.pos = s.pos
"""

STORES = """
INSERT INTO members_store (code, name, created_at)
SELECT store, '', %(at)s FROM import_slice s
 WHERE verdict IN ('new', 'fill', 'update') AND store IS NOT NULL
   AND NOT EXISTS (SELECT 1 FROM members_store m WHERE m.code = s.store)
 GROUP BY store ORDER BY min(pos)
"""
FRESH = """
UPDATE import_slice s SET member_id = f.id
  FROM (SELECT pos, nextval(pg_get_serial_sequence('members_member', 'id')) AS id
          FROM (SELECT pos FROM import_slice WHERE verdict = 'new' ORDER BY pos) x) f
 WHERE f.pos = s.pos
"""
FRESH_MEMBERS = """
INSERT INTO members_member (id, name, name_key, birthday, joined_on, language,
    time_zone, store_id, acquisition_channel, source, batch_id, created_at, updated_at)
SELECT s.member_id, coalesce(s.name, ''), coalesce(s.name_key, ''), s.birthday,
       s.joined_on, coalesce(s.language, ''), '', st.id,
       coalesce(s.acquisition_channel, ''), %(source)s, %(batch)s, %(at)s, %(at)s
  FROM import_slice s LEFT JOIN members_store st ON st.code = s.store
 WHERE s.verdict = 'new' ORDER BY s.pos
"""
KNOWN_MEMBERS = """
UPDATE members_member m
   SET name = coalesce(s.name, m.name), name_key = coalesce(s.name_key, m.name_key),
       birthday = coalesce(s.birthday, m.birthday),
       joined_on = coalesce(s.joined_on, m.joined_on),
       language = coalesce(s.language, m.language),
       store_id = coalesce(st.id, m.store_id),
       acquisition_channel = coalesce(s.acquisition_channel, m.acquisition_channel),
       updated_at = %(at)s
  FROM import_slice s LEFT JOIN members_store st ON st.code = s.store
 WHERE s.verdict IN ('fill', 'update') AND m.id = s.member_id
"""
REPLACED_IDENTIFIERS = """
DELETE FROM members_identifier
 WHERE id IN (SELECT o.id FROM import_other o
                JOIN import_slice s ON s.pos = o.pos WHERE s.verdict = 'update')
"""
IDENTIFIERS = """
INSERT INTO members_identifier (member_id, type, value, source, batch_id, created_at)
SELECT s.member_id, c.type, c.value, %(source)s, %(batch)s, %(at)s
  FROM import_claim c JOIN import_slice s ON s.pos = c.pos
 WHERE s.verdict IN ('new', 'fill', 'update') ORDER BY c.pos, c.address DESC, c.type
"""
NEW_ATTRIBUTES = """
INSERT INTO members_attribute (member_id, name, value, source, recorded_on, batch_id)
SELECT s.member_id, a.name, a.value, %(source)s, %(today)s, %(batch)s
  FROM import_attribute a JOIN import_slice s ON s.pos = a.pos
 WHERE s.verdict IN ('new', 'fill', 'update') AND a.known_id IS NULL
 ORDER BY a.pos, a.name
"""
CHANGED_ATTRIBUTES = """
UPDATE members_attribute e
   SET value = a.value, recorded_on = %(today)s, batch_id = NULL
  FROM import_attribute a JOIN import_slice s ON s.pos = a.pos
 WHERE s.verdict = 'update' AND e.id = a.known_id
"""
NEW_CONSENTS = """
INSERT INTO members_consent (member_id, channel, purpose, granted, at, source,
    text_version, batch_id)
SELECT s.member_id, c.channel, %(purpose)s, c.granted, c.at, %(source)s, '', %(batch)s
  FROM import_consent c JOIN import_slice s ON s.pos = c.pos
 WHERE s.verdict IN ('new', 'fill', 'update') ORDER BY c.pos, c.channel
"""
MARK_MEMBERS = """
INSERT INTO members_changedmember (member_id)
SELECT member_id FROM import_slice WHERE verdict IN ('new', 'fill', 'update')
"""

REFUSED = """
SELECT line, CASE verdict WHEN 'fixed' THEN 'changed' ELSE verdict END AS reason,
       CASE verdict
       WHEN 'changed' THEN about
           || ': the member is known with another value; say --update to replace it'
       WHEN 'fixed' THEN about || ': another answer of the same moment is on record, '
           || 'and a consent is never rewritten'
       WHEN 'duplicate' THEN 'member: the same member is on line ' || other
       ELSE about || ': '
           || '«' || CASE about WHEN 'email' THEN email ELSE phone END || '» belongs to '
           || coalesce('the member on line ' || other, 'another member') END AS detail
  FROM import_slice WHERE verdict NOT IN ('new', 'fill', 'update', 'unchanged')
"""
COUNTS = """
SELECT count(*) FILTER (WHERE verdict IN ('new', 'fill', 'update')),
       count(*) FILTER (WHERE verdict = 'update'),
       count(*) FILTER (WHERE verdict = 'unchanged'),
       count(*) FILTER (WHERE verdict = 'new')
  FROM import_slice
"""

# Created by a load, described by nobody since, and known from nowhere else.
# A load of orders describes nobody: of its members any description is somebody's.
# `holders` are the tables of others that refer to a member and forbid its removal.
UNDO_MEMBERS = """
CREATE TEMPORARY TABLE import_undo AS
SELECT m.id FROM members_member m
 WHERE m.batch_id = %(batch)s AND m.updated_at = m.created_at
   AND m.merged_into_id IS NULL
   AND (%(describes)s OR m.name = '' AND m.birthday IS NULL AND m.joined_on IS NULL
        AND m.language = '' AND m.acquisition_channel = '')
   AND NOT EXISTS (SELECT 1 FROM members_label x WHERE x.member_id = m.id)
   AND NOT EXISTS (SELECT 1 FROM members_identifier x
                    WHERE x.member_id = m.id AND x.batch_id IS DISTINCT FROM %(batch)s)
   AND NOT EXISTS (SELECT 1 FROM members_attribute x
                    WHERE x.member_id = m.id AND x.batch_id IS DISTINCT FROM %(batch)s)
   AND NOT EXISTS (SELECT 1 FROM members_consent x
                    WHERE x.member_id = m.id AND x.batch_id IS DISTINCT FROM %(batch)s)
   {holders}
"""
HOLDER = "AND NOT EXISTS (SELECT 1 FROM {table} x WHERE x.{column} = m.id)"
UNDO_MARK = "INSERT INTO members_changedmember (member_id) SELECT id FROM import_undo"
UNDO_OWNED = "DELETE FROM {table} x USING import_undo u WHERE x.{column} = u.id"
UNDO_DELETE = "DELETE FROM members_member m USING import_undo u WHERE m.id = u.id"

# What a load added to members it did not create. Those it created and that are kept
# stay whole: others call them by what it told.
UNDO_ADDED = """
WITH added AS (
    DELETE FROM {table} x USING members_member m
     WHERE x.batch_id = %(batch)s AND m.id = x.member_id
       AND m.batch_id IS DISTINCT FROM %(batch)s
    RETURNING x.member_id
), noted AS (
    INSERT INTO import_touched SELECT DISTINCT member_id FROM added
)
SELECT 1
"""
UNDO_TOUCHED = "CREATE TEMPORARY TABLE import_touched (member_id bigint)"
UNDO_MARK_TOUCHED = """
INSERT INTO members_changedmember (member_id) SELECT DISTINCT member_id FROM import_touched
"""
