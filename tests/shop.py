"""A shop that knows Tern only by its HTTP API, and sets the clock."""

from __future__ import annotations

from itertools import count
from typing import Any

from tests.api import Api

_numbers = count(1)
DEFAULTS: dict[str, Any] = {
    "time_zone": "Europe/Berlin",
    "currency": "EUR",
    "pending_days": 14,
    "expiry": {"months": 12},
    "point_value": "0.01",
}


class Shop:
    """`at(T)` sets the clock; member names stand for members."""

    def __init__(self, **programme: Any):
        self.api = Api(at="2024-01-01T00:00:00Z")
        self.second = Api(at="2024-01-01T00:00:00Z")
        self.publish(**{**DEFAULTS, **programme})

    def at(self, text: str) -> Shop:
        self.api.at = self.second.at = text
        return self

    def publish(self, **settings: Any):
        """A version in force; one that lowers benefits is agreed to by the second."""
        response = self.api.put("programme/", settings)
        if response.status_code == 202:
            number = response.json()["approval"]["id"]
            response = self.second.post(f"approvals/{number}/approve/", {})
        assert response.status_code == 200, response.content
        return response.json()

    def member(self, **fields: Any) -> str:
        """A new member's address."""
        number = f"s-{next(_numbers)}"
        response = self.api.post("members/", {"external_id": number, **fields})
        assert response.status_code == 201, response.content
        return f"~external:{number}"

    def give(self, member: str, points: int, **more: Any) -> dict[str, Any]:
        body = {"points": points, "reason": "test", **more}
        response = self.api.post(f"members/{member}/points/adjustments/", body)
        assert response.status_code == 201, response.content
        found: dict[str, Any] = response.json()
        return found

    def spend(self, member: str, points: int, *, key: str | None = None, **more: Any):
        body = {"points": points, "reference": f"r-{next(_numbers)}", **more}
        return self.api.post(f"members/{member}/points/redemptions/", body, key=key)

    def hold(self, member: str, points: int, **more: Any):
        body = {"points": points, "reference": f"h-{next(_numbers)}", **more}
        return self.api.post(f"members/{member}/points/holds/", body)

    def points(self, member: str, **query: Any) -> dict[str, Any]:
        response = self.api.get(f"members/{member}/points/", **query)
        assert response.status_code == 200, response.content
        found: dict[str, Any] = response.json()
        return found

    def available(self, member: str) -> int:
        return int(self.points(member)["available"])

    def entries(self, member: str, **query: Any) -> list[dict[str, Any]]:
        response = self.api.get(f"members/{member}/points/entries/", **query)
        assert response.status_code == 200, response.content
        found: list[dict[str, Any]] = response.json()["results"]
        return found

    def order(self, member: str, at: str, *amounts: str, **more: Any):
        """An order of lines that are only amounts, placed and told at a moment."""
        number = f"o-{next(_numbers)}"
        body = {
            "external_id": number,
            "member": member,
            "placed_at": at,
            "lines": [{"amount": amount} for amount in amounts],
            **more,
        }
        response = self.api.post("orders/", body)
        assert response.status_code in (200, 201), response.content
        return response.json()

    def refund(self, order: str | int, at: str, **what: Any):
        number = f"f-{next(_numbers)}"
        body = {"external_id": number, "refunded_at": at, **(what or {"full": True})}
        return self.api.post(f"orders/{order}/refunds/", body)
