"""Who the members of a block are: names, identifiers, consents, attributes, labels.

Everything is written as plain columns; `member` is the position in the block.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from analytics.demo import catalogue, names, rules
from analytics.demo.buying import Buyers, Ints
from analytics.demo.rules import Plan

_PURPOSE: Final = 2

ENGLISH_SHARE: Final = 0.18
BIRTHDAY_SHARE: Final = 0.78
PHONE_SHARE: Final = 0.88
SECOND_PHONE_SHARE: Final = 0.06
EMAIL_SHARE: Final = 0.62
WECHAT_SHARE: Final = 0.66
SECOND_WECHAT_SHARE: Final = 0.07
CONSENT_SHARE: Final = 0.72
WITHDRAWN_SHARE: Final = 0.09
CITY_SHARE: Final = 0.80

# +86 154 is given to no network, so that no message of a demo can reach anybody.
PHONE_PREFIX: Final = "+86154"
# Reserved for examples by RFC 2606.
DOMAINS: Final = ("example.com", "example.net", "example.org")
HOUSEHOLDS: Final = ("single", "couple", "family")
INDUSTRIES: Final = (
    "education",
    "finance",
    "health",
    "manufacturing",
    "public service",
    "retail",
    "technology",
)
CONSENT_CHANNELS: Final = ("email", "sms", "wechat")
_BASE36: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
# Coprime to the sizes of their ranges, so that numbers differ for different members.
_PHONE_STEP: Final = 48_271_003
_CARD_STEP: Final = 387_420_489


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Columns of one table; `add` keeps them of one length."""

    columns: dict[str, list[Any]] = field(default_factory=dict)

    def add(self, **values: Any) -> None:
        for name, value in values.items():
            self.columns.setdefault(name, []).append(value)


@dataclass(frozen=True, kw_only=True)
class People:
    """`joined` and all `day`s count from the start of the window."""

    name: list[str]
    language: list[str]
    birthday_age: list[int | None]
    joined_second: Ints
    identifiers: Rows
    consents: Rows
    attributes: Rows
    labels: Rows


def people(plan: Plan, *, block: int, who: Buyers) -> People:
    random = rules.stream(plan, block=block, purpose=_PURPOSE)
    size = len(who.joined)
    english = random.random(size) < ENGLISH_SHARE
    second = random.integers(9 * 3600, 22 * 3600, size)
    # The till writes the member down first: nobody buys before joining.
    second = np.where(who.first == who.joined, 8 * 3600 + second % 3600, second)
    first = block * rules.BLOCK
    return People(
        name=_names(random, english),
        language=np.where(english, "en", "zh-hans").tolist(),
        birthday_age=_ages(random, size),
        joined_second=second,
        identifiers=_identifiers(random, plan, first, size),
        consents=_consents(random, plan, who),
        attributes=_attributes(random, who),
        labels=_labels(random, plan, who),
    )


def card(seed: int, index: int) -> str:
    """Return a member's card number: 11 digits scattered by the seed, and a check."""
    digits = f"8{(index * _CARD_STEP + _salt(seed, 'card')) % 10**10:010d}"
    return digits + str(_luhn(digits))


def _names(random: np.random.Generator, english: np.ndarray) -> list[str]:
    size = len(english)
    # Common surnames are drawn more often, as they occur.
    rank = (random.random(size) ** 1.8 * len(names.SURNAMES)).astype(int)
    given = random.integers(0, len(names.GIVEN), (size, 2))
    two = random.random(size) < 0.82
    compound = random.random(size) < 0.01
    first = random.integers(0, len(names.FIRST), size)
    last = random.integers(0, len(names.LAST), size)
    return [
        f"{names.FIRST[first[n]]} {names.LAST[last[n]]}"
        if english[n]
        else (
            (
                names.COMPOUND[rank[n] % len(names.COMPOUND)]
                if compound[n]
                else names.SURNAMES[rank[n]]
            )
            + names.GIVEN[given[n, 0]]
            + (names.GIVEN[given[n, 1]] if two[n] else "")
        )
        for n in range(size)
    ]


def _ages(random: np.random.Generator, size: int) -> list[int | None]:
    """Age in days at the start of the window, none where it was not told."""
    years = np.clip(18 + random.gamma(3.2, 6.2, size), 18, 84)
    told = random.random(size) < BIRTHDAY_SHARE
    return [
        int(age * 365.25) if known else None
        for age, known in zip(years, told, strict=True)
    ]


