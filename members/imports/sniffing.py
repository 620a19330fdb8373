"""Finds out what a file is, and refuses one that is not what it says it is.

The whole file is looked at before anything is loaded: its hash, that every byte
decodes, that it has columns. What cannot be told for certain is asked for.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.lib.errors import DomainError

BLOCK = 1 << 20
# A line longer than this is no row; it would be held in memory whole.
LONGEST_LINE_BLOCKS = 8
MOST_COLUMNS = 400
DELIMITERS = (",", ";", "\t", "|")
FORMATS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".json": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
}
ACCEPTED = gettext_lazy("CSV (comma, semicolon, tab or bar), JSON Lines or Parquet")
MAGIC = {
    b"PAR1": "Parquet",
    b"PK\x03\x04": gettext_lazy("a ZIP archive or an Excel workbook"),
    b"\xd0\xcf\x11\xe0": gettext_lazy("an old Excel workbook"),
    b"\x1f\x8b": "gzip",
    b"%PDF": "PDF",
    b"ARROW1": "Arrow",
}
BOMS = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
# One name for each of the ways Chinese Windows calls its encoding.
ENCODINGS = {"gbk": "gb18030", "gb2312": "gb18030", "cp936": "gb18030"}
GB_PAIR = re.compile(
    rb"[\x81-\xfe]([\x40-\x7e\x80-\xfe]|[\x30-\x39][\x81-\xfe][\x30-\x39])"
)


class Unusable(DomainError):
    """The file, or what was said about it, cannot be used; nothing was changed."""

    code = "unusable_file"


@dataclass(frozen=True, kw_only=True)
class Inspection:
    """What a file is. `rows` is exact for JSON Lines and Parquet, else a bound."""

    format: str
    columns: tuple[str, ...]
    sha256: str
    rows: int
    encoding: str = ""
    delimiter: str = ""
    header_lines: int = 1


@dataclass
class _Scan:
    """What one pass over the bytes told."""

    digest: str = ""
    newlines: int = 0
    has_nul: bool = False
    utf8: bool = True
    gb_pairs: Counter[bool] = field(default_factory=Counter)


def inspect(*, path: Path, name: str, encoding: str | None = None) -> Inspection:
    """This reads the file once and says what it is; raises `Unusable`."""
    said = FORMATS.get(Path(name).suffix.lower())
    if said is None:
        raise Unusable(
            _("%(name)s: the ending tells no kind of file; accepted: %(accepted)s")
            % {"name": name, "accepted": ACCEPTED}
        )
    try:
        with path.open("rb") as file:
            start = file.read(8)
    except OSError as error:
        raise Unusable(
            _("%(name)s: cannot be read (%(why)s)")
            % {"name": name, "why": error.strerror}
        ) from None
    if not start:
        raise _empty(name)
    held = next(
        (str(what) for mark, what in MAGIC.items() if start.startswith(mark)), None
    )
    if said == "parquet":
        return _parquet(path, name, held)
    if held:
        raise Unusable(
            _("%(name)s: is %(found)s, not %(said)s; accepted: %(accepted)s")
            % {
                "name": name,
                "found": held,
                "said": _label(said),
                "accepted": ACCEPTED,
            }
        )
    return _text(path, name, said, encoding, start)


def _empty(name: str) -> Unusable:
    text = _("%(name)s: the file is empty; accepted: %(accepted)s")
    return Unusable(text % {"name": name, "accepted": ACCEPTED})


def _label(format_: str) -> str:
    return {"csv": "CSV", "jsonl": "JSON Lines", "parquet": "Parquet"}[format_]


def _parquet(path: Path, name: str, held: str | None) -> Inspection:
    if held != "Parquet":
        raise Unusable(
            _("%(name)s: is not Parquet; accepted: %(accepted)s")
            % {"name": name, "accepted": ACCEPTED}
        )
    try:
        with pq.ParquetFile(path) as file:
            columns = tuple(str(column) for column in file.schema_arrow.names)
            rows = file.metadata.num_rows
    except (pa.ArrowException, OSError) as error:
        why = str(error).splitlines()[0][:200]
        raise Unusable(
            _("%(name)s: is damaged or cut off Parquet (%(why)s)")
            % {"name": name, "why": why}
        ) from None
    _check_columns(columns, name)
    with path.open("rb") as file_:
        digest = hashlib.file_digest(file_, "sha256").hexdigest()
    return Inspection(format="parquet", columns=columns, sha256=digest, rows=rows)


def _text(
    path: Path, name: str, said: str, encoding: str | None, start: bytes
) -> Inspection:
    scan = _scan(path, name)
    found = _encoding(path, name, encoding, scan, start)
    if said == "jsonl":
        columns, rows = _json_columns(path, name, found)
        return Inspection(
            format="jsonl",
            columns=columns,
            sha256=scan.digest,
            rows=rows,
            encoding=found,
            header_lines=0,
        )
    header_lines, delimiter, columns = _csv_columns(path, name, found)
    return Inspection(
        format="csv",
        columns=columns,
        sha256=scan.digest,
        rows=max(scan.newlines - header_lines, 0) + 1,
        encoding=found,
        delimiter=delimiter,
        header_lines=header_lines,
    )


def _scan(path: Path, name: str) -> _Scan:
    scan, digest = _Scan(), hashlib.sha256()
    decoder = codecs.getincrementaldecoder("utf-8")()
    without_end = 0
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
            ends = block.count(b"\n") or block.count(b"\r")
            scan.newlines += ends
            scan.has_nul = scan.has_nul or b"\0" in block
            without_end = 0 if ends else without_end + 1
            if without_end > LONGEST_LINE_BLOCKS:
                raise Unusable(
                    _("%(name)s: has a line longer than 8 MB; is it text?")
                    % {"name": name}
                )
            if scan.utf8:
                scan.utf8 = _decodes(decoder, block)
            if not block.isascii() and scan.gb_pairs.total() < BLOCK:
                scan.gb_pairs.update(
                    match[1] >= b"\xa1" for match in GB_PAIR.finditer(block)
                )
    scan.utf8 = scan.utf8 and _decodes(decoder, b"", final=True)
    scan.digest = digest.hexdigest()
    return scan


def _decodes(
    decoder: codecs.IncrementalDecoder, block: bytes, *, final: bool = False
) -> bool:
    try:
        decoder.decode(block, final)
    except UnicodeError:
        return False
    return True


def _encoding(
    path: Path, name: str, asked: str | None, scan: _Scan, start: bytes
) -> str:
    """This is the encoding every byte of the file obeys; UTF-8 sheds its BOM."""
    if asked:
        return _asked_encoding(path, name, asked)
    for bom, wide in BOMS.items():
        if start.startswith(bom):
            raise Unusable(
                _(
                    "%(name)s: is %(encoding)s; save it as UTF-8 "
                    "or say --encoding %(encoding)s"
                )
                % {"name": name, "encoding": wide}
            )
    if scan.has_nul:
        raise Unusable(
            _("%(name)s: is a binary file, not text; accepted: %(accepted)s")
            % {"name": name, "accepted": ACCEPTED}
        )
    if scan.utf8:
        return "utf-8-sig"
    if not _obeys(path, "gb18030"):
        raise Unusable(
            _(
                "%(name)s: is neither UTF-8 nor GB18030; "
                "say which (--encoding windows-1252)"
            )
            % {"name": name}
        )
    # In Chinese text nearly every second byte is high; in Western text with a few
    # accents the letter after the accent is plain ASCII and only seems a pair.
    pairs = scan.gb_pairs
    if pairs[True] <= pairs[False]:
        raise Unusable(
            _(
                "%(name)s: is not UTF-8 and may be GB18030 or a Western encoding; "
                "say which (--encoding gb18030 or windows-1252)"
            )
            % {"name": name}
        )
    return "gb18030"


def _asked_encoding(path: Path, name: str, asked: str) -> str:
    try:
        found = codecs.lookup(ENCODINGS.get(asked.lower().replace("-", ""), asked)).name
        "a".encode(found)
    except (LookupError, UnicodeError):
        raise Unusable(
            _(
                "“%(encoding)s” is no encoding; "
                "give utf-8, gb18030, windows-1252 or utf-16"
            )
            % {"encoding": asked}
        ) from None
    found = {"utf-8": "utf-8-sig"}.get(found, found)
    if not _obeys(path, found):
        raise Unusable(
            _("%(name)s: is not %(encoding)s from beginning to end")
            % {"name": name, "encoding": asked}
        )
    return found


def _obeys(path: Path, encoding: str) -> bool:
    decoder = codecs.getincrementaldecoder(encoding)()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            if not _decodes(decoder, block):
                return False
    return _decodes(decoder, b"", final=True)


def _json_columns(path: Path, name: str, encoding: str) -> tuple[tuple[str, ...], int]:
    """Every key of every line, in order of appearance: a key may be rare."""
    seen: dict[str, None] = {}
    rows = good = 0
    with path.open(encoding=encoding, newline="\n") as file:
        for line in file:
            if not line.strip():
                continue
            rows += 1
            try:
                row = json.loads(line)
            except (ValueError, RecursionError):
                row = None
            if isinstance(row, dict):
                good += 1
                seen |= dict.fromkeys(row)
            elif rows == 1:
                raise Unusable(
                    _(
                        "%(name)s: is not JSON Lines (the first line is no object); "
                        "accepted: %(accepted)s"
                    )
                    % {"name": name, "accepted": ACCEPTED}
                )
            if len(seen) > MOST_COLUMNS:
                raise Unusable(
                    _("%(name)s: has more than %(most)s different keys")
                    % {"name": name, "most": MOST_COLUMNS}
                )
    if not good:
        raise Unusable(
            _("%(name)s: holds no row; accepted: %(accepted)s")
            % {"name": name, "accepted": ACCEPTED}
        )
    return tuple(seen), rows


def _csv_columns(
    path: Path, name: str, encoding: str
) -> tuple[int, str, tuple[str, ...]]:
    with path.open(encoding=encoding, newline="") as file:
        lines = list(islice(file, 30))
    if not lines:  # a byte order mark and nothing behind it
        raise _empty(name)
    header_lines, told = 1, None
    if match := re.fullmatch(r'"?sep=(.)"?\s*', lines[0], re.IGNORECASE):
        header_lines, told, lines = 2, match[1], lines[1:]
    while lines and not lines[0].strip():
        header_lines, lines = header_lines + 1, lines[1:]
    if not lines:
        raise _empty(name)
    _refuse_other_text(lines[0].lstrip().lower(), name)
    delimiter = told or max(
        DELIMITERS, key=lambda candidate: _fitness(lines, candidate)
    )
    header = next(_records(lines, delimiter), [])
    columns = tuple(cell.strip() for cell in header)
    _check_columns(columns, name)
    return header_lines, delimiter, columns


def _refuse_other_text(start: str, name: str) -> None:
    if start.startswith(("{", "[")):
        raise Unusable(
            _("%(name)s: is JSON, not CSV; JSON Lines end in .jsonl") % {"name": name}
        )
    if start.startswith(("<html", "<!doctype", "<?xml")):
        raise Unusable(
            _("%(name)s: is a web page, not CSV; accepted: %(accepted)s")
            % {"name": name, "accepted": ACCEPTED}
        )


def _records(lines: list[str], delimiter: str) -> Iterator[list[str]]:
    try:
        yield from csv.reader(lines, delimiter=delimiter)
    except csv.Error:
        return


def _fitness(lines: list[str], delimiter: str) -> tuple[int, int]:
    """How many columns the header has, then how many rows agree with it."""
    records = list(_records(lines, delimiter))
    width = len(records[0]) if records else 0
    return width, sum(len(record) == width for record in records)


def _check_columns(columns: tuple[str, ...], name: str) -> None:
    if len(columns) > MOST_COLUMNS:
        raise Unusable(
            _("%(name)s: has %(columns)s columns; at most %(most)s")
            % {"name": name, "columns": len(columns), "most": MOST_COLUMNS}
        )
    if not any(columns):
        raise Unusable(_("%(name)s: the first line names no column") % {"name": name})
    twice = [column for column, n in Counter(columns).items() if n > 1 and column]
    if twice:
        raise Unusable(
            _("%(name)s: the column “%(column)s” is there twice")
            % {"name": name, "column": twice[0]}
        )
