"""Makes .venv and installs pinned requirements, only where they changed.

Standard library only: it runs on the system's Python, before anything is installed.
Usage: environment.py VENV REQUIREMENTS...
"""

# ruff: noqa: S603  our own commands only

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

STAMP = ".tern-requirements"


def main(venv: Path, requirements: list[Path]) -> int:
    try:
        with alone(venv):
            if not usable(venv):
                make(venv)
            wanted = digests(requirements)
            held = installed(venv)
            if all(held.get(name) == digest for name, digest in wanted.items()):
                return 0
            return install(venv, requirements, held=held, wanted=wanted)
    except PermissionError as error:
        owner = venv.parent.owner()
        print(
            f"tern: {error.filename} cannot be written; this checkout belongs to "
            f"{owner}. Run as that user, or clone it for yourself.",
            file=sys.stderr,
        )
        return 2
    except subprocess.CalledProcessError as error:
        print(f"tern: {' '.join(map(str, error.cmd))} failed", file=sys.stderr)
        return 1


@contextlib.contextmanager
def alone(venv: Path) -> Iterator[None]:
    """The lock lies beside .venv, which may be made anew."""
    path = venv.with_name(f"{venv.name}.lock")
    with contextlib.ExitStack() as stack:
        try:
            lock = stack.enter_context(path.open("a"))
        except PermissionError:
            # Whoever may not write here can still use an environment that is whole.
            if usable(venv) and os.access(venv / STAMP, os.R_OK):
                yield
                return
            raise
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def usable(venv: Path) -> bool:
    """A moved checkout or an upgraded Python leaves a directory that does not run."""
    python = venv / "bin" / "python"
    if not python.exists() or not prefix_matches(venv):
        return False
    done = subprocess.run([python, "-c", "import sys"], check=False)
    return done.returncode == 0


def prefix_matches(venv: Path) -> bool:
    """Scripts in bin name the interpreter by its full path."""
    try:
        first = (venv / "bin" / "pip").read_text().split("\n", 1)[0]
    except (OSError, UnicodeDecodeError):
        return False
    return str(venv) in first or first == "#!/bin/sh"


def make(venv: Path) -> None:
    say("making .venv")
    shutil.rmtree(venv, ignore_errors=True)
    try:
        subprocess.run([sys.executable, "-m", "venv", venv], check=True)
    except subprocess.CalledProcessError:
        print(
            "tern: Python's venv module is missing (on Debian: apt install python3-venv)",
            file=sys.stderr,
        )
        raise


def digests(requirements: list[Path]) -> dict[str, str]:
    return {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in requirements
    }


def installed(venv: Path) -> dict[str, str]:
    try:
        lines = (venv / STAMP).read_text().split("\n")
    except OSError:
        return {}
    pairs = (line.split(" ", 1) for line in lines if " " in line)
    return {name: digest for name, digest in pairs}  # noqa: C416 of two words each


def install(
    venv: Path,
    requirements: list[Path],
    *,
    held: dict[str, str],
    wanted: dict[str, str],
) -> int:
    """This installs and writes the stamp last: what was cut short is done again."""
    # The tests' packages stay when only the product's are asked for.
    kept = [path for path in known(venv, held) if path not in requirements]
    lists = [*requirements, *kept]
    (venv / STAMP).unlink(missing_ok=True)
    say(f"installing {' and '.join(path.name for path in lists)}")
    if not by_uv(venv, lists):
        by_pip(venv, lists)
    now = {**digests(lists), **wanted}
    text = "".join(f"{name} {digest}\n" for name, digest in now.items())
    draft = venv / f"{STAMP}.new"
    draft.write_text(text)
    draft.replace(venv / STAMP)
    return 0


def known(venv: Path, held: dict[str, str]) -> list[Path]:
    return [path for name in held if (path := venv.parent / name).exists()]


def by_uv(venv: Path, lists: list[Path]) -> bool:
    """uv installs in seconds what takes pip a minute; it ignores pip's configuration,
    so what pip is told of indexes is handed to it."""
    uv = venv / "bin" / "uv"
    if not uv.exists():
        done = pip(venv, "install", "--quiet", "uv", check=False)
        if done != 0 or not uv.exists():
            return False
    # Hard links fail across file systems and warn on every run. Every file is pinned by
    # its hash, so it does not matter which index it comes from.
    env = {
        "UV_LINK_MODE": "copy",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        **os.environ,
        **indexes(venv),
        "VIRTUAL_ENV": str(venv),
    }
    words = [uv, "pip", "sync", "--quiet", *lists]
    synced = subprocess.run(
        list(map(str, words)), env=env, check=False, stderr=subprocess.PIPE, text=True
    )
    if synced.returncode != 0:
        say("uv cannot install them here; trying pip")
    return synced.returncode == 0


def indexes(venv: Path) -> dict[str, str]:
    names = {
        "index-url": "UV_DEFAULT_INDEX",
        "extra-index-url": "UV_INDEX",
        "find-links": "UV_FIND_LINKS",
        "cert": "SSL_CERT_FILE",
    }
    told = subprocess.run(
        [venv / "bin" / "python", "-m", "pip", "config", "list"],
        capture_output=True,
        text=True,
        check=False,
    )
    found: dict[str, str] = {}
    for line in told.stdout.splitlines():
        key, _, value = line.partition("=")
        name = names.get(key.rpartition(".")[2])
        if name and name not in os.environ:
            found[name] = value.strip("'\"")
    return found


def by_pip(venv: Path, lists: list[Path]) -> None:
    words = [word for path in lists for word in ("-r", str(path))]
    code = pip(venv, "install", "--quiet", "--require-hashes", *words)
    if code:
        raise subprocess.CalledProcessError(code, ["pip", "install", *words])


def pip(venv: Path, *words: str, check: bool = False) -> int:
    return subprocess.run(
        [venv / "bin" / "python", "-m", "pip", "--disable-pip-version-check", *words],
        check=check,
    ).returncode


def say(text: str) -> None:
    print(f"tern: {text}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]]))
