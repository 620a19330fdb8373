from __future__ import annotations

from members.profiles.models import Member


def orders_exist() -> bool:
    """Say whether anybody ever bought; then currency and zone are fixed."""
    return Member.objects.filter(first_order_at__isnull=False).exists()
