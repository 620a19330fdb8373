"""Members with names, identifiers, stores and values, made set by set in PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.db import connection

from analytics.demo import names
from analytics.values.enums import RunState
from analytics.values.models import ValueRun
from benchmarks import tables, write_back
from benchmarks.retailer import AS_OF
from members.profiles.rules import name_key

AT = datetime(AS_OF.year, AS_OF.month, AS_OF.day, 12, tzinfo=UTC)
STORES = 40
# Numbers of a row's own, spread by a prime: no random draws, the same rows each time.
STORE_ROWS = """
INSERT INTO members_store (code, name, created_at)
SELECT 'S' || lpad(n::text, 2, '0'), 'Store ' || n, %(at)s
  FROM generate_series(1, %(stores)s) n
"""
# Two of three names are Chinese, with one or two given characters. One in 33 members
# has no joining day.
MEMBER_ROWS = """
INSERT INTO members_member (id, name, name_key, joined_on, language, time_zone,
       store_id, acquisition_channel, source, created_at, updated_at)
SELECT n,
       CASE WHEN n %% 3 = 0 THEN first[one] || ' ' || last[two]
            WHEN n %% 2 = 0 THEN family[three] || given[four]
            ELSE family[three] || given[four] || given[five] END,
       CASE WHEN n %% 3 = 0 THEN lower(first[one] || ' ' || last[two])
            WHEN n %% 2 = 0 THEN family_keys[three] || ' ' || given_keys[four]
            ELSE family_keys[three] || ' ' || given_keys[four] || ' '
                 || given_keys[five] END,
       CASE WHEN n %% 33 > 0 THEN %(day)s::date - (a %% 1825)::int END,
       '', '', (SELECT min(id) FROM members_store) + b %% %(stores)s,
       '', 'bench', %(at)s, %(at)s
  FROM (SELECT member_id AS n FROM analytics_membervalue) valued
 CROSS JOIN (SELECT %(first)s::text[] AS first, %(last)s::text[] AS last,
                    %(family)s::text[] AS family, %(given)s::text[] AS given,
                    %(family_keys)s::text[] AS family_keys,
                    %(given_keys)s::text[] AS given_keys) words
 CROSS JOIN LATERAL (SELECT n::bigint * 7919 %% 1000003 AS a,
                            n::bigint * 104729 %% 999983 AS b,
                            n::bigint * 1299709 %% 999979 AS c) drawn
 CROSS JOIN LATERAL (SELECT 1 + a %% cardinality(first) AS one,
                            1 + b %% cardinality(last) AS two,
                            1 + a %% cardinality(family) AS three,
                            1 + b %% cardinality(given) AS four,
                            1 + c %% cardinality(given) AS five) chosen
"""
# Everybody has a number of the till, two of three a phone, one of two an e-mail.
IDENTIFIER_ROWS = """
INSERT INTO members_identifier (member_id, type, value, source, created_at)
SELECT id, 'till', 'card-' || id, 'till', %(at)s FROM members_member
 UNION ALL
SELECT id, 'phone', '+86138' || lpad(id::text, 8, '0'), 'till', %(at)s
  FROM members_member WHERE id %% 3 > 0
 UNION ALL
SELECT id, 'email', 'person' || id || '@example.com', 'till', %(at)s
  FROM members_member WHERE id %% 2 = 0
"""


def load(*, kept: Path) -> int:
    """Fill the tables; members are those who have values. Returns how many."""
    told: dict[str, Any] = {
        "at": AT,
        "day": AS_OF,
        "stores": STORES,
        "first": names.FIRST,
        "last": names.LAST,
        "family": list(names.SURNAMES),
        "family_keys": [name_key(name) for name in names.SURNAMES],
        "given": list(names.GIVEN),
        "given_keys": [name_key(name) for name in names.GIVEN],
    }
    run = ValueRun.objects.create(
        as_of=AS_OF,
        state=RunState.DONE,
        settings_number=1,
        started_at=AT,
        finished_at=AT,
    )
    write_back.write(kept, number=run.pk)
    with connection.cursor() as cursor:
        cursor.execute(STORE_ROWS, told)
        with tables.indexed_after("members_member"):
            cursor.execute(MEMBER_ROWS, told)
            members = int(cursor.rowcount)
        with tables.indexed_after("members_identifier"):
            cursor.execute(IDENTIFIER_ROWS, told)
    return members
