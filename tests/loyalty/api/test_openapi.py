"""Schemathesis attacks the API by its own OpenAPI document."""

from __future__ import annotations

from contextlib import contextmanager

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks as openapi

from config.wsgi import application
from members.api import authentication
from members.api.schema import document
from tests.shop import Shop

CHOSEN = [
    not_a_server_error,
    openapi.status_code_conformance,
    openapi.content_type_conformance,
    openapi.response_headers_conformance,
    openapi.response_schema_conformance,
]
schema = schemathesis.openapi.from_dict(document())
schema.app = application

attack = settings(
    max_examples=30,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@contextmanager
def connection_kept():
    """As Django's own test client does: the test's transaction outlives a request."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    try:
        yield
    finally:
        for signal in signals:
            signal.connect(close_old_connections)


@pytest.fixture
def shop(db) -> Shop:
    authentication.forget()
    return Shop().at("2026-03-01T12:00:00+01:00")


@pytest.fixture
def real(shop) -> dict[str, object]:
    """Things that exist, by the names addresses have for them."""
    member = shop.member()
    entry = shop.give(member, 500)
    held = shop.hold(member, 10, ttl_seconds=3600).json()
    asked = shop.second.post(
        f"members/{member}/points/adjustments/", {"points": 2000, "reason": "x"}
    ).json()
    return {
        "member": member,
        "entry": entry["id"],
        "lot": entry["lots"][0]["id"],
        "hold": held["id"],
        "approval": asked["approval"]["id"],
    }


@schema.parametrize()
@attack
@pytest.mark.slow
def test_any_request_gets_a_declared_answer(case, shop, real):
    """Every other request is about what exists; the rest may name anything."""
    if (case.path_parameters or {}) and len(repr(case.body)) % 2:
        case.path_parameters.update(
            {name: real[name] for name in case.path_parameters if name in real}
        )
    headers = {"Authorization": f"Bearer {shop.api.secret}"}
    with connection_kept():
        case.call_and_validate(headers=headers, checks=CHOSEN)
