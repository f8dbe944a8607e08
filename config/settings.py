"""Settings of every process, read from the environment only."""

import os
import re
from pathlib import Path

from csp.constants import NONE, SELF

from accounts.mail import mail_server
from config.beat_schedule import BEAT_SCHEDULE
from config.connecting import read_databases
from config.enum_names import ENUM_NAMES
from config.limits import *  # noqa: F403 - settings, each as it is named there
from config.logs import IS_JSON, logging_settings
from config.programs import PREFIXES
from config.sign_in import *  # noqa: F403 - settings, each as it is named there
from config.sign_in import SIGN_IN_APPS
from config.signing_key import read_signing_key

BASE_DIR = Path(__file__).resolve().parent.parent
HOME = Path(os.environ.get("STEADYRUN_HOME", BASE_DIR / ".steadyrun"))
DEBUG = os.environ.get("DEBUG", "") == "1"

DATABASES = read_databases(os.environ)
# A page is read on the replica (accounts/replica.py) only while that is behind by less (seconds).
REPLICA_LAG_SECONDS = float(os.environ.get("DATABASE_REPLICA_LAG_SECONDS", "5"))
REDIS_URL = os.environ.get("REDIS_URL", "redis://127.0.0.1:6379/0")

SECRET_KEY = read_signing_key(os.environ, HOME)
# Older keys: what they signed and encrypted stays valid.
SECRET_KEY_FALLBACKS = [key for key in os.environ.get("SECRET_KEY_FALLBACKS", "").split(",") if key]
ALLOWED_HOSTS = os.environ.get("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]").split(",")
CSRF_TRUSTED_ORIGINS = [o for o in os.environ.get("CSRF_TRUSTED_ORIGINS", "").split(",") if o]
# How many proxies stand before the application, each adding the address before it to X-Forwarded-For.
TRUSTED_PROXIES = int(os.environ.get("TRUSTED_PROXIES", "0"))
BASE_URL = os.environ.get("BASE_URL", f"http://127.0.0.1:{os.environ.get('PORT', '8000')}")
HTTPS = BASE_URL.startswith("https://")

# Uses of outgoing connections that are switched off, by their words in accounts/outgoing_uses.py.
OUTGOING_OFF = frozenset(word.strip() for word in os.environ.get("OUTGOING_OFF", "").split(",") if word.strip())
# Where e-mail is handed over; without it nothing is sent, and pages say so.
MAIL_SERVER = mail_server("" if "mail" in OUTGOING_OFF else os.environ.get("EMAIL_URL", ""))
EMAIL_HOST, EMAIL_PORT = MAIL_SERVER.host, MAIL_SERVER.port
EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = MAIL_SERVER.user, MAIL_SERVER.password
EMAIL_USE_SSL, EMAIL_USE_TLS = MAIL_SERVER.is_tls, MAIL_SERVER.is_starttls
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL = os.environ.get("DEFAULT_FROM_EMAIL", "Steadyrun <steadyrun@localhost.localdomain>")

INSTALLED_APPS = [
    "config.administration.apps.AdministrationConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "csp",
    "django_filters",
    "rest_framework",
    "drf_spectacular",
    *SIGN_IN_APPS,
    "accounts",
    "monitoring",
    "billing",
    "ingestion",
    "alerts",
    "config",
]
MIDDLEWARE = [
    "config.logs.RequestIds",
    "accounts.acting.AuditScope",
    "config.headers.SafeHeaders",
    "django.middleware.security.SecurityMiddleware",
    "config.addresses.WithoutNul",
    "config.direct.DirectApi",
    "config.compression.CompressedPages",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "accounts.sessions.SessionLimits",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.languages.LanguageMiddleware",
    "accounts.reader_formats.FormatsMiddleware",
    "accounts.zones.TimeZoneMiddleware",
    "accounts.page_rates.PageRates",
    "accounts.impersonation.ReadOnlyImpersonation",
    "config.turning.WithoutTurning",
]
if "replica" in DATABASES:
    MIDDLEWARE.append("accounts.replica.AfterChanges")
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "monitoring.navigation.navigation",
            ],
            "builtins": [
                "django.templatetags.static",
                "django.templatetags.i18n",
                "monitoring.templatetags.display",
            ],
        },
    }
]

