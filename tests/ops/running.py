"""Starts the product as a person does, and finds every process that belongs to it."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from config.embedded import accounts, paths

ROOT = Path(__file__).resolve().parents[2]
MANAGE = (sys.executable, str(ROOT / "manage.py"))
# Generous: other test processes may hold both cores.
PATIENCE = 90.0
# How the command line of each child is known.
MARKS = {
    "postgres": "bin/postgres",
    "valkey": "valkey-server",
    "web": "granian",
    "worker": "config worker",
    "beat": "config beat",
    "guard": "guard.py",
}


def environment(var: Path, **more: str) -> dict[str, str]:
    """This is what a fresh terminal has, so that nothing of the test session leaks in."""
    kept = {
        name: os.environ[name]
        for name in ("PATH", "HOME", "LANG", "TMPDIR", "PYTHONPYCACHEPREFIX")
        if name in os.environ
    }
    return {**kept, "TERN_VAR": str(var), "PYTHONUNBUFFERED": "1", **more}


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """This is a directory that PostgreSQL's user may enter, with nothing left in it."""
    accounts.provide(say=print)
    home = Path(tempfile.mkdtemp(prefix="tern-ops-"))
    home.chmod(0o711)
    try:
        yield home
    finally:
        for pid in processes(home):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        eventually(lambda: not processes(home))
        shutil.rmtree(home, ignore_errors=True)


def copy(prepared: Path, var: Path) -> Path:
    """A stopped installation is its directory; owners matter to PostgreSQL."""
    var.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cp", "-a", str(prepared), str(var)], check=True)
    return var


def processes(place: Path) -> dict[int, str]:
    """This is every live process that works for `place`, however it came to be.

    Its command line, its environment or its working directory names the place; children
    of a killed parent and processes in sessions of their own are found too.
    """
    found = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and int(entry.name) != os.getpid():
            told = _told(entry)
            if os.fsencode(place) in told:
                found[int(entry.name)] = told.decode(errors="replace").split("\n")[0]
    return found


def _told(entry: Path) -> bytes:
    try:
        if (entry / "stat").read_text().rpartition(")")[2].split()[0] == "Z":
            return b""
        words = (entry / "cmdline").read_bytes().replace(b"\0", b" ")
        return b"\n".join(
            (
                words,
                (entry / "environ").read_bytes(),
                os.fsencode((entry / "cwd").readlink()),
            )
        )
    except OSError:
        # It ended meanwhile, or it is somebody else's.
        return b""


def eventually(condition, *, seconds: float = PATIENCE):
    """This waits for what is bound to come and returns it; the bound is no measure."""
    deadline = time.monotonic() + seconds
    while not (found := condition()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return found


def manage(
    var: Path, *words: str, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*MANAGE, *words],
        env=environment(var, **(env or {})),
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE * 2,
    )


class Up:
    """One `manage.py up` in a process group of its own, as a terminal makes it."""

    def __init__(
        self, var: Path, *options: str, env: Mapping[str, str] | None = None
    ) -> None:
        self.var = var
        self._lines: list[str] = []
        self.process = subprocess.Popen(
            [*MANAGE, "up", "--no-demo", *options],
            env=environment(var, **(env or {})),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def text(self) -> str:
        return "\n".join(self._lines)

    def ready(self) -> Up:
        """This waits until the address is printed and everything below it runs."""
        self.port = int(self.says(r"ready at http://localhost:(\d+)")[1])
        self.says(r"tern-\d+@\S+ ready")
        return self

    def says(self, pattern: str) -> re.Match[str]:
        found = eventually(
            lambda: re.search(pattern, self.text) or self.process.poll() is not None
        )
        found = re.search(pattern, self.text)
        assert found, f"`up` did not say {pattern!r}:\n{self.text}"
        return found

    def get(
        self, path: str, headers: Mapping[str, str] | None = None
    ) -> tuple[int, str]:
        asked = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            asked.request("GET", path, headers=dict(headers or {}))
            answer = asked.getresponse()
            return answer.status, answer.read().decode()
        except (OSError, http.client.HTTPException):
            return 0, ""
        finally:
            asked.close()

    def child(self, name: str) -> int | None:
        """This is the main process of a child: the one `up` itself started."""
        for pid, words in processes(self.var).items():
            if MARKS[name] in words and _parent(pid) == self.pid:
                return pid
        return None

    def press_ctrl_c(self) -> int:
        """A terminal signals its whole foreground group, not one process."""
        os.killpg(self.pid, signal.SIGINT)
        return self.end()

    def end(self) -> int:
        status = self.process.wait(timeout=PATIENCE)
        self._reader.join(timeout=PATIENCE)
        return status

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as stream:
            for line in stream:
                self._lines.append(line.rstrip())


def _parent(pid: int) -> int | None:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return int(fields[1])


def sockets_of(var: Path) -> Path:
    return paths.layout(var=var).sockets
