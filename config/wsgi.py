"""The web application as gunicorn runs it."""

import gc
import os
import sys

# Nothing of what is loaded is garbage: looking for some meanwhile takes a tenth of the time.
gc.disable()
# Django REST framework, Django's test client and the client of Valkey load these where they happen to be installed,
# and have no use for them here: 10 MB.
UNWANTED = ("requests", "pygments", "jinja2", "opentelemetry.sdk")
for name in UNWANTED:
    sys.modules.setdefault(name, None)  # type: ignore[arg-type]

from django.core.wsgi import get_wsgi_application  # noqa: E402 - what stands above comes first
from gunicorn.http.errors import ParseException  # noqa: E402

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

django_application = get_wsgi_application()

from django.conf import settings  # noqa: E402 - settings exist once Django is set up
from django.urls import get_resolver  # noqa: E402

from config.celery import app as celery_app  # noqa: E402
from config.checks import refuse_unsafe  # noqa: E402
from config.chunked import ChunkedBodies  # noqa: E402

refuse_unsafe()
celery_app.set_default()
# Threads take turns ten times as often as by default: a team's small request waits less behind another one's large one.
sys.setswitchinterval(0.0005)
# Loads every view now: a mistake shows when the process starts, and the first visitor does not wait.
_ = get_resolver().url_patterns
# Now whoever needs one may load it: talking to identity providers does.
for name in UNWANTED:
    if sys.modules.get(name) is None:
        sys.modules.pop(name, None)
application = ChunkedBodies(
    django_application,
    limit=settings.INGEST_MAX_BODY_BYTES,
    upload_limit=settings.UPLOAD_MAX_BYTES,
    broken=(ParseException, OSError, ValueError),
)
# What is loaded now stays for good. Looking through it again held all threads for 0.1 s every few hundred requests,
# and found nothing (ADR 0010).
gc.freeze()
gc.enable()
