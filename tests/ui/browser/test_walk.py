"""From the door to one member: a file comes in, and its people are found behind a number."""

from __future__ import annotations

import csv
import io
import re
from datetime import date, timedelta

import pytest
from playwright.sync_api import FilePayload, expect

from loyalty.orders.models import Order
from tests import factories
from tests.ui.browser.visiting import Visit, count_in, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LAST = date(2026, 3, 14)
PEOPLE = 40
LONGEST_MS = 30_000


def orders_file() -> bytes:
    """Forty members with one to seven orders over half a year, and one bad row."""
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow(["order_id", "member", "date", "amount"])
    for person in range(PEOPLE):
        for k in range(1 + person % 7):
            day = LAST - timedelta(days=(person * 4) % 60 + 29 * k)
            amount = f"{20 + 3 * person + k}.50"
            rows.writerow([f"{person}-{k}", f"c-{person:02d}", day.isoformat(), amount])
    rows.writerow(["bad-1", "c-00", "yesterday", "5.00"])
    return out.getvalue().encode()


GOOD_ROWS = sum(1 + person % 7 for person in range(PEOPLE))


def upload(visitor: Visit, name: str, content: bytes) -> None:
    file = FilePayload(name=name, mimeType="text/csv", buffer=content)
    visitor.page.set_input_files("#id_file", file)
    visitor.follow("main form button.primary")


class Walk:
    """A visit that is looked at wherever it stops."""

    def __init__(self, visitor: Visit, view: dict[str, str]) -> None:
        self.visitor, self.page = visitor, visitor.page
        self.name = "-".join(view.values())

    def stop(self, where: str) -> None:
        self.visitor.shoot(f"walk-{where}-{self.name}")
        self.visitor.check_all_round()

    def open(self, path: str, where: str) -> None:
        self.visitor.go(path)
        self.stop(where)

    def listed(self) -> int:
        """Count the members of the list, which says their number above."""
        said = count_in(self.page.inner_text("#results-h"))
        assert self.page.locator("#results tbody tr").count() == said
        return said


@pytest.fixture
def walk(visit, view, worker) -> Walk:
    person = factories.user("admin", email="lin@example.com", name="Lin Yue")
    found = Walk(visit(**view), view)
    sign_in(found.visitor, person)
    return found


def bring_in(walk: Walk) -> None:
    """Upload, say what the columns are, check, load, see what became of the rows."""
    page = walk.page
    walk.open("/imports/", "imports-empty")
    walk.visitor.follow("main .page-head a.btn")
    walk.stop("import-new")
    upload(walk.visitor, "orders.csv", orders_file())
    assert page.input_value("#id_field_ordered_at") == "date"
    assert page.locator("main .tbl tbody tr").count() > 3
    walk.stop("import-columns")
    walk.visitor.follow("button[name=check]")
    page.wait_for_selector("#progress footer dl", timeout=LONGEST_MS)
    assert str(GOOD_ROWS) in page.inner_text("#progress footer p")
    walk.stop("import-checked")
    walk.visitor.follow("button[name=start]")
    walk.visitor.follow("#progress footer a", timeout=LONGEST_MS)
    counts = [count_in(text) for text in page.locator(".kpi b").all_inner_texts()]
    assert counts == [GOOD_ROWS + 1, GOOD_ROWS, 0, 1, PEOPLE]
    walk.stop("import")
    walk.open("/imports/", "imports")


def value_all(walk: Walk) -> None:
    """Ask for the values by hand; the job's page follows until it has ended."""
    walk.visitor.go("/jobs/")
    walk.visitor.follow("main .page-head button")
    walk.page.wait_for_selector(".badge.good", timeout=LONGEST_MS)
    walk.stop("job")
    walk.open("/jobs/", "jobs")


# The longest walk: each language, each width and, because a stop looks at the other theme
# too, each theme; the shorter ones of single features go all four ways.
@pytest.mark.parametrize(
    "view",
    [("desktop", "zh-hans", "dark"), ("phone", "en", "light")],
    ids="-".join,
    indirect=True,
)
def test_a_file_becomes_members_behind_a_number(walk):
    page = walk.page
    walk.stop("overview-empty")
    bring_in(walk)
    value_all(walk)

    walk.open("/", "overview")
    assert "orders.csv" in page.inner_text("section[aria-labelledby=imports]")
    walk.open("/insights/rfm/", "rfm")
    cells = page.locator("table.rfm td a")
    counts = [count_in(text) for text in cells.locator("b").all_inner_texts()]
    fullest = counts.index(max(counts))
    walk.visitor.follow(cells.nth(fullest))

    assert sum(counts) == PEOPLE
    assert walk.listed() == counts[fullest]
    walk.stop("members-of-a-cell")
    name = page.locator("#results tbody th a").first.inner_text()
    walk.visitor.follow(page.locator("#results tbody th a").first)
    assert name in page.inner_text("h1")
    walk.stop("member")
    walk.open("/members/", "members")
    walk.open("/insights/metrics/", "catalogue")

    leads_to_its_members(walk)


def leads_to_its_members(walk: Walk) -> None:
    """A cohort, a month of it and a move each hold as many as the list they open."""
    page = walk.page
    walk.open("/insights/retention/", "retention")
    size = page.locator("table.heat tbody tr:first-child .sz a")
    cohort = count_in(size.inner_text())
    walk.visitor.follow(size)
    assert walk.listed() == cohort

    page.go_back()
    month = page.locator("table.heat tbody tr:first-child td a[title]").first
    share = count_in(month.inner_text())
    walk.visitor.follow(month)
    assert round(100 * walk.listed() / cohort) == share

    page.go_back()
    moves = page.locator("[aria-labelledby=moves] tbody td a")
    counts = [count_in(text) for text in moves.all_inner_texts()]
    biggest = counts.index(max(counts))
    walk.visitor.follow(moves.nth(biggest))
    assert counts[biggest] > 1
    assert walk.listed() == counts[biggest]


def test_a_wrong_file_is_refused_beside_its_field(visit, db):
    visitor = visit(size="phone", language="zh-hans")
    sign_in(visitor, factories.user("admin"))
    visitor.go("/imports/new/")

    upload(visitor, "orders.csv", b"\x89PNG\r\n\x1a\n\0\0")

    assert visitor.page.get_attribute("#id_file", "aria-invalid") == "true"
    said = visitor.page.inner_text("#id_file_error")
    assert re.search(r"CSV.*JSON Lines.*Parquet", said)
    visitor.shoot("import-refused")
    visitor.check_all_round()


def test_undo_asks_first_and_escape_gives_the_focus_back(visit, worker):
    person = factories.user("admin", email="lin@example.com", name="Lin Yue")
    visitor = visit()
    page = visitor.page
    sign_in(visitor, person)
    visitor.go("/imports/new/")
    upload(visitor, "orders.csv", orders_file())
    visitor.follow("button[name=start]")
    visitor.follow("#progress footer a", timeout=LONGEST_MS)

    page.press("[data-open=undo]", "Enter")
    visitor.shoot("undo-dialog")
    visitor.check()
    page.keyboard.press("Escape")
    expect(page.locator("[data-open=undo]")).to_be_focused()

    page.keyboard.press("Enter")
    visitor.follow("#undo button.danger")

    expect(page.locator(".toast")).to_be_visible()
    assert page.locator("[data-open=undo]").count() == 0
    assert not Order.objects.exists()
