from __future__ import annotations

from collections.abc import Iterable

from django.db.models import QuerySet

from members.access.models import ApiKey, Store, User


def store_scope(*, user: User) -> frozenset[int] | None:
    """Return the ids of the stores a user is limited to, or None for all."""
    if user.is_superuser:
        return None
    ids = frozenset(user.stores.values_list("id", flat=True))
    return ids or None


def store_codes(*, user: User) -> frozenset[str] | None:
    """Return the codes of the stores a user is limited to, or None for all."""
    if user.is_superuser:
        return None
    codes = frozenset(user.stores.values_list("code", flat=True))
    return codes or None


def people() -> QuerySet[User]:
    return User.objects.prefetch_related("groups", "stores").order_by("email", "pk")


def stores() -> QuerySet[Store]:
    return Store.objects.order_by("code")


def names_of(*, actors: Iterable[str]) -> dict[str, str]:
    """Return whom strings like `user:3` and `key:7` mean; two queries."""
    ids: dict[str, set[int]] = {"user": set(), "key": set()}
    for actor in actors:
        kind, _, number = actor.partition(":")
        if kind in ids and number.isdigit():
            ids[kind].add(int(number))
    users = User.objects.in_bulk(ids["user"])
    keys = ApiKey.objects.in_bulk(ids["key"])
    return {f"user:{pk}": str(user) for pk, user in users.items()} | {
        f"key:{pk}": str(key) for pk, key in keys.items()
    }


def api_keys() -> QuerySet[ApiKey]:
    """Every key there ever was, the newest first."""
    return ApiKey.objects.select_related("created_by").order_by("-pk")


def api_key_of(*, digest: str) -> ApiKey | None:
    """The key with this digest, revoked or expired ones too."""
    return ApiKey.objects.filter(digest=digest).first()
