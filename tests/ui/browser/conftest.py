"""Debian's Chromium on the live server; a page that misbehaves fails its test."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from shutil import which
from typing import Any

import pytest
from celery.contrib.testing.worker import start_worker
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from config.celery import app
from config.lib import env
from tests import services

pytest.register_assert_rewrite("tests.ui.browser.visiting")
from tests.ui.browser.visiting import SIZES, Visit  # noqa: E402  rewritten first

# One day for all walks: the worker is told it too, by the queue.
NOW = "2026-03-15T12:00:00Z"
# `TERN_SLOW_BROWSER=1` finds tests that read a page before it stands.
SLOW = os.environ.get("TERN_SLOW_BROWSER") == "1"


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = which("chromium")
    if path is None and os.environ.get("TERN_REQUIRE_BROWSER") == "1":
        pytest.fail("Chromium is not installed, and TERN_REQUIRE_BROWSER is 1")
    if path is None:
        pytest.skip("Chromium is not installed")
    # Playwright's loop runs in this thread; Django would refuse its database.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture
def visit(chromium: Browser, live_server: Any) -> Iterator[Callable[..., Visit]]:
    contexts = []

    def open_page(
        *,
        size: str = "desktop",
        language: str = "en",
        theme: str = "light",
        script: bool = True,
    ) -> Visit:
        width, height = SIZES[size]
        context = chromium.new_context(
            viewport={"width": width, "height": height},
            reduced_motion="reduce",
            java_script_enabled=script,
            extra_http_headers={"Tern-Now": NOW},
        )
        context.add_cookies(
            [
                {"name": name, "value": value, "url": live_server.url}
                for name, value in (("django_language", language), ("theme", theme))
            ]
        )
        contexts.append(context)
        visitor = Visit(context.new_page(), live_server.url)
        if SLOW:
            drag(context, visitor.page)
        visitor.page.on("console", visitor.note)
        visitor.page.on("pageerror", lambda e: visitor.complaints.append(str(e)))
        return visitor

    yield open_page
    for context in contexts:
        context.close()


def drag(context: BrowserContext, page: Page) -> None:
    """Let the page feel a bad line."""
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    line = {"offline": False, "latency": 700, "downloadThroughput": -1}
    session.send("Network.emulateNetworkConditions", {**line, "uploadThroughput": -1})


@pytest.fixture(
    params=[
        pytest.param((size, language, theme), id=f"{size}-{language}-{theme}")
        for size, language, theme in (
            ("desktop", "en", "light"),
            ("desktop", "zh-hans", "dark"),
            ("phone", "en", "dark"),
            ("phone", "zh-hans", "light"),
        )
    ]
)
def view(request: pytest.FixtureRequest) -> dict[str, str]:
    size, language, theme = request.param
    return {"size": size, "language": language, "theme": theme}


@pytest.fixture(scope="session")
def broker() -> Iterator[str]:
    redis_url, stop = services.start_valkey()
    yield redis_url
    stop()


@pytest.fixture
def worker(
    broker: str, transactional_db: None, settings: Any, tmp_path: Path
) -> Iterator[None]:
    """A Celery worker in a thread of its own, behind a queue in Valkey."""
    settings.FACTS_URL = str(tmp_path / "facts")
    settings.UPLOADS_DIR = tmp_path / "uploads"
    queue = {"broker_url": env.broker_url(broker, db=0), "task_always_eager": False}
    before = {name: getattr(app.conf, name) for name in queue}
    _point_at(queue)
    app.loader.import_default_modules()
    with start_worker(app, pool="solo", concurrency=1, perform_ping_check=False):
        yield
    _point_at(before)


def _point_at(queue: dict[str, Any]) -> None:
    """Even an eager task opens a pool of connections, and Celery keeps it by its old address."""
    app.conf.update(queue)
    # The one call that forgets both pools.
    app._after_fork()  # type: ignore[attr-defined]
