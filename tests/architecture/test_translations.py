"""The Chinese of the product is whole: nothing missing, nothing doubtful, nothing stale."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from io import StringIO

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po

from tests.architecture.test_conventions import ROOT, tracked

PO = ROOT / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%%")
HAN = r"[\u3400-\u9fff]"
HALF_WIDTH = re.compile(rf"{HAN}[,:;?!()]|[,:;?!()]{HAN}")


def catalogue() -> Catalog:
    with PO.open("rb") as file:
        return read_po(file, locale="zh_Hans")


def messages() -> list[Message]:
    return [message for message in catalogue() if message.id]


def forms(text: str | tuple[str, ...] | list[str]) -> list[str]:
    return [text] if isinstance(text, str) else list(text)


def placeholders(text: str) -> list[str]:
    return sorted(PLACEHOLDER.findall(text))


def test_every_text_has_its_translation():
    missing = [m.id for m in messages() if m.fuzzy or not all(forms(m.string))]

    assert missing == []


def test_no_translation_is_kept_of_a_text_that_is_gone():
    assert list(catalogue().obsolete) == []


def test_every_placeholder_is_translated_as_it_is():
    # One of a plural's forms may leave the number out: "the last day".
    different = [
        m.id
        for m in messages()
        for form in forms(m.string)
        if placeholders(form) not in [placeholders(source) for source in forms(m.id)]
    ]

    assert different == []


def test_punctuation_beside_han_characters_is_full_width():
    wrong = [f for m in messages() for f in forms(m.string) if HALF_WIDTH.search(f)]

    assert wrong == []


def test_every_text_that_is_marked_stands_in_the_catalogue(tmp_path):
    """What `makemessages` would extract from this checkout, and nothing else."""
    if missing := [tool for tool in ("xgettext", "msguniq") if not shutil.which(tool)]:
        pytest.skip(f"gettext is not installed: no {', '.join(missing)}")
    # Its own copy: `makemessages` writes beside the sources it reads.
    for path in tracked("*.py", "*.html", "*.txt"):
        place = path.relative_to(ROOT)
        if place.parts[0] != "tests":
            (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, tmp_path / place)
    (tmp_path / "locale").mkdir()

    command = [sys.executable, "-m", "django", "makemessages"]
    command += ["-l", "zh_Hans", "--keep-pot"]
    # Without settings: those of this checkout would send it there.
    bare = {k: v for k, v in os.environ.items() if k != "DJANGO_SETTINGS_MODULE"}
    subprocess.run(command, cwd=tmp_path, env=bare, check=True, capture_output=True)

    template = (tmp_path / "locale" / "django.pot").read_text(encoding="utf-8")
    told = template.replace("nplurals=INTEGER; plural=EXPRESSION", "nplurals=2")
    made = read_po(StringIO(told))
    wanted = {(m.context, m.id) for m in made if m.id}
    assert {(m.context, m.id) for m in messages()} == wanted
