"""What the documents say is so: tables, links, commands, words."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote

import pytest
from django.core.management import get_commands, load_command_class

from analytics.metrics import catalogue
from config.lib import env

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
CODE_SPAN = re.compile(r"`[^`\n]*`")
MANAGED = re.compile(r"\./bin/manage ([a-z_]+)((?: +[^\s`#|]+)*)")


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def table(page: Path, head: str) -> list[list[str]]:
    """This is the rows of the table whose first heading is `head`."""
    _before, found, rest = text_of(page).partition(f"| {head} |")
    assert found, f"{page.name} has no table headed {head}"
    rows = rest.split("\n\n", 1)[0].splitlines()[2:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def words_of_code(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def anchors(page: Path) -> set[str]:
    """This is the anchors GitHub gives the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", text_of(page), re.M)
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.replace(" ", "-") for heading in plain}


def test_readme_lists_exactly_the_variables_that_are_read():
    source = text_of(ROOT / "config" / "lib" / "env.py")
    read = set(
        re.findall(r"""get(?:ter\(environ\))?\(?\)?\(["']([A-Z_]+)["']\)""", source)
    )

    listed = [words_of_code(row[0])[0] for row in table(ROOT / "README.md", "variable")]

    assert sorted(listed) == sorted(read)


@pytest.mark.parametrize(
    ("name", "held"),
    [
        ("TERN_ENV", "env"),
        ("TERN_BASE_URL", "base_url"),
        ("EMAIL_URL", "email_url"),
        ("DEFAULT_FROM_EMAIL", "default_from_email"),
        ("ANALYTICS_ENGINE", "analytics_engine"),
        ("TERN_TIME_ZONE", "time_zone"),
        ("TERN_CURRENCY", "currency"),
    ],
)
def test_readme_names_the_default_that_holds(name, held, tmp_path):
    environment = env.parse({"TERN_VAR": str(tmp_path)}, base_dir=ROOT)
    rows = {row[0]: row for row in table(ROOT / "README.md", "variable")}

    assert words_of_code(rows[f"`{name}`"][2])[0] == getattr(environment, held)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page):
    lost = []
    for target in LINK.findall(CODE_SPAN.sub("", text_of(page))):
        if "://" in target or target.startswith("mailto:"):
            continue
        path, _, anchor = target.partition("#")
        place = (page.parent / unquote(path)).resolve() if path else page
        if not place.exists() or (anchor and anchor not in anchors(place)):
            lost.append(target)

    assert lost == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_line_names_what_exists(page):
    known = get_commands()
    wrong = []
    for name, rest in MANAGED.findall(text_of(page)):
        if name not in known:
            wrong.append(name)
            continue
        parser = load_command_class(known[name], name).create_parser("manage.py", name)
        options = {word.split("=")[0] for word in rest.split() if word.startswith("--")}
        wrong += [
            f"{name} {option}"
            for option in options - set(parser._option_string_actions) - {"--now"}
        ]

    assert wrong == []


def test_readme_names_every_command_and_no_other():
    known = {
        name
        for name, app in get_commands().items()
        if app in ("config", "members", "loyalty", "analytics")
    }
    inner = {"prepare"}  # what `up` runs; nobody types it

    listed = {words_of_code(row[0])[0] for row in table(ROOT / "README.md", "command")}

    assert listed == known - inner


def test_readme_names_the_programs_of_bin():
    named = set(re.findall(r"\./bin/([a-z]+)", text_of(ROOT / "README.md")))

    assert named <= {path.name for path in (ROOT / "bin").iterdir()}


def test_page_of_metrics_is_what_the_registry_says():
    page = text_of(catalogue.PAGE)

    assert catalogue.renewed(page) == page


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_path_in_code_exists(page):
    tops = (
        r"(?:analytics|members|loyalty|config|tests|docs|templates|static|benchmarks)"
    )
    paths = re.findall(rf"`({tops}/[\w./-]+)`", text_of(page))

    assert [path for path in paths if not (ROOT / path).exists()] == []
