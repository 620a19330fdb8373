"""What cannot be used is refused at the start, by its name."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from config.lib import env
from tests.ops import running

LONG_KEY = "k" * 50


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TERN_ENV", "staging"),
        ("DATABASE_URL", "mysql://db/tern"),
        ("DATABASE_URL", "postgres://user@db:port/tern"),
        ("DATABASE_URL", "postgres://user@db/"),
        ("REDIS_URL", "localhost:6379"),
        ("TERN_VAR", "/etc/passwd"),
        ("ALLOWED_HOSTS", "https://shop.example.com"),
        ("CSRF_TRUSTED_ORIGINS", "shop.example.com"),
        ("CSRF_TRUSTED_ORIGINS", "https://shop.example.com/path"),
        ("TERN_BASE_URL", "shop.example.com"),
        ("TERN_FACTS_URL", "ftp://files/facts"),
        ("EMAIL_URL", "smtp://"),
        ("EMAIL_URL", "mail.example.com:25"),
        ("DEFAULT_FROM_EMAIL", "the shop"),
        ("ANALYTICS_ENGINE", "pandas"),
        ("SENTRY_DSN", "https://sentry.example.com/1"),
        ("TERN_METRICS_TOKEN", "short"),
        ("TERN_TIME_ZONE", "Berlin"),
        ("TERN_CURRENCY", "EURO"),
        ("TERN_TEST_CLOCK", "yes"),
    ],
)
def test_value_that_cannot_be_used_is_refused_by_name(name, value, tmp_path):
    given = {"TERN_VAR": str(tmp_path), name: value}

    with pytest.raises(env.Refused, match=rf"^{name} is .*; it accepts .") as refusal:
        env.parse(given, base_dir=tmp_path)

    assert refusal.value.name == name


def test_password_is_not_repeated_in_a_refusal(tmp_path):
    given = {"TERN_VAR": str(tmp_path), "DATABASE_URL": "mysql://u:hunter2@db/tern"}

    with pytest.raises(env.Refused) as refusal:
        env.parse(given, base_dir=tmp_path)

    assert "hunter2" not in str(refusal.value)


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"ALLOWED_HOSTS": "a.example"}, "SECRET_KEY"),
        ({"ALLOWED_HOSTS": "a.example", "SECRET_KEY": "short"}, "SECRET_KEY"),
        ({"SECRET_KEY": LONG_KEY}, "ALLOWED_HOSTS"),
        ({"SECRET_KEY": LONG_KEY, "ALLOWED_HOSTS": "*"}, "TERN_BASE_URL"),
        (
            {
                "SECRET_KEY": LONG_KEY,
                "ALLOWED_HOSTS": "a.example",
                "TERN_TEST_CLOCK": "1",
            },
            "TERN_TEST_CLOCK",
        ),
    ],
)
def test_production_refuses_what_local_makes_up(given, name, tmp_path):
    told = {"TERN_ENV": "production", "TERN_VAR": str(tmp_path / "var"), **given}

    with pytest.raises(env.Refused) as refusal:
        env.parse(told, base_dir=tmp_path)

    assert refusal.value.name == name
    assert not (tmp_path / "var").exists()


def test_up_in_production_without_a_key_ends_with_one_line_and_status_2(tmp_path):
    done = running.manage(
        tmp_path / "var",
        "up",
        env={"TERN_ENV": "production", "ALLOWED_HOSTS": "a.example"},
    )

    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == (
        "tern: SECRET_KEY is not set; it accepts a secret of 50 characters or more\n"
    )


@pytest.mark.parametrize("option", [("--port", "80000"), ("--workers", "0")])
def test_option_that_cannot_be_used_is_refused_by_name(option, tmp_path):
    done = running.manage(tmp_path / "var", "up", *option)

    assert done.returncode == 2
    assert f"argument {option[0]}: " in done.stderr


@pytest.mark.parametrize("name", ["up", "test", "bench", "manage"])
def test_program_says_which_python_it_needs_where_that_is_older(name, tmp_path):
    path = _only(tmp_path, python3="Python 3.10.12")

    done = subprocess.run(
        [running.ROOT / "bin" / name],
        env={"PATH": path, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == (
        "tern: Python 3.11 or newer is needed; python3 is Python 3.10.12\n"
    )


def test_program_says_so_where_there_is_no_python(tmp_path):
    path = _only(tmp_path)

    done = subprocess.run(
        [running.ROOT / "bin" / "up"],
        env={"PATH": path, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 2
    assert done.stderr.startswith("tern: Python 3.11 or newer is needed; python3 is ")
    assert "missing" in done.stderr


def _only(home: Path, *, python3: str | None = None) -> str:
    """This is a PATH with what a POSIX machine has, and that python3 or none."""
    place = home / "bin"
    place.mkdir()
    for program in ("sh", "dirname"):
        found = shutil.which(program)
        assert found is not None
        (place / program).symlink_to(found)
    if python3 is not None:
        script = place / "python3"
        script.write_text(
            f'#!/bin/sh\n[ "$1" = --version ] && echo "{python3}" && exit 0\nexit 1\n'
        )
        script.chmod(script.stat().st_mode | stat.S_IXUSR)
    return os.fspath(place)
