"""Announcing a release: who says that it went live, when, and from which commit."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.audit import update_told
from accounts.models import User
from monitoring.identity import LabelKind, label_id, release_id
from monitoring.models import Release, Workflow
from monitoring.reads.workflows import named
from monitoring.store.labels import Names
from monitoring.wording import count

MAX_NAME, MAX_COMMIT, MAX_URL, MAX_NOTE = 200, 100, 2000, 2000
# A clock that is ahead, and a release that is announced the evening before.
# As long as records are kept by default.
MOST_DAYS_AGO = 90
MAX_AHEAD = timedelta(days=1)
# What an announcement may say besides which release it is.
FIELDS = ("released_at", "commit", "url", "note")
_LENGTHS = {"commit": MAX_COMMIT, "url": MAX_URL, "note": MAX_NOTE}
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class ReleaseRefused(Exception):
    """A release that cannot be kept: `reasons` says why, by field."""

    def __init__(self, reasons: dict[str, str]) -> None:
        super().__init__("; ".join(f"{field} {reason}" for field, reason in reasons.items()))
        self.reasons = reasons


@dataclass(frozen=True, slots=True)
class Announced:
    """The release, whether this made it, and which of its fields changed."""

    release: Release
    is_new: bool
    changed: tuple[str, ...]


def announce_release(
    *, team_id: UUID, workflow: str, name: str, told: Mapping[str, Any], by: User | str, now: datetime
) -> Announced:
    """Makes a release of a workflow (its name or slug; one that is not known is made), or changes it.

    `told` holds those of `FIELDS` that were said; the others stay as they are. A release that nobody has seen and whose
    time nobody says is live from now. `by` is a member, or the name of a key. The same announcement again changes
    nothing. Raises `ReleaseRefused`.
    """
    workflow, name = workflow.strip(), name.strip()
    reasons = {
        **_text_fault("workflow", workflow, MAX_NAME),
        **_text_fault("name", name, MAX_NAME),
        **faults(told, now),
    }
    for field, value in (("workflow", workflow), ("name", name)):
        if not value:
            reasons[field] = _("is missing")
    if reasons:
        raise ReleaseRefused(reasons)
    return _keep(team_id, _workflow_id(team_id, workflow), name, told, by, now)


def carrying_release(workflow: Workflow, name: str, *, by: User | str, now: datetime) -> Release:
    """The release of a workflow with this name as it is, else one announced as live now. Raises `ReleaseRefused`."""
    known = Release.objects.filter(team_id=workflow.team_id, id=release_id(workflow.id, name.strip())).first()
    if known is not None:
        return known
    told = announce_release(team_id=workflow.team_id, workflow=workflow.slug, name=name, told={}, by=by, now=now)
    return told.release


def faults(told: Mapping[str, Any], now: datetime) -> dict[str, str]:
    """Why what is told of a release cannot be kept, by field; empty where it can."""
    found: dict[str, str] = {}
    for field, most in _LENGTHS.items():
        found |= _text_fault(field, told.get(field, ""), most, lines=field == "note")
    if told.get("url") and "url" not in found and not _is_address(told["url"]):
        found["url"] = _("must start with http:// or https:// and name a host")
    return {**found, **_time_fault(told.get("released_at"), now)}


def _text_fault(field: str, value: str, most: int, *, lines: bool = False) -> dict[str, str]:
    if len(value) > most:
        text = _("has {count} characters; at most {most} are allowed")
        return {field: text.format(count=count(len(value)), most=count(most))}
    plain = value.replace("\n", "").replace("\r", "").replace("\t", "") if lines else value
    return {field: _("holds a control character")} if _CONTROL.search(plain) else {}


def _time_fault(at: datetime | None, now: datetime) -> dict[str, str]:
    if at is None:
        return {}
    if at > now + MAX_AHEAD:
        return {"released_at": _("is more than a day ahead")}
    if at < now - timedelta(days=MOST_DAYS_AGO):
        return {"released_at": _("is more than {days} days ago").format(days=MOST_DAYS_AGO)}
    return {}


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and " " not in text


def _workflow_id(team_id: UUID, text: str) -> UUID:
    """The workflow of this slug or name; made, as a first report makes it, where there is none."""
    found = named(team_id, text)
    if found is not None:
        return found.id
    names = Names(team_id)
    made = names.workflow(text)
    names.save()
    return made


@transaction.atomic
def _keep(
    team_id: UUID, workflow_id: UUID, name: str, told: Mapping[str, Any], by: User | str, now: datetime
) -> Announced:
    names = Names(team_id)
    names.label(LabelKind.RELEASE, name)
    names.save()
    who = {"key_name": by} if isinstance(by, str) else {"announced_by": by}
    row, is_new = Release.objects.select_for_update().get_or_create(
        id=release_id(workflow_id, name),
        team_id=team_id,
        defaults={
            "workflow_id": workflow_id,
            "name": name,
            "name_id": label_id(LabelKind.RELEASE, name),
            "announced_at": now,
            "released_at": told.get("released_at") or now,
            **{field: told[field] for field in FIELDS if field != "released_at" and told.get(field)},
            **who,
        },
    )
    changed = () if is_new else _change(row, told, who, now)
    row.refresh_from_db()
    return Announced(row, is_new, changed)


def _change(row: Release, told: Mapping[str, Any], who: Mapping[str, Any], now: datetime) -> tuple[str, ...]:
    """Puts what was told into a row that is there: what is told wins, what is not stays. Names what changed."""
    changed = {field: told[field] for field in FIELDS if field in told and told[field] != getattr(row, field)}
    if row.first_seen_at is None and changed.get("released_at", row.released_at) is None:
        raise ReleaseRefused({"released_at": _("is needed: no execution with this release was seen yet")})
    first = {} if row.announced_at else {"announced_at": now, **who}
    if changed or first:
        update_told(Release.objects.filter(id=row.id), **changed, **first)
    return tuple(changed)
