from __future__ import annotations

import os
from datetime import UTC, date, datetime, timedelta

import pyarrow.parquet as pq
import pytest

from analytics.facts import files, queries, services
from members.programme.rules import Settings
from tests.analytics.world import ask, bought, tables

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_root_takes_a_path_or_a_file_address(settings, tmp_path):
    settings.FACTS_URL = f"file://{tmp_path}/with%20space"

    assert files.root() == tmp_path / "with space"


def test_root_elsewhere_is_refused_by_the_name_of_the_variable(settings):
    settings.FACTS_URL = "s3://bucket/facts"

    with pytest.raises(files.UnsupportedFactsUrl, match="TERN_FACTS_URL is s3://"):
        files.root()


def test_folders_of_dead_runs_go_after_a_day(books):
    dead, young = files.new_folder(), files.new_folder()
    long_ago = (AT - timedelta(days=2)).timestamp()
    os.utime(dead, (long_ago, long_ago))
    os.utime(young, (AT.timestamp(), AT.timestamp()))

    services.refresh(at=AT)

    assert (dead.exists(), young.exists()) == (False, True)


def test_files_alone_answer_without_a_database(tmp_path):
    for name, table in tables([bought(1, "2025-01-01", 250)]).items():
        pq.write_table(table, tmp_path / f"{name}.parquet")
    paths = {
        name: [tmp_path / f"{name}.parquet"] for name in ("orders", "lines", "members")
    }

    with queries.opened_files(
        paths=paths, as_of=date(2025, 1, 31), settings=Settings()
    ) as facts:
        assert ask(facts, "spend")["value"] == "2.50"


def test_segment_without_files_is_as_good_as_gone(settings, tmp_path):
    settings.FACTS_URL = str(tmp_path)

    assert (files.parquet_of("lost"), files.rows_of("lost")) == ([], 0)
