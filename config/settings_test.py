"""Settings of the test suite: the product's own, with cheap hashing and no disk."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

os.environ.setdefault("TERN_VAR", tempfile.mkdtemp(prefix="tern-test-"))
os.environ.setdefault("EMAIL_URL", "memory://")
os.environ.setdefault("TERN_TEST_CLOCK", "1")

from config.settings import *  # noqa: F403, TID251  the environment comes first

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
CELERY_TASK_ALWAYS_EAGER = True
CELERY_TASK_EAGER_PROPAGATES = True
WHITENOISE_AUTOREFRESH = True
TEST_VAR = Path(os.environ["TERN_VAR"])
