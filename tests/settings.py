"""Settings of the tests: those of production, on servers of the tests' own."""

import os

from tests import servers

servers.ensure()
# The browser's driver runs an event loop in the thread of the test.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

from config.settings import *  # noqa: E402, F403 - the servers' addresses must be known first

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
# Static files come from their sources, without being collected first.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
# Tests ask as fast as they can; those of the limits set them.
API_LIMITS = {"key": 0, "team": 0}
PAGE_LIMITS = {"pages": 0, "changes": 0}
