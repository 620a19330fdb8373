"""Who may do what: one table from role to permission words."""

from __future__ import annotations

from collections.abc import Iterable

from members.access.enums import Role

_READ = frozenset({"overview.view", "members.view", "insights.view", "points.view"})
_ANALYST = _READ | {
    "members.export",
    "jobs.view",
    "imports.run",
    "tasks.view",
    "liability.view",
}

PERMISSIONS: dict[Role, frozenset[str]] = {
    Role.VIEWER: _READ,
    Role.OPERATOR: frozenset(
        {
            "overview.view",
            "members.view",
            "members.edit",
            "imports.run",
            "jobs.view",
            "points.view",
            "points.adjust",
            "tiers.lock",
            "tasks.view",
        }
    ),
    Role.ANALYST: _ANALYST,
    Role.CAMPAIGN_MANAGER: _ANALYST,
    Role.ADMIN: _ANALYST
    | {
        "members.edit",
        "points.adjust",
        "points.approve",
        "tiers.lock",
        "liability.close",
        "imports.undo",
        "jobs.run",
        "settings.view",
        "settings.edit",
        "people.edit",
        "keys.edit",
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


# What a person must hold to decide a request that a key needs a scope for.
_DECIDES = {"points:write": "points.approve", "programme:write": "settings.edit"}


def deciding_scopes(words: frozenset[str]) -> frozenset[str]:
    """Return the scopes whose requests somebody with these words may decide."""
    return frozenset(scope for scope, word in _DECIDES.items() if word in words)


def unknown_scopes(scopes: Iterable[str]) -> list[str]:
    return sorted(set(scopes) - set(SCOPES))
