"""Conventions worth writing down are worth a test."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest
from django.core.management import call_command
from django.urls import URLPattern, URLResolver, get_resolver

from config.celery import app
from config.schedule import SCHEDULE

ROOT = Path(__file__).resolve().parents[2]
# Seen without signing in, or guarded by allauth itself.
OPEN = re.compile(r"^(api/|accounts/|healthz|readyz|metrics|preferences/|static/)")


def tracked(*patterns: str) -> list[Path]:
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(
        [*command, *patterns], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return [path for name in listed.stdout.split() if (path := ROOT / name).exists()]


def views(
    patterns: list[URLPattern | URLResolver] | None = None, prefix: str = ""
) -> list[tuple[str, object]]:
    found: list[tuple[str, object]] = []
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            found += views(pattern.url_patterns, route)
        else:
            found.append((route, pattern.callback))
    return found


def test_every_view_of_staff_names_its_permission():
    bare = [
        route
        for route, view in views()
        if not OPEN.match(route) and not hasattr(view, "permission_word")
    ]

    assert bare == []


def test_every_entry_of_the_schedule_is_a_registered_task():
    missing = [e["task"] for e in SCHEDULE.values() if e["task"] not in app.tasks]

    assert missing == []


@pytest.mark.django_db
def test_no_migration_is_missing():
    call_command("makemigrations", "--check", "--dry-run", verbosity=0)


def test_each_dependency_says_why_it_is_there():
    bare = [
        line
        for name in ("requirements.in", "requirements-dev.in")
        for line in (ROOT / name).read_text().splitlines()
        if line and not line.startswith(("#", "-c")) and " #" not in line
    ]

    assert bare == []


def test_requirements_carry_hashes_and_no_address():
    for name in ("requirements.txt", "requirements-dev.txt"):
        text = (ROOT / name).read_text()

        assert "--hash=sha256:" in text
        assert not re.search(r"https?://|^--?(extra-)?index-url|^-i ", text, re.M)


def test_only_tests_refer_to_the_shared_documents():
    name = "/".join(("..", "shared"))
    naming = [
        str(path.relative_to(ROOT))
        for path in tracked("*.py", "*.md", "*.html", "*.toml", "*.in", "bin", ".ci")
        if path.is_file() and "tests" not in path.relative_to(ROOT).parts
        if name in path.read_text()
    ]

    assert naming == []


def test_files_and_functions_stay_short():
    too_long = []
    for path in tracked("*.py"):
        if "migrations" in path.parts:
            continue
        source = path.read_text()
        if source.count("\n") > 400:
            too_long.append(f"{path.relative_to(ROOT)}: {source.count(chr(10))} lines")
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or 0) - node.lineno + 1
                if lines > 60:
                    too_long.append(f"{path.name}: {node.name} has {lines} lines")

    assert too_long == []


def test_every_template_is_used():
    sources = "\n".join(p.read_text() for p in tracked("*.py", "*.html"))
    by_framework = re.compile(r"^(account|mfa|allauth|django|[45]\d\d)")
    unused = [
        name
        for path in tracked("templates/*.html")
        if not by_framework.match(name := str(path.relative_to(ROOT / "templates")))
        if name not in sources
    ]

    assert unused == []
