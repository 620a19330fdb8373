"""Versions of the programme in the making: drafted, sent to a second person, published.

What lowers benefits takes a second person, who wrote nothing in it. Nothing is
retroactive: a version begins at a moment that has not passed when it is published.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.lib.errors import DomainError
from members.access.models import User
from members.approvals import kinds
from members.approvals import services as approvals
from members.approvals.kinds import Act, Done
from members.approvals.models import Approval
from members.audit import services as audit
from members.programme import benefits, queries, rules
from members.programme import services as programme
from members.programme.benefits import Loss
from members.programme.enums import DraftState
from members.programme.models import ProgrammeDraft, ProgrammeVersion
from members.programme.rules import InvalidSetting, Settings
from members.settings.queries import orders_exist

KIND = "programme_version"


class DraftClosed(DomainError):
    code = "draft_closed"
    message = gettext_lazy("This draft was published, discarded or sent already.")


class StaleDraft(DomainError):
    code = "stale_draft"
    message = gettext_lazy(
        "Somebody changed this draft meanwhile. Nothing of theirs is lost: look at the "
        "draft and change it again."
    )


class OwnDraft(approvals.OwnRequest):
    message = gettext_lazy(
        "Somebody who wrote nothing in this draft must be the second person."
    )


# The version, or what waits for a second person.
Published = ProgrammeVersion | Approval


def register() -> None:
    kinds.register(
        kinds.Kind(
            name=KIND,
            title=gettext_lazy("Version of the programme"),
            scope="programme:write",
            execute=_approved,
            refused=_refused,
        )
    )


def losses(
    *, before: Settings, after: Settings, begins: datetime, language: str
) -> list[Loss]:
    """Return what falls and therefore takes a second person; see `needs_second`."""
    return benefits.lowered(before, after, at=begins, language=language)


def needs_second(*, before: Settings, falls: list[Loss]) -> bool:
    """The first version somebody publishes lowers nothing that anybody was promised."""
    return bool(falls) and before.publish_approval and before.number > 1


@transaction.atomic
def make(
    *,
    title: str,
    values: Mapping[str, Any],
    effective_from: datetime | None,
    note: str,
    by: str,
    at: datetime,
    base: Settings | None = None,
) -> ProgrammeDraft:
    """Begin a draft from the latest version, or from `base`; the rest stays as there.

    Raises `InvalidSetting` for the first value that is not accepted.
    """
    latest = queries.latest()
    settings = rules.parse({**rules.dump(base or latest), **values})
    draft = ProgrammeDraft.objects.create(
        title=title,
        settings=rules.dump(settings),
        based_on=latest.number,
        effective_from=effective_from,
        note=note,
        authors=[by],
        created_at=at,
        updated_at=at,
    )
    _record(draft, "make", by=by, at=at)
    return draft


@transaction.atomic
def save(
    *,
    draft_id: int,
    revision: int,
    title: str,
    values: Mapping[str, Any],
    effective_from: datetime | None,
    note: str,
    by: str,
    at: datetime,
) -> ProgrammeDraft:
    """Change an open draft. Raises `DraftClosed`, `StaleDraft`, `InvalidSetting`."""
    draft = _open(draft_id)
    if draft.revision != revision:
        raise StaleDraft()
    settings = rules.parse({**draft.settings, **values})
    draft.title, draft.note = title, note
    draft.settings = rules.dump(settings)
    draft.effective_from = effective_from
    _write(draft, "save", by=by, at=at, as_author=True)
    return draft


@transaction.atomic
def bring_up_to_date(*, draft_id: int, by: str, at: datetime) -> ProgrammeDraft:
    """Put what a draft changes on top of the version published last."""
    draft = _open(draft_id)
    base = queries.versions().get(number=draft.based_on)
    latest = queries.latest()
    was = rules.dump(queries.parsed(base))
    own = {name: told for name, told in draft.settings.items() if told != was.get(name)}
    draft.settings = rules.dump(rules.parse({**rules.dump(latest), **own}))
    draft.based_on = latest.number
    _write(draft, "rebase", by=by, at=at, as_author=True)
    return draft


@transaction.atomic
def discard(*, draft_id: int, by: str, at: datetime) -> None:
    draft = _open(draft_id)
    draft.state = DraftState.DISCARDED
    _write(draft, "discard", by=by, at=at)


@transaction.atomic
def withdraw(*, draft_id: int, by: str, at: datetime) -> None:
    """Take a draft back from the second person, so that it can be changed again."""
    draft = _locked(draft_id)
    if draft.state != DraftState.WAITING or draft.approval_id is None:
        raise DraftClosed()
    approvals.withdraw(approval_id=draft.approval_id, by=by, at=at)


@transaction.atomic
def roll_back(*, number: int, title: str, by: str, at: datetime) -> ProgrammeDraft:
    """Draft a version that says what version `number` said.

    Currency and zone stay: amounts and local days were stored by those of today.
    """
    wanted = queries.parsed(queries.versions().get(number=number))
    latest = queries.latest()
    kept = {"time_zone": latest.time_zone, "currency": latest.currency}
    return make(
        title=title,
        values=kept,
        effective_from=None,
        note="",
        by=by,
        at=at,
        base=wanted,
    )


@transaction.atomic
def publish(*, draft_id: int, revision: int, by: str, at: datetime) -> Published:
    """Publish a draft, or send it to a second person if it lowers benefits.

    `revision` is the one the publisher read. Raises `DraftClosed`, `StaleDraft`,
    `StaleVersion`, `FixedSetting`, `InvalidSetting`.
    """
    draft = _open(draft_id)
    if draft.revision != revision:
        raise StaleDraft()
    latest = programme.last_of(based_on=draft.based_on)
    before = queries.parsed(latest)
    after = rules.parse(draft.settings, number=before.number + 1)
    programme.check_fixed(before, after, orders_exist=orders_exist())
    begins = beginning(draft.effective_from, latest=latest, at=at)
    falls = losses(before=before, after=after, begins=begins or at, language="en")
    if needs_second(before=before, falls=falls):
        return _ask(draft, falls, begins, by=by, at=at)
    return _publish(draft, begins=begins, by=by, at=at)


def beginning(
    wanted: datetime | None, *, latest: ProgrammeVersion, at: datetime
) -> datetime | None:
    """When a version begins: now if nothing else is asked for, never in the past.

    The first version somebody publishes begins with time itself if no moment is named.
    """
    if wanted is None and latest.number == 1:
        return None
    wanted = wanted or at
    programme.check_beginning(wanted, latest=latest, at=at)
    if wanted < at:
        raise InvalidSetting(
            _("Give a time that has not passed: no version is retroactive."),
            field="effective_from",
        )
    return wanted


def _ask(
    draft: ProgrammeDraft,
    falls: list[Loss],
    begins: datetime | None,
    *,
    by: str,
    at: datetime,
) -> Approval:
    # Outside the language of whoever asks: the inbox says it in that of the reader.
    with translation.override("en"):
        told = [{"setting": loss.key, "detail": loss.text} for loss in falls]
    approval = approvals.ask(
        kind=KIND,
        payload={"draft": draft.pk},
        facts={
            "draft": draft.pk,
            "title": draft.title,
            "reason": draft.note,
            "based_on": draft.based_on,
            "effective_from": begins.isoformat() if begins else None,
            "lowers": told,
        },
        author=by,
        at=at,
    )
    draft.state = DraftState.WAITING
    draft.approval = approval
    _write(draft, "send", by=by, at=at, as_author=True)
    return approval


def _approved(act: Act) -> Done:
    draft = _locked(act.payload["draft"])
    if draft.state != DraftState.WAITING:
        raise DraftClosed()
    people = {approvals.person_of(author) for author in draft.authors}
    if approvals.person_of(act.by) in people:
        raise OwnDraft()
    wanted = draft.effective_from
    # While it waited its moment may have come: it begins with the approval then.
    begins = act.at if wanted is None else max(wanted, act.at)
    version = _publish(
        draft, begins=begins, by=act.author, at=act.at, approved_by=act.by
    )
    began = version.effective_from
    return Done(
        result={
            "version": version.number,
            "effective_from": began.isoformat() if began else None,
        },
        before={"version": draft.based_on},
        after={"version": version.number},
    )


def _refused(payload: Mapping[str, Any]) -> None:
    """A draft that was refused or taken back can be changed again."""
    draft = _locked(payload["draft"])
    draft.state = DraftState.OPEN
    draft.revision += 1
    draft.save(update_fields=["state", "revision"])


def _publish(
    draft: ProgrammeDraft,
    *,
    begins: datetime | None,
    by: str,
    at: datetime,
    approved_by: str = "",
) -> ProgrammeVersion:
    version = programme.publish(
        values=draft.settings,
        based_on=draft.based_on,
        effective_from=begins,
        by_id=person_id(by),
        at=at,
        orders_exist=orders_exist(),
        note=draft.note,
        published_by=by,
        approved_by=approved_by,
    )
    draft.state = DraftState.PUBLISHED
    draft.version = version
    _write(draft, "publish", by=approved_by or by, at=at)
    record_publication(version, based_on=draft.based_on, by=by, at=at)
    return version


def record_publication(
    version: ProgrammeVersion, *, based_on: int, by: str, at: datetime
) -> None:
    audit.record_by(
        actor=by,
        action="programme.publish",
        target=f"ProgrammeVersion:{version.number}",
        details={
            "based_on": based_on,
            "settings": version.settings,
            "approved_by": version.approved_by,
        },
        at=at,
    )


def person_id(actor: str) -> int | None:
    kind, _colon, number = actor.partition(":")
    return int(number) if kind == "user" else None


def _locked(draft_id: int) -> ProgrammeDraft:
    return ProgrammeDraft.objects.select_for_update(of=("self",)).get(pk=draft_id)


def _open(draft_id: int) -> ProgrammeDraft:
    draft = _locked(draft_id)
    if draft.state != DraftState.OPEN:
        raise DraftClosed()
    return draft


def _write(
    draft: ProgrammeDraft,
    act: str,
    *,
    by: str,
    at: datetime,
    as_author: bool = False,
) -> None:
    if as_author and by not in draft.authors:
        draft.authors = [*draft.authors, by]
    draft.revision += 1
    draft.updated_at = at
    draft.save()
    _record(draft, act, by=by, at=at)


def _record(draft: ProgrammeDraft, act: str, *, by: str, at: datetime) -> None:
    audit.record_by(
        actor=by,
        action=f"programme.draft.{act}",
        target=f"ProgrammeDraft:{draft.pk}",
        details={"revision": draft.revision, "settings": draft.settings},
        at=at,
    )


def actor_of(user: User) -> str:
    return f"user:{user.pk}"
