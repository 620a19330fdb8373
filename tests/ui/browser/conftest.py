"""Debian's Chromium on the live server; a page that misbehaves fails its test."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from shutil import which
from typing import Any

import pytest
from axe_playwright_python.base import AXE_FILE_PATH
from django.conf import settings
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

SHOTS = Path(settings.BASE_DIR) / "var" / "shots"
SIZES = {"desktop": (1440, 900), "phone": (390, 844)}
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# The browser reports these answers as console errors; a form refused is no error.
EXPECTED = re.compile(r"status of (403|404|422|429)")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    path = which("chromium")
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


@dataclass
class Visit:
    """One page of one visitor, and what it complained about."""

    page: Page
    base: str
    complaints: list[str] = field(default_factory=list)

    def go(self, path: str) -> None:
        self.page.goto(self.base + path)

    def shoot(self, name: str) -> None:
        SHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SHOTS / f"{name}.png", full_page=True)

    def check(self) -> None:
        """No complaint, nothing beside the screen, nothing axe would say."""
        wide = "document.documentElement.scrollWidth - innerWidth"
        assert self.complaints == []
        assert self.page.evaluate(wide) <= 0
        assert violations(self.page) == []

    def note(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not EXPECTED.search(message.text):
            self.complaints.append(message.text)


def violations(page: Page) -> list[str]:
    page.evaluate(AXE_FILE_PATH.read_text())
    found: dict[str, Any] = page.evaluate(
        "tags => axe.run(document, {runOnly: tags})", TAGS
    )
    return [
        f"{one['id']}: {node['target']} {node['failureSummary']}"
        for one in found["violations"]
        for node in one["nodes"]
    ]


@pytest.fixture
def visit(chromium: Browser, live_server: Any) -> Iterator[Callable[..., Visit]]:
    contexts = []

    def open_page(
        *, size: str = "desktop", language: str = "en", theme: str = "light"
    ) -> Visit:
        width, height = SIZES[size]
        context = chromium.new_context(
            viewport={"width": width, "height": height}, reduced_motion="reduce"
        )
        context.add_cookies(
            [
                {"name": name, "value": value, "url": live_server.url}
                for name, value in (("django_language", language), ("theme", theme))
            ]
        )
        contexts.append(context)
        visitor = Visit(context.new_page(), live_server.url)
        visitor.page.on("console", visitor.note)
        visitor.page.on("pageerror", lambda e: visitor.complaints.append(str(e)))
        return visitor

    yield open_page
    for context in contexts:
        context.close()


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
