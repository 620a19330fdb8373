"""Random files of members against a loader that takes one row after the other."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.members.imports.people import known, rejects

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

Row = dict[str, str]
SAID = ("name", "size", "sms_consent")
HEADER = ("member", "email", "phone", *SAID)
EXAMPLES = settings(
    max_examples=25,
    deadline=None,
    # Each example rolls its own rows back.
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
emails = st.sampled_from(["", "a@x.org", "b@x.org", "d@x.org"])
phones = st.sampled_from(["", "+4930000001", "+4930000002"])
rows = st.fixed_dictionaries(
    {
        "member": st.sampled_from(
            ["c-1", "c-2", "c-3", "c-4", "~email:a@x.org", "~phone:+4930000001"]
        ),
        "name": st.sampled_from(["", "", "Ana", "李娜"]),
        "email": emails,
        "phone": phones,
        "size": st.sampled_from(["", "S", "M"]),
        "sms_consent": st.sampled_from(["", "yes", "no"]),
    }
)
people = st.lists(rows, min_size=1, max_size=9)


@dataclass(eq=False)
class Person:
    called: set[tuple[str, str]]
    said: dict[str, str] = field(default_factory=dict)


@dataclass
class OneByOne:
    """The rules again, for one source and without --update."""

    persons: list[Person] = field(default_factory=list)

    def load(self, file: list[Row]) -> dict[int, set[str]]:
        """Returns every reason that holds of a refused row; one of them is told."""
        refused: dict[int, set[str]] = {}
        addresses: set[tuple[str, str]] = set()
        met: list[Person] = []
        before = {name: one for one in self.persons for name in one.called}
        for line, row in enumerate(file, start=2):
            address = self._address(row["member"])
            person = self._called(address)
            told = {(kind, row[kind]) for kind in ("email", "phone") if row[kind]}
            reasons = self._against(person or Person({address}), row, told, address)
            if address in addresses or person in met:
                reasons.add("duplicate")
            elif not reasons:
                self._take(person or Person({address}), row, told)
            # Whom an address meant before the file is as true: such a row is refused
            # either as a second row of one member or for what another member has.
            if reasons and any(
                self._called(one) not in (None, before.get(address)) for one in told
            ):
                reasons.add("identifier_taken")
            if reasons:
                refused[line] = reasons
            addresses.add(address)
            met += filter(None, [self._called(address)])
        return refused

    def _against(
        self,
        person: Person,
        row: Row,
        told: set[tuple[str, str]],
        address: tuple[str, str],
    ) -> set[str]:
        reasons = set()
        if any(self._called(one) not in (None, person) for one in told):
            reasons.add("identifier_taken")
        kinds = {kind for kind, _ in told - person.called}
        if any(kind in kinds for kind, _ in person.called - {address}):
            reasons.add("changed")
        for name in SAID:
            if row[name] and person.said.get(name, row[name]) != row[name]:
                reasons.add("changed")
        return reasons

    def _take(self, person: Person, row: Row, told: set[tuple[str, str]]) -> None:
        person.said |= {name: row[name] for name in SAID if row[name]}
        person.called |= told
        if person not in self.persons:
            self.persons.append(person)

    def _called(self, name: tuple[str, str]) -> Person | None:
        return next((one for one in self.persons if name in one.called), None)

    def _address(self, member: str) -> tuple[str, str]:
        if member.startswith("~"):
            kind, _, value = member[1:].partition(":")
            return kind, value
        return "external", member

    def state(self) -> dict[Any, Any]:
        return {tuple(sorted(one.called)): one.said for one in self.persons}


@contextmanager
def undone_after() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def loaded(load: Callable[..., Any], *files: list[Row]) -> list[list[tuple[int, str]]]:
    refused = []
    for file in files:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "people.csv"
            with path.open("w", encoding="utf-8", newline="") as into:
                writer = csv.DictWriter(into, HEADER)
                writer.writeheader()
                writer.writerows(file)
            summary = load("members", path)
            refused.append(rejects(summary["batch"]))
    return refused


def state() -> dict[Any, Any]:
    found: dict[Any, Any] = {}
    for key, row in known().items():
        said = {"name": row["name"]} if row["name"] else {}
        said |= {name: value for name, value, _ in row["attributes"]}
        for channel, granted in row["consents"]:
            said[f"{channel}_consent"] = "yes" if granted else "no"
        found[key] = said
    return found


@EXAMPLES
@given(first=people, second=people)
def test_files_load_as_if_row_by_row(load, first, second):
    oracle = OneByOne()
    expected = [oracle.load(first), oracle.load(second)]

    with undone_after():
        refused = loaded(load, first, second)

        for told, holds in zip(refused, expected, strict=True):
            assert [line for line, _ in told] == sorted(holds)
            assert all(reason in holds[line] for line, reason in told)
        assert state() == oracle.state()


def distinct(file: list[Row]) -> list[Row]:
    """Members who share nothing, so that no row depends on another."""
    return [
        {
            **row,
            "member": f"c-{n}",
            "email": row["email"] and f"{n}{row['email']}",
            "phone": row["phone"] and f"+4930{n:07d}",
        }
        for n, row in enumerate(file)
    ]


@EXAMPLES
@given(file=people.map(distinct), data=st.data())
def test_a_file_split_or_shuffled_loads_the_same(load, file, data):
    cut = data.draw(st.integers(0, len(file) - 1))
    shuffled = data.draw(st.permutations(file))
    found = []

    for files in ([file], [file[:cut], file[cut:]] if cut else [file], [shuffled]):
        with undone_after():
            assert not any(loaded(load, *files))
            found.append(state())

    assert len(found[0]) == len(file)
    assert found[1] == found[0]
    assert found[2] == found[0]
