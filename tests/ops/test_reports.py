"""What leaves for Sentry, seen where it would arrive."""

from __future__ import annotations

import gzip
import http.server
import subprocess
import sys
import threading

from tests.ops import running

# An error as code of ours might make one, with a person in every place it can hold one.
FAILING = """
import logging
from django.conf import settings
settings.DEBUG  # reads the settings, which set the reports up
def greet(name):
    raise ValueError("dora@example.com called from +49 170 1234567")
logging.getLogger("till").error("no answer for %s", "dora@example.com")
greet("Dora Ibsen")
"""


class _Sink(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers["Content-Encoding"] == "gzip":
            body = gzip.decompress(body)
        self.server.received.append(body.decode())
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *args):
        pass


def test_report_has_the_error_and_nobody_in_it(tmp_path):
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Sink) as sink:
        sink.received = []
        threading.Thread(target=sink.serve_forever, daemon=True).start()
        dsn = f"http://key@127.0.0.1:{sink.server_port}/1"
        more = {"SENTRY_DSN": dsn, "DJANGO_SETTINGS_MODULE": "config.settings"}

        subprocess.run(
            [sys.executable, "-c", FAILING, "--name=Dora Ibsen"],
            env=running.environment(tmp_path / "var", **more),
            cwd=running.ROOT,
            capture_output=True,
            check=False,
        )
        sink.shutdown()

    sent = "\n".join(sink.received)
    assert len(sink.received) == 2
    assert '"type":"ValueError"' in sent
    assert '"function":"greet"' in sent
    assert "called from" in sent
    assert "no answer for" in sent
    for personal in ("dora@example.com", "1234567", "Dora Ibsen"):
        assert personal not in sent
