"""The product's settings with one address more: the view that does nothing."""

from __future__ import annotations

from config.settings import *  # noqa: F403, TID251  settings made from the product's own

ROOT_URLCONF = "benchmarks.serving_urls"
