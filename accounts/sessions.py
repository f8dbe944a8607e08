"""Sessions in the database as Django keeps them, read by one prepared statement: every page begins with one."""

from django.contrib.sessions.backends import db
from django.contrib.sessions.models import Session
from django.utils import timezone

from accounts.statements import find_row


class SessionStore(db.SessionStore):
    """Django's own store but for the look-up, so that a session can still be ended by deleting its row."""

    def _get_session_from_db(self) -> Session | None:
        params = [self.session_key, timezone.now()]
        found = find_row(Session, "session_key = %s AND expire_date > %s", params) if self.session_key else None
        if found is None:
            self._session_key = None
        return found