AUTH_USER_MODEL = "accounts.User"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
# Browsers take a cookie with this prefix from this very host alone, by TLS, for all of its paths.
SESSION_COOKIE_NAME = "__Host-sessionid" if HTTPS else "sessionid"
CSRF_COOKIE_NAME = "__Host-csrftoken" if HTTPS else "csrftoken"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
# What holds for other hosts of the domain, and for browsers that were never here, is for its owner to say.
SECURE_HSTS_INCLUDE_SUBDOMAINS = os.environ.get("HSTS_SUBDOMAINS", "") == "1"
SECURE_HSTS_PRELOAD = os.environ.get("HSTS_PRELOAD", "") == "1"
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
# TLS ends at a proxy, which says how it was asked; without one everything that arrives came without TLS.
if HTTPS and TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = True
    # Programs are refused, not led on (config/direct.py).
    SECURE_REDIRECT_EXEMPT = [f"^{re.escape(prefix[1:])}" for prefix in PREFIXES]
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "object-src": [NONE],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}

LANGUAGE_CODE = "en-gb"
# Languages with a catalog in `locale`: docs/translations.md says how one is added.
LANGUAGES = [("en-gb", "English")]
# What programs ask is answered in English, with neutral figures and in UTC.
PROGRAM_PREFIXES = PREFIXES
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True
FORMAT_MODULE_PATH = "config.formats"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

STATIC_URL = "static/"
# Where they are collected. An image has them in it, and names their folder.
STATIC_FOLDER = os.environ.get("STATIC_FOLDER", "")
STATIC_ROOT = Path(STATIC_FOLDER or HOME / "static")
# Files of exports, a folder a team; only our own pages and API serve them. Web and worker must both reach it.
EXPORTS_FOLDER = HOME / "exports"
# Usage files that members uploaded, for a day.
UPLOADS_FOLDER = HOME / "uploads"
# Pages of others have no use for our files.
WHITENOISE_ALLOW_ALL_ORIGINS = False
STATICFILES_DIRS = [BASE_DIR / "static"]
STATICFILES_FINDERS = [
    "django.contrib.staticfiles.finders.FileSystemFinder",
    "django.contrib.staticfiles.finders.AppDirectoriesFinder",
    "config.staticfiles.NodePackagesFinder",
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "config.staticfiles.HashedFiles"},
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.authentication.ApiKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_THROTTLE_CLASSES": ["accounts.throttling.KeyRate"],
    "DEFAULT_PARSER_CLASSES": [
        "accounts.json_bodies.JsonParser",
        "rest_framework.parsers.FormParser",
        "rest_framework.parsers.MultiPartParser",
    ],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "accounts.problems.problem_handler",
    "UNAUTHENTICATED_USER": None,
    "COERCE_DECIMAL_TO_STRING": True,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Steadyrun API",
    "VERSION": "1",
    "DESCRIPTION": "Report executions and read what Steadyrun computed from them.",
    "SERVE_INCLUDE_SCHEMA": False,
    "ENUM_NAME_OVERRIDES": ENUM_NAMES,
}

CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_TIME_LIMIT = 600
CELERY_TASK_SOFT_TIME_LIMIT = 540
# Longer than the longest task, so that a task still at work is never handed out a second time.
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 1800, "unacked_restore_throttle": 1}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE = BEAT_SCHEDULE

# Host names, addresses and networks inside this network that destinations may name all the same.
STEADYRUN_ALLOW_PRIVATE_DESTINATIONS = tuple(
    entry for entry in os.environ.get("STEADYRUN_ALLOW_PRIVATE_DESTINATIONS", "").split(",") if entry.strip()
)
# Where teams without an archive of their own keep what retention deletes; without an address nothing is archived.
STEADYRUN_ARCHIVE = {
    "url": os.environ.get("ARCHIVE_URL", ""),
    "endpoint": os.environ.get("ARCHIVE_ENDPOINT", ""),
    "key": os.environ.get("ARCHIVE_KEY", ""),
    "secret": os.environ.get("ARCHIVE_SECRET", ""),
}
# Where the log of the installation is pushed to, signed with a secret as Standard Webhooks writes it; empty: nowhere.
AUDIT_STREAM = {
    "url": os.environ.get("AUDIT_STREAM_URL", ""),
    "secret": os.environ.get("AUDIT_STREAM_SECRET", ""),
    "format": os.environ.get("AUDIT_STREAM_FORMAT", "") or "lines",
}
# Opens /internal/metrics to who knows it; empty keeps it closed.
STEADYRUN_METRICS_TOKEN = os.environ.get("STEADYRUN_METRICS_TOKEN", "")

LOGGING = logging_settings(os.environ.get("LOG_LEVEL", "INFO"))
# Celery would put plain lines of its own in place of ours.
CELERY_WORKER_HIJACK_ROOT_LOGGER = not IS_JSON
