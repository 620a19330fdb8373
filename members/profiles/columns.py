"""Columns of a file of members beyond its fields: consents by channel, attributes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from members.imports.mapping import Columns
from members.imports.sniffing import Unusable
from members.profiles import rules

# The channels the fields name; a file may know others.
CHANNELS = ("email", "sms", "phone", "post", "wechat")


@dataclass(frozen=True, kw_only=True)
class Extra:
    """Where consents, their moments and attributes stand in the file."""

    consents: Mapping[str, int]
    moments: Mapping[str, int] = field(default_factory=dict)
    attributes: Mapping[str, int] = field(default_factory=dict)


def found(columns: Columns) -> Extra:
    """This sorts the columns; raises `Unusable` where one cannot be kept.

    `wechat_consent` and `wechat_consent_at` speak of consent whatever the channel,
    every other column that is no field is an attribute under its own name.
    """
    consents: dict[str, int] = {}
    moments: dict[str, int] = {}
    attributes: dict[str, int] = {}
    for channel in CHANNELS:
        index = columns.index(f"{channel}_consent")
        if index is not None:
            consents[channel] = index
    for name, index in columns.extra.items():
        match = rules.CONSENT.fullmatch(name.strip().lower())
        if match is None:
            _keep(attributes, name.strip(), index, columns, _attribute_limit(name))
            continue
        channel = "_".join(match["channel"].replace("-", " ").replace("_", " ").split())
        if len(channel) > rules.CONSENT_CHANNEL_LENGTH:
            raise Unusable(
                f"the column {name!r}: a channel has up to "
                f"{rules.CONSENT_CHANNEL_LENGTH} characters"
            )
        _keep(moments if match["at"] else consents, channel, index, columns, name)
    if len(consents) + len(moments) + len(attributes) > rules.MAX_EXTRA_COLUMNS:
        raise Unusable(
            f"the file has {len(attributes)} columns that are no field; up to "
            f"{rules.MAX_EXTRA_COLUMNS} can be kept as attributes"
        )
    return Extra(consents=consents, moments=moments, attributes=attributes)


def _keep(
    into: dict[str, int], key: str, index: int, columns: Columns, name: str
) -> None:
    if key in into:
        other = columns.names[into[key]]
        raise Unusable(f"the columns {other!r} and {name!r} say the same; keep one")
    into[key] = index


def _attribute_limit(name: str) -> str:
    if len(name.strip()) > rules.ATTRIBUTE_NAME_LENGTH:
        raise Unusable(
            f"the column {name[:80]!r} is no field, and as an attribute its name is "
            f"longer than {rules.ATTRIBUTE_NAME_LENGTH} characters"
        )
    return name
