from __future__ import annotations

from members.imports.terminal import ImportCommand


class Command(ImportCommand):
    help = "Load members from a file; known ones change nothing."
    kind = "members"
