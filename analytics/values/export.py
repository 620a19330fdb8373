"""The members' values as a file, for Excel, SQL, Python and R."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

from django.utils.translation import gettext as _

from analytics.facts import queries as facts
from analytics.metrics import state
from analytics.values import rebuild
from config.lib.errors import DomainError
from members.audit import services as audit
from members.programme.rules import Settings

FORMATS = (".csv", ".parquet")


class UnusableTarget(DomainError):
    code = "unusable_target"
    field = "out"


def check(out: Path) -> None:
    """This raises `UnusableTarget` before any work is done."""
    if out.suffix.lower() not in FORMATS:
        text = _("%(out)s is neither a .csv nor a .parquet file.")
        raise UnusableTarget(text % {"out": out})
    if out.is_dir() or not out.absolute().parent.is_dir():
        text = _("%(out)s cannot be written: give a file in a folder that exists.")
        raise UnusableTarget(text % {"out": out})


def write(*, out: Path, as_of: date, settings: Settings, at: datetime) -> int:
    """This writes the file whole or not at all, records it, and counts the rows.

    It computes from the facts as last refreshed, so any past day will do.
    """
    check(out)
    draft = out.with_name(f".{out.name}.draft")
    try:
        with facts.opened(as_of=as_of, settings=settings) as opened:
            values = state.kept(rebuild.member_values(state.materialised(opened)))
            table = rebuild.exported(values, exponent=settings.exponent)
            if out.suffix.lower() == ".csv":
                table.to_csv(draft)
            else:
                table.to_parquet(draft, compression="zstd")
            rows = int(values.count().to_pyarrow().as_py())
        draft.replace(out)
    except OSError as error:
        raise UnusableTarget(f"{out}: {error.strerror}") from error
    finally:
        draft.unlink(missing_ok=True)
    audit.record(
        actor=None,
        action="members.export",
        target=f"members:{as_of}",
        details={"rows": rows, "file": out.name},
        at=at,
    )
    return rows
