"""Sessions in the database as Django keeps them, read by one prepared statement: every page begins with one.

A session ends when it was not used for `SESSION_IDLE_SECONDS`, and `SESSION_COOKIE_AGE` after its sign-in.
"""

import time
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.signals import user_logged_in
from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone

from accounts.security_log import noticed
from accounts.statements import find_row

BEGAN, USED = "session_began", "session_used"
# Using a session is noted this often (seconds), as each note writes to the database.
PRECISION = 300


class SessionStore(db.SessionStore):
    """Django's own store but for the look-up, so that a session can still be ended by deleting its row."""

    def _get_session_from_db(self) -> Session | None:
        params = [self.session_key, timezone.now()]
        found = find_row(Session, "session_key = %s AND expire_date > %s", params) if self.session_key else None
        if found is None:
            self._session_key = None
        return found


class SessionLimits:
    """Middleware: ends sessions that are too old or were not used."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answers; to whose session has ended, as to somebody who has not signed in."""
        if request.session.session_key is not None and SESSION_KEY in request.session:
            _keep_time(request, int(time.time()))
        return self.get_response(request)


def _keep_time(request: HttpRequest, now: int) -> None:
    session = request.session
    began, used = session.setdefault(BEGAN, now), session.setdefault(USED, now)
    if now - began > settings.SESSION_COOKIE_AGE or now - used > settings.SESSION_IDLE_SECONDS:
        noticed("session ended by its age", "user", session[SESSION_KEY])
        session.flush()
    elif now - used >= PRECISION and _is_used(request):
        session[USED] = now


def _is_used(request: HttpRequest) -> bool:
    """Whether a person asks. A page that asks for news by itself keeps no session alive."""
    return request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate" or request.method == "POST"


def _begin(sender: Any, request: HttpRequest, **_: Any) -> None:
    request.session[BEGAN] = request.session[USED] = int(time.time())


user_logged_in.connect(_begin, dispatch_uid="session_begins")
