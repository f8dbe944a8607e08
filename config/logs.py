"""How processes log: plain lines, or with LOG_FORMAT=json one JSON object a line, with the request and the team.

Nothing of what was reported is logged: messages say what happened, errors come with the lines of our own code, never
with the values of its variables. Addresses are logged as routes, because some of them are secrets.
"""

import logging
import os
import re
import sys
import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    # Beat and gunicorn's master read this file too, and do without Django.
    from django.http import HttpRequest, HttpResponseBase

IS_JSON = os.environ.get("LOG_FORMAT", "") == "json"
request_id: ContextVar[str] = ContextVar("request_id", default="")
logger = logging.getLogger("steadyrun.requests")
_ID = re.compile(r"^[A-Za-z0-9._-]{1,64}$")


class About(logging.Filter):
    """Gives each record the request and the team that it is about; names requests by their routes."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Adds `request_id` and `team_id` where they are known."""
        record.request_id = request_id.get()
        # Only where it is loaded already: processes without Django log too.
        tenancy = sys.modules.get("accounts.tenancy")
        team = tenancy._current_team.get() if tenancy else None
        record.team_id = str(team) if team else ""
        if (request := getattr(record, "request", None)) and isinstance(record.args, tuple):
            record.args = tuple(_route(request) if one == request.path else one for one in record.args)
        return True


class JsonLines(logging.Formatter):
    """A record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, by structlog's own processors and renderer."""
        import structlog

        told: dict[str, Any] = {
            "timestamp": structlog.processors.TimeStamper(fmt="iso", utc=True)(None, "", {})["timestamp"],
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
        }
        for name in ("request_id", "team_id", "route", "method", "status", "duration_ms"):
            if (value := getattr(record, name, "")) != "":
                told[name] = value
        if record.exc_info:
            told["exception"] = self.formatException(record.exc_info)
        return str(structlog.processors.JSONRenderer(default=str)(None, "", told))


def logging_settings(level: str) -> dict[str, Any]:
    """The settings of Python's logging for every process."""
    # With the zone, so that lines of several machines can be put in order.
    lines = {"format": "{asctime} {levelname} {name} {message}", "style": "{", "datefmt": "%Y-%m-%dT%H:%M:%S%z"}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": "config.logs.JsonLines"} if IS_JSON else lines},
        "filters": {"about": {"()": "config.logs.About"}},
        "handlers": {
            "console": {
                "class": "logging.StreamHandler",
                "formatter": "line",
                "filters": ["about"],
            }
        },
        "root": {"handlers": ["console"], "level": level},
    }


class RequestIds:
    """Gives each request an id (the sender's `X-Request-ID`, if it is a plain one) and tells it in the answer."""

    def __init__(self, get_response: Callable[["HttpRequest"], "HttpResponseBase"]) -> None:
        self.get_response = get_response
        self.is_logged = IS_JSON and os.environ.get("ACCESS_LOG") == "1"

    def __call__(self, request: "HttpRequest") -> "HttpResponseBase":
        """Answers with the id in force for everything that is logged meanwhile."""
        told = request.META.get("HTTP_X_REQUEST_ID", "")
        given = told if told and _ID.match(told) else os.urandom(16).hex()
        token, began = request_id.set(given), time.perf_counter()
        request.request_id = given  # type: ignore[attr-defined]
        try:
            response = self.get_response(request)
            response["X-Request-ID"] = given
            if self.is_logged:
                _log(request, response, time.perf_counter() - began)
            return response
        finally:
            request_id.reset(token)


def _route(request: "HttpRequest") -> str:
    match = getattr(request, "resolver_match", None)
    return str(match.route) if match else "(unknown)"


def _log(request: "HttpRequest", response: "HttpResponseBase", seconds: float) -> None:
    about = {
        "method": request.method,
        "route": _route(request),
        "status": response.status_code,
        "duration_ms": round(seconds * 1000, 2),
    }
    logger.info("request", extra=about)
