"""Where facts lie: folders that are written once, named by chance, removed late."""

from __future__ import annotations

import hashlib
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pyarrow.parquet as pq
from django.conf import settings
from django.utils.translation import gettext as _

from config.lib.errors import DomainError


class UnsupportedFactsUrl(DomainError):
    code = "unsupported_facts_url"
    field = "TERN_FACTS_URL"


def root() -> Path:
    """This is the folder of TERN_FACTS_URL: a path or a file:// address."""
    url = str(settings.FACTS_URL)
    scheme, separator, _rest = url.partition("://")
    if separator and scheme != "file":
        text = _("TERN_FACTS_URL is %(scheme)s://; the engine duckdb accepts a folder.")
        raise UnsupportedFactsUrl(text % {"scheme": scheme})
    return Path(unquote(urlsplit(url).path)) if separator else Path(url)


def new_folder() -> Path:
    folder = root() / uuid.uuid4().hex
    folder.mkdir(parents=True)
    return folder


def parquet_of(path: str) -> list[Path]:
    """This is the files of a segment; none where somebody removed them."""
    return sorted((root() / path).glob("*.parquet"))


def size_of(path: str) -> int:
    return sum(file.stat().st_size for file in parquet_of(path))


def rows_of(path: str) -> int:
    return sum(int(pq.read_metadata(file).num_rows) for file in parquet_of(path))


def digest_of(path: str) -> str:
    """This tells the content of a segment from any other."""
    total = hashlib.sha256()
    for file in parquet_of(path):
        with file.open("rb") as stream:
            total.update(hashlib.file_digest(stream, "sha256").digest())
    return total.hexdigest()


def folders() -> Iterator[Path]:
    """This is every folder an export made, referred to or not."""
    if root().is_dir():
        for place in root().iterdir():
            if place.is_dir() and len(place.name) == 32:
                yield place


def remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
