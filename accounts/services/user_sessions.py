"""The sessions of a person: listed and ended."""

from collections.abc import Sequence

from allauth.usersessions.models import UserSession

from accounts.audit import record_for_installation
from accounts.models import User


def sessions_of(user: User) -> Sequence[UserSession]:
    """The sessions that are still open, the newest first."""
    found: list[UserSession] = UserSession.objects.purge_and_list(user)
    return sorted(found, key=lambda one: one.created_at, reverse=True)


def end_sessions(*, user: User, only: int | None = None, keep: str | None = None, note: str = "") -> int:
    """Ends the sessions of a person: all, the one with the id `only`, or all but the one with the key `keep`.

    How many were ended; is recorded.
    """
    ended = 0
    for one in UserSession.objects.filter(user_id=user.id):
        if one.session_key == keep or (only is not None and one.pk != only):
            continue
        one.end()
        ended += 1
    if ended:
        record_for_installation("session.ended", ("user", user.id, user.email), after={"sessions": ended}, note=note)
    return ended
