from __future__ import annotations

from members.imports.terminal import ImportCommand


class Command(ImportCommand):
    help = "Load orders and refunds from a file; known ones change nothing."
    kind = "orders"
