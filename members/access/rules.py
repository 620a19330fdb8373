"""Who may do what: one table from role to permission words."""

from __future__ import annotations

from collections.abc import Iterable

from members.access.enums import Role

_READ = frozenset({"overview.view", "members.view", "insights.view"})
_ANALYST = _READ | {"members.export", "jobs.view", "imports.run"}

PERMISSIONS: dict[Role, frozenset[str]] = {
    Role.VIEWER: _READ,
    Role.OPERATOR: frozenset(
        {"overview.view", "members.view", "members.edit", "imports.run", "jobs.view"}
    ),
    Role.ANALYST: _ANALYST,
    Role.CAMPAIGN_MANAGER: _ANALYST,
    Role.ADMIN: _ANALYST
    | {
        "members.edit",
        "imports.undo",
        "jobs.run",
        "settings.view",
        "settings.edit",
        "people.edit",
        "audit.view",
    },
}

WORDS: frozenset[str] = frozenset().union(*PERMISSIONS.values())


def permissions_of(roles: Iterable[str]) -> frozenset[str]:
    """Return every word the roles grant; names that are no role grant nothing."""
    known = [Role(role) for role in roles if role in Role.values]
    return frozenset().union(*(PERMISSIONS[role] for role in known))


def roles_with(word: str) -> list[Role]:
    """Return the roles that hold a permission, for the page that names them."""
    return [role for role in Role if word in PERMISSIONS[role]]


# What a key of the HTTP API may do, one word for each door of it.
SCOPES = (
    "orders:write",
    "points:write",
    "coupons:write",
    "members:read",
    "members:write",
    "surveys:write",
    "campaigns:write",
    "analytics:read",
    "programme:write",
)


def unknown_scopes(scopes: Iterable[str]) -> list[str]:
    return sorted(set(scopes) - set(SCOPES))
