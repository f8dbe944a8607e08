"""What is asked for about failure groups, by a form or by the API: read, checked by field, done. One way for both.

action          review, ignore, resolve, reopen, assign, merge or split
until           ignore: a time, ISO 8601 (without a zone: UTC) or `now+7d` (units m, h, d)
count           ignore: so many further failures; `within_minutes`: in a stretch of that length
release         ignore until, or resolve in, the release of this name; `next_release`: the next one to go live
assignee        assign: address or id of a member; empty: nobody
into            merge: the group to count as
members         split: the groups to take out; none: all
"""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.models import Membership, User
from monitoring.analysis.triage import EventKind, Terms
from monitoring.services.group_merging import merge, split
from monitoring.services.triage import Outcome, TriageRefused, assign, decide
from monitoring.windows import parse_instant

MAX_AHEAD = timedelta(days=730)
MAX_COUNT = 10_000
MAX_WITHIN_MINUTES = 60 * 24 * 90
MAX_RELEASE = 200
_AHEAD = re.compile(r"^now\+(\d{1,5})(m|h|d)$")
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
DECISIONS = {
    "review": EventKind.REVIEWED,
    "ignore": EventKind.IGNORED,
    "resolve": EventKind.RESOLVED,
    "reopen": EventKind.OPENED,
}
ACTIONS = (*DECISIONS, "assign", "merge", "split")
_TERMS_OF = {
    "ignore": ("until", "count", "within_minutes", "release", "next_release"),
    "resolve": ("release", "next_release"),
}
Told = Mapping[str, Any]
T = TypeVar("T")


def perform(team_id: UUID, group_ids: Sequence[UUID], told: Told, *, by: User | str, now: datetime) -> Outcome:
    """Does what is asked for with these groups. Raises `TriageRefused`: nothing was done."""
    action = told.get("action")
    if action in DECISIONS:
        terms = read_terms(str(action), told, now)
        return decide(team_id=team_id, group_ids=group_ids, kind=DECISIONS[str(action)], terms=terms, by=by, now=now)
    if action == "assign":
        if "assignee" not in told:
            raise TriageRefused({"assignee": _("must be told; empty: nobody")})
        member = _member(team_id, told["assignee"])
        return assign(team_id=team_id, group_ids=group_ids, assignee=member, by=by, now=now)
    if action == "merge":
        into = _ids([told["into"]], "into")[0] if told.get("into") else None
        merge(team_id=team_id, group_ids=group_ids, into=into, by=by, now=now)
        return Outcome(len(set(group_ids)), 0)
    if action == "split":
        if len(group_ids) != 1:
            raise TriageRefused({"groups": _("must be one group to split")})
        members = _ids(told.get("members") or [], "members")
        return split(team_id=team_id, group_id=group_ids[0], members=members, by=by, now=now)
    raise TriageRefused({"action": _("must be one of: {values}").format(values=", ".join(ACTIONS))})


def read_terms(action: str, told: Told, now: datetime) -> Terms:
    """The terms of an action. Raises `TriageRefused` for what has no meaning, by field."""
    allowed = _TERMS_OF.get(action, ())
    reasons = {
        name: _("means nothing with the action {action}").format(action=action)
        for names in _TERMS_OF.values()
        for name in names
        if told.get(name) and name not in allowed
    }
    until_at = _field(reasons, "until", lambda: _until(told.get("until"), now))
    count = _field(reasons, "count", lambda: _whole(told.get("count"), MAX_COUNT))
    minutes = _field(reasons, "within_minutes", lambda: _whole(told.get("within_minutes"), MAX_WITHIN_MINUTES))
    release = _field(reasons, "release", lambda: _release(told.get("release"))) or ""
    if minutes is not None and count is None and "count" not in reasons:
        reasons.setdefault("within_minutes", _("needs a count of failures"))
    if release and told.get("next_release"):
        reasons["release"] = _("must be either named or the next one")
    if reasons:
        raise TriageRefused(reasons)
    within = None if minutes is None else timedelta(minutes=minutes)
    return Terms(until_at, count, within, release, bool(told.get("next_release")))


def read_ids(values: Sequence[Any]) -> list[UUID]:
    """The groups that are meant. Raises `TriageRefused`."""
    return _ids(values, "groups")


def _field(reasons: dict[str, str], name: str, read: Callable[[], T]) -> T | None:
    """What a field says; None where it says nothing, or nonsense, which goes into `reasons`."""
    try:
        return read()
    except ValueError as refused:
        reasons.setdefault(name, str(refused))
        return None


def _until(value: Any, now: datetime) -> datetime | None:
    if value in (None, ""):
        return None
    match = _AHEAD.match(str(value))
    at = now + int(match[1]) * _UNITS[match[2]] if match else parse_instant(str(value), now)
    if at is None:
        raise ValueError(_("must be a time: ISO 8601 (without a zone: UTC) or now+7d (units m, h, d)"))
    if not now < at <= now + MAX_AHEAD:
        raise ValueError(_("must be in the future, at most {days} days ahead").format(days=MAX_AHEAD.days))
    return at


def _whole(value: Any, most: int) -> int | None:
    if value in (None, ""):
        return None
    text = str(value)
    if isinstance(value, bool) or not re.fullmatch(r"[0-9]{1,9}", text) or not 1 <= int(text) <= most:
        raise ValueError(_("must be a whole number from 1 to {most}").format(most=most))
    return int(text)


def _release(value: Any) -> str:
    text = str(value or "").strip()
    if len(text) > MAX_RELEASE or "\x00" in text:
        raise ValueError(_("must have at most {most} characters, and no NUL").format(most=MAX_RELEASE))
    return text


def _ids(values: Sequence[Any], field: str) -> list[UUID]:
    try:
        return [UUID(str(value)) for value in values]
    except ValueError:
        raise TriageRefused({field: _("must be ids of failure groups (UUID)")}) from None


def _member(team_id: UUID, value: Any) -> UUID | None:
    """The member with this address or id; None for nobody. Raises `TriageRefused`."""
    if value in (None, ""):
        return None
    text = str(value).strip().lower()
    members = dict(Membership.objects.filter(team_id=team_id).values_list("user__email", "user_id"))
    found = members.get(text) or next((id for id in members.values() if str(id) == text), None)
    if found is None:
        raise TriageRefused({"assignee": _("must be the address or id of a member of the team")})
    return found
