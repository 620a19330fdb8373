"""What the pages of versions and drafts show, in words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from members.access import queries as access
from members.approvals import services as approvals
from members.approvals.enums import ApprovalState
from members.programme import queries as programme
from members.programme import rules, wording_staff
from members.programme.benefits import Loss
from members.programme.enums import DraftState
from members.programme.models import ProgrammeDraft, ProgrammeVersion
from members.programme.rules import Settings
from members.programme.wording import Change, Sentence
from members.settings import drafts

PAGE = 20


@dataclass(frozen=True, kw_only=True)
class Row:
    """A version of the history with what it says otherwise than the one before."""

    version: ProgrammeVersion
    author: str
    second: str
    changes: list[Change]
    first: bool
    current: bool
    coming: bool
    # A later version precedes it, so it never came or comes.
    replaced: bool


@dataclass(frozen=True, kw_only=True)
class History:
    rows: list[Row]
    older: int | None


@dataclass(frozen=True, kw_only=True)
class DraftRow:
    draft: ProgrammeDraft
    authors: str


@dataclass(frozen=True, kw_only=True)
class Preview:
    """A draft beside the version it builds on: the difference, and what falls."""

    draft: ProgrammeDraft
    settings: Settings
    base: int
    stale: bool
    changes: list[Change]
    falls: list[Loss]
    second: bool
    late: bool
    sentences: list[Sentence]
    authors: list[str]
    rejected: str
    publisher: str
    approver: str

    # Whether members may move between tiers: then the page asks who would.
    moves: bool

    @property
    def open(self) -> bool:
        return bool(self.draft.state == DraftState.OPEN)

    @property
    def waiting(self) -> bool:
        return bool(self.draft.state == DraftState.WAITING)


def history(*, at: datetime, language: str, before: int | None = None) -> History:
    """Return a page of versions, the newest first; five queries whatever the number."""
    rows = programme.versions().select_related("created_by")
    if before is not None:
        rows = rows.filter(number__lt=before)
    found = list(rows[: PAGE + 1])
    current = programme.settings_at(at=at).number
    names = _names(found)
    lasting = programme.lasting()
    pairs = zip(found, [*found[1:], None], strict=True)
    return History(
        rows=[
            _row(version, old, names, current, at, language, lasting)
            for version, old in list(pairs)[:PAGE]
        ],
        older=found[PAGE - 1].number if len(found) > PAGE else None,
    )


def _row(
    version: ProgrammeVersion,
    old: ProgrammeVersion | None,
    names: dict[str, str],
    current: int,
    at: datetime,
    language: str,
    lasting: set[int],
) -> Row:
    author = names.get(version.published_by) or str(version.created_by or "Tern")
    began = version.effective_from
    return Row(
        version=version,
        author=author,
        second=names.get(version.approved_by, version.approved_by),
        changes=difference(old, version, language=language) if old else [],
        first=old is None,
        current=version.number == current,
        coming=began is not None and began > at and version.number in lasting,
        replaced=version.number not in lasting,
    )


def difference(
    old: ProgrammeVersion, new: ProgrammeVersion, *, language: str
) -> list[Change]:
    return wording_staff.all_changes(
        programme.parsed(old), programme.parsed(new), language=language
    )


def open_drafts() -> list[DraftRow]:
    """Drafts that are written or wait; three queries whatever the number."""
    states = (DraftState.OPEN, DraftState.WAITING)
    found = list(ProgrammeDraft.objects.filter(state__in=states).order_by("-pk"))
    names = access.names_of(actors=[name for one in found for name in one.authors])
    return [
        DraftRow(draft=one, authors=", ".join(names.get(n, n) for n in one.authors))
        for one in found
    ]


def preview(*, draft: ProgrammeDraft, at: datetime, language: str) -> Preview:
    latest = programme.versions()[0]
    base = programme.versions().get(number=draft.based_on)
    before, after = programme.parsed(base), rules.parse(draft.settings)
    begins = max(draft.effective_from or at, at)
    falls = drafts.losses(before=before, after=after, begins=begins, language=language)
    version, approval = draft.version, draft.approval
    actors = [*draft.authors]
    if version is not None:
        actors += [version.published_by, version.approved_by]
    names = access.names_of(actors=actors)
    return Preview(
        draft=draft,
        settings=after,
        base=base.number,
        moves=before.tier_sets != after.tier_sets,
        stale=draft.version is None and latest.number != base.number,
        changes=wording_staff.all_changes(before, after, language=language),
        falls=falls,
        second=drafts.needs_second(before=before, falls=falls),
        late=draft.effective_from is not None and draft.effective_from < at,
        sentences=wording_staff.all_sentences(after, language=language),
        authors=[names.get(name, name) for name in draft.authors],
        rejected=approval.reason
        if approval is not None and approval.state == ApprovalState.REJECTED
        else "",
        publisher=names.get(version.published_by, "") if version else "",
        approver=names.get(version.approved_by, "") if version else "",
    )


def may_decide(*, draft: ProgrammeDraft, actor: str) -> bool:
    """Whoever wrote in a draft is not its second person; keys are their makers."""
    people = {approvals.person_of(author) for author in draft.authors}
    return approvals.person_of(actor) not in people


@dataclass(frozen=True, kw_only=True)
class Side:
    """One of two rule sets that are compared: `v3` is a version, `d5` a draft."""

    key: str
    name: str
    settings: Settings


def side(key: str) -> Side | None:
    kind, number = key[:1], key[1:]
    if not (number.isascii() and number.isdigit()) or len(number) > 9:
        return None
    if kind == "v":
        version = programme.versions().filter(number=int(number)).first()
        if version is None:
            return None
        name = _("Version %(number)s") % {"number": version.number}
        return Side(key=key, name=name, settings=programme.parsed(version))
    draft = (
        ProgrammeDraft.objects.filter(pk=int(number)).first() if kind == "d" else None
    )
    if draft is None:
        return None
    return Side(key=key, name=draft.title, settings=rules.parse(draft.settings))


def _names(found: Sequence[ProgrammeVersion]) -> dict[str, str]:
    actors: Iterable[str] = (
        name for one in found for name in (one.published_by, one.approved_by)
    )
    return access.names_of(actors=[name for name in actors if name])
