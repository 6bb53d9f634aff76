"""Settings of the tests: only what must differ from the console's own."""

from __future__ import annotations

import os

os.environ.setdefault("SECRET_KEY", "only-for-tests-" + "0123456789" * 5)
os.environ.setdefault("ALLOWED_HOSTS", "testserver,localhost,127.0.0.1")

from partner_console.settings import *
from partner_console.settings import POST_OFFICE, STORAGES

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # fast; the real ones are slow on purpose
CELERY_TASK_ALWAYS_EAGER = True  # a task runs where its transaction commits
CELERY_TASK_EAGER_PROPAGATES = True
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}  # no rate limit outlives a test
POST_OFFICE = POST_OFFICE | {"BACKENDS": {"default": "django.core.mail.backends.locmem.EmailBackend"}}
STORAGES = STORAGES | {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
WHITENOISE_AUTOREFRESH = True  # nothing is collected before the tests
