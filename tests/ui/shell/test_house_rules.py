"""What no template and no script of ours may hold."""

import re
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
SCRIPTS = sorted((ROOT / "static" / "js").glob("*.js"))
STYLES = sorted((ROOT / "static" / "css").glob("*.css"))
POSTING = re.compile(r'<form\b[^>]*(?:method="post"|hx-post)[^>]*>(.*?)</form>', re.S)
TOKEN = re.compile(r"{%\s*csrf_token\s*%}")


@pytest.fixture(params=TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def template(request):
    return request.param.read_text()


FORBIDDEN = re.compile(
    r"""\shx-on
    |hx-vals=["']js:
    |hx-trigger=["'][^"']*\[
    |\shx-(?:dis)?inherit
    |\sstyle\s*=
    |<style\b
    |<script\b(?![^>]*\bsrc=)
    |\son[a-z]+\s*=\s*["']
    |javascript:
    |["'(]data:
    |https?://""",
    re.VERBOSE,
)


def test_template_has_nothing_the_policy_or_the_house_forbids(template):
    assert FORBIDDEN.findall(template) == []


def test_template_puts_the_token_inside_every_posting_form(template):
    without = [body for body in POSTING.findall(template) if not TOKEN.search(body)]

    assert without == []


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.name)
def test_script_uses_neither_eval_nor_the_browsers_storage(script):
    found = re.findall(
        r"\beval\(|new Function|localStorage|sessionStorage|innerHTML|document\.write",
        script.read_text(),
    )

    assert found == []


@pytest.mark.parametrize("style", STYLES, ids=lambda path: path.name)
def test_style_keeps_colours_in_the_tokens_and_asks_for_nothing(style):
    text = style.read_text()
    pattern = r"url\(|@import"
    if style.name not in {"tokens.css", "print.css"}:
        pattern += r"|:\s*#[0-9a-fA-F]{6}\b"

    assert re.findall(pattern, text) == []


@pytest.mark.parametrize("path", [*SCRIPTS, *STYLES], ids=lambda path: path.name)
def test_file_stays_short(path):
    assert len(path.read_text().splitlines()) <= 400
