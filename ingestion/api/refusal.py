"""How a way in refuses: one list of reasons, worded by each protocol as its clients expect."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse
from psycopg_pool import PoolTimeout
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied

from accounts.encryption import Unreadable
from accounts.problems import problem_response
from ingestion.acceptance import ReportsRefused, StorageUnavailable
from ingestion.adapters.refusals import TooLarge, Undecodable, UnknownEncoding
from ingestion.api.admission import Overloaded
from ingestion.quotas import LimitReached

logger = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = 5
OVERLOAD_RETRY_SECONDS = 1
UNREADABLE_RETRY_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a whole request is refused. `retry_after` (seconds) is set where trying again can help."""

    status: int
    title: str
    detail: str
    retry_after: int | None = None
    errors: Sequence[dict[str, Any]] = ()
    limit: str = ""


class Refuse(Exception):
    """Raised by a view of a way in: the request is refused in the protocol's own words."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.detail)
        self.refusal = refusal


Wording = Callable[[HttpRequest, Refusal], HttpResponse]


def as_problem(_request: HttpRequest, refusal: Refusal) -> HttpResponse:
    """The refusal as a problem document (RFC 9457)."""
    members: dict[str, Any] = {"errors": list(refusal.errors)} if refusal.errors else {}
    if refusal.limit:
        members |= {"limit": refusal.limit, "retry_after": refusal.retry_after}
    return problem_response(refusal.status, refusal.title, refusal.detail, **members)


def _undecodable(error: Undecodable) -> Refusal:
    errors = [{"field": error.field, "reason": error.reason}] if error.field else []
    detail = f"{error.field} {error.reason}" if error.field else error.reason
    text = f"{detail.removesuffix('.')}. Nothing was stored."
    return Refusal(400, "The body cannot be decoded", text, errors=errors)


def _unavailable(error: Exception) -> Refusal:
    """What makes senders try again: any other 5xx makes some of them drop what they hold."""
    logger.warning("storage is not available", exc_info=error)
    text = f"Nothing was stored. Try again in {RETRY_AFTER_SECONDS} seconds."
    return Refusal(503, "Storage is not available", text, RETRY_AFTER_SECONDS)


def _overloaded(_error: Overloaded) -> Refusal:
    text = f"Nothing was stored. Try again in {OVERLOAD_RETRY_SECONDS} s, with fewer requests at the same time."
    return Refusal(503, "Too many requests of this team at once", text, OVERLOAD_RETRY_SECONDS)


_LIMITS = {
    "requests_per_second": "This team or key may send {:,.0f} requests a second.",
    "steps_per_second": "This team may report {:,.0f} steps a second.",
    "monthly_executions": "This team may report {:,.0f} executions a month, and has.",
    "storage_bytes": "This team may keep {:,.0f} bytes, and does.",
}


def _limited(error: LimitReached) -> Refusal:
    """What the team agreed to: the page of usage shows it, the administration of the installation can change it."""
    text = f"{_LIMITS[error.limit].format(error.allowed)} Nothing was stored. Try again in {error.retry_after} s."
    return Refusal(429, "Limit reached", text, error.retry_after, limit=error.limit)


def _unreadable(error: Unreadable) -> Refusal:
    """A fault of ours that an administrator can mend, so that the sender keeps what it has."""
    logger.error("the secret of a source cannot be read: was SECRET_KEY changed?", exc_info=error)
    text = "This source's secret cannot be read. Nothing was stored. An administrator must enter it again."
    return Refusal(503, "The secret cannot be read", text, UNREADABLE_RETRY_SECONDS)


_REFUSED = "The body holds a value that the database does not take. Nothing was stored."
_REFUSALS: dict[type[Exception], Callable[[Any], Refusal]] = {
    Refuse: lambda error: error.refusal,
    Undecodable: _undecodable,
    TooLarge: lambda error: Refusal(413, "The body is too large", str(error)),
    UnknownEncoding: lambda error: Refusal(415, "The content encoding is not known", str(error)),
    AuthenticationFailed: lambda error: Refusal(401, "Not authenticated", str(error.detail)),
    PermissionDenied: lambda error: Refusal(403, "Not allowed", str(error.detail)),
    ReportsRefused: lambda error: Refusal(422, "Nothing could be stored", _REFUSED),
    Overloaded: _overloaded,
    LimitReached: _limited,
    Unreadable: _unreadable,
    StorageUnavailable: _unavailable,
    DatabaseError: _unavailable,
    InterfaceError: _unavailable,
    PoolTimeout: _unavailable,
}
EXPECTED = tuple(_REFUSALS)


def refusal_of(error: Exception) -> Refusal:
    """The refusal that an error of `EXPECTED` means."""
    for kind, make in _REFUSALS.items():
        if isinstance(error, kind):
            return make(error)
    raise error
