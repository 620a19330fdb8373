"""A page of one visitor, and all that has to hold of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from axe_playwright_python.base import AXE_FILE_PATH
from django.conf import settings
from playwright.sync_api import ConsoleMessage, Locator, Page

from members.access.models import User

SHOTS = Path(settings.BASE_DIR) / "var" / "screenshots"
SIZES = {"desktop": (1440, 900), "phone": (390, 844)}
SMALLEST = 320
OTHER_THEME = {"light": "dark", "dark": "light"}
BESIDE = "document.documentElement.scrollWidth - innerWidth"
WEAR = "theme => document.documentElement.dataset.theme = theme"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# The browser reports these answers as console errors; a form refused is no error.
EXPECTED = re.compile(r"status of (400|403|404|422|429)")


@dataclass
class Visit:
    """One page of one visitor, and what it complained about."""

    page: Page
    base: str
    complaints: list[str] = field(default_factory=list)

    def go(self, path: str) -> None:
        self.page.goto(self.base + path)

    def follow(self, what: str | Locator, *, timeout: float | None = None) -> None:
        """Click what leads to another page, and wait until that page stands.

        A click alone returns while the old page can still be read.
        """
        link = self.page.locator(what) if isinstance(what, str) else what
        with self.page.expect_event("load", timeout=timeout):
            link.click(timeout=timeout)

    def shoot(self, name: str) -> None:
        SHOTS.mkdir(parents=True, exist_ok=True)
        self.page.screenshot(path=SHOTS / f"{name}.png", full_page=True)

    def check(self) -> None:
        """No complaint, nothing beside the screen, nothing axe would say."""
        assert self.complaints == []
        assert self.page.evaluate(BESIDE) <= 0
        assert violations(self.page) == []

    def check_all_round(self) -> None:
        """The same in the other theme and, of a phone, on the smallest screen."""
        self.check()
        theme = self.page.evaluate("document.documentElement.dataset.theme")
        self.page.evaluate(WEAR, OTHER_THEME[theme])
        # A theme is colours only.
        assert violations(self.page, what=["color-contrast"]) == []
        self.page.evaluate(WEAR, theme)
        size = self.page.viewport_size
        if size and size["width"] == SIZES["phone"][0]:
            self.page.set_viewport_size({"width": SMALLEST, "height": size["height"]})
            assert self.page.evaluate(BESIDE) <= 0
            self.page.set_viewport_size(size)

    def note(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not EXPECTED.search(message.text):
            self.complaints.append(message.text)


def violations(page: Page, *, what: Sequence[str] = TAGS) -> list[str]:
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_FILE_PATH.read_text())
    found: dict[str, Any] = page.evaluate(
        "what => axe.run(document, {runOnly: what})", what
    )
    return [
        f"{one['id']}: {node['target']} {node['failureSummary']}"
        for one in found["violations"]
        for node in one["nodes"]
    ]


def sign_in(visitor: Visit, person: User) -> None:
    visitor.go("/accounts/login/")
    visitor.page.fill("#id_login", person.email)
    visitor.page.fill("#id_password", "correct horse 7")
    visitor.follow("main button")
    assert "/login/" not in visitor.page.url


def count_in(text: str) -> int:
    """Read the one number of a text, as `1,024 members` or `1,024 名会员`."""
    return int(re.sub(r"\D", "", text))
