"""Expressions and helpers for PostgreSQL that know no app."""

from __future__ import annotations

from django.db import models


class NumberFromId(models.Func):
    """A prefix and the row's id with at least nine digits, as immutable SQL."""

    arity = 0
    output_field = models.CharField(max_length=20)

    def __init__(self, prefix: str) -> None:
        super().__init__()
        if not prefix.isalpha():
            raise ValueError("a prefix has letters only")
        self.prefix = prefix
        self.template = (
            f"('{prefix}' || lpad(id::text, greatest(9, length(id::text)), '0'))"
        )

    def deconstruct(self) -> tuple[str, tuple[str, ...], dict[str, str]]:
        return "config.lib.db.NumberFromId", (self.prefix,), {}