def _identifiers(
    random: np.random.Generator, plan: Plan, first: int, size: int
) -> Rows:
    """The card is each member's first: the lowest id is what exports call them by."""
    rows = Rows()
    draw = random.random((size, 5))
    domain = random.integers(0, len(DOMAINS), size)
    for n in range(size):
        index = first + n
        rows.add(member=n, type="external", value=card(plan.seed, index))
        if draw[n, 0] < PHONE_SHARE:
            rows.add(member=n, type="phone", value=_phone(plan.seed, index))
            if draw[n, 1] < SECOND_PHONE_SHARE:
                other = _phone(plan.seed, rules.MAX_MEMBERS + index)
                rows.add(member=n, type="phone", value=other)
        if draw[n, 2] < EMAIL_SHARE:
            value = f"member{index + 1:07d}@{DOMAINS[domain[n]]}"
            rows.add(member=n, type="email", value=value)
        if draw[n, 3] < WECHAT_SHARE:
            rows.add(member=n, type="wechat", value=_wechat(plan.seed, index, 0))
            if draw[n, 4] < SECOND_WECHAT_SHARE:
                rows.add(member=n, type="wechat", value=_wechat(plan.seed, index, 1))
    return rows


def _consents(random: np.random.Generator, plan: Plan, who: Buyers) -> Rows:
    """What each said on joining, and later withdrawals; dated, never rewritten."""
    rows = Rows()
    size, channels = len(who.joined), len(CONSENT_CHANNELS)
    granted = random.random((size, channels)) < CONSENT_SHARE
    withdrawn = random.random((size, channels)) < WITHDRAWN_SHARE
    when = random.random((size, channels))
    for n in range(size):
        joined = int(who.joined[n])
        for k, channel in enumerate(CONSENT_CHANNELS):
            rows.add(member=n, channel=channel, granted=bool(granted[n, k]), day=joined)
            left = plan.days - 1 - joined
            if granted[n, k] and withdrawn[n, k] and left > 1:
                day = joined + 1 + int(when[n, k] * (left - 1))
                rows.add(member=n, channel=channel, granted=False, day=day)
    return rows


def _attributes(random: np.random.Generator, who: Buyers) -> Rows:
    rows = Rows()
    size = len(who.joined)
    told = random.random((size, 3))
    moved = random.integers(0, len(catalogue.CITIES), size)
    household = random.choice(len(HOUSEHOLDS), size, p=[0.34, 0.31, 0.35])
    industry = random.integers(0, len(INDUSTRIES), size)
    for n in range(size):
        day, store = int(who.joined[n]), int(who.store[n])
        if told[n, 0] < CITY_SHARE:
            city = moved[n] if store < 0 else catalogue.CITY_OF_STORE[store]
            rows.add(member=n, name="city", value=catalogue.CITIES[city], day=day)
        if told[n, 1] < 0.45:
            value = HOUSEHOLDS[household[n]]
            rows.add(member=n, name="household", value=value, day=day)
        if told[n, 2] < 0.35:
            value = INDUSTRIES[industry[n]]
            rows.add(member=n, name="industry", value=value, day=day)
    return rows


def _labels(random: np.random.Generator, plan: Plan, who: Buyers) -> Rows:
    rows = Rows()
    club = random.random(len(who.joined)) < 0.06
    until = 120 + random.integers(0, 240, len(who.joined))
    for n in range(len(who.joined)):
        joined = int(who.joined[n])
        if joined < 30:
            rows.add(member=n, name="founding member", day=joined, until=None)
        if who.promoted[n]:
            rows.add(member=n, name="promotion sign-up", day=joined, until=None)
        if club[n]:
            end = joined + int(until[n])
            ended = end if end < plan.days else None
            rows.add(member=n, name="tea club", day=joined, until=ended)
    return rows


def _phone(seed: int, index: int) -> str:
    return f"{PHONE_PREFIX}{(index * _PHONE_STEP + _salt(seed, 'phone')) % 10**8:08d}"


def _wechat(seed: int, index: int, which: int) -> str:
    number = (2 * index + which) * _PHONE_STEP + _salt(seed, "wechat")
    number %= 36**7
    text = ""
    for _ in range(7):
        number, digit = divmod(number, 36)
        text = _BASE36[digit] + text
    return f"wx_{text}"


def _salt(seed: int, purpose: str) -> int:
    digest = hashlib.sha256(f"{purpose}:{seed}".encode()).digest()
    return int.from_bytes(digest[:6], "big")


def _luhn(digits: str) -> int:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return -total % 10
