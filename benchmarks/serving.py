"""The product's settings with one address more: the view that does nothing."""

from __future__ import annotations

from config.settings import *  # noqa: F403  the product's settings, all of them

ROOT_URLCONF = "benchmarks.serving_urls"
