"""The page of the liability in both languages, widths and themes, read against its table."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from config.lib import clock
from loyalty.liability import services
from tests import factories
from tests.loyalty.points import pages
from tests.ui.browser.visiting import Visit, count_in, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PAGE = "/points/liability/"


@pytest.fixture
def analyst(transactional_db):
    """700 points are open: 1,000 given three months ago, 300 redeemed since."""
    now = clock.now()
    mia = pages.member(name="Mia")
    pages.give(mia, 1_000, at=now - timedelta(days=90))
    pages.spend(mia, 300, at=now - timedelta(days=40))
    services.refresh(at=now)
    return factories.user("admin", email="ines@example.com", name="Ines")


def test_page_is_sound_and_its_figure_is_its_tables(
    visit: Any, view: Any, analyst: Any
) -> None:
    visitor: Visit = visit(**view)
    sign_in(visitor, analyst)
    visitor.go(PAGE)

    visitor.shoot(f"liability-{'-'.join(view.values())}")
    visitor.check_all_round()

    figure = visitor.page.locator(".kpis .kpi b").first.inner_text()
    assert count_in(figure) == 700
    roll = visitor.page.locator("section[aria-labelledby=roll-h]")
    roll.locator("summary").click()
    closing = roll.locator("tbody tr").first.locator("td").nth(9).inner_text()
    assert count_in(closing) == 700
    visitor.check_all_round()


def test_settings_of_accounts_are_sound(visit: Any, view: Any, analyst: Any) -> None:
    visitor: Visit = visit(**view)
    sign_in(visitor, analyst)
    visitor.go("/settings/accounts/")

    visitor.check_all_round()
