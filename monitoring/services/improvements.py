"""Improvements: planned, changed, commented, moved from status to status. Each thing that happens is a row of history.

Everything is checked here, for pages and API alike. `by` is a member, the name of an API key, or None for Steadyrun.
"""

from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.db import transaction

from accounts.formats import count
from accounts.models import Membership, User
from monitoring.analysis.improvement import WATCHED, Standing, may_become
from monitoring.models import (
    ChangeKind,
    FailureGroup,
    Finding,
    Improvement,
    ImprovementDue,
    ImprovementEvent,
    ImprovementStatus,
    Metric,
    Release,
    TrackerEvent,
    Workflow,
)
from monitoring.services import tracker
from monitoring.services.releases import ReleaseRefused, carrying_release

By = User | str | None
MAX_TITLE, MAX_TEXT, MAX_EFFECT, MAX_LINKS, MAX_LINK = 300, 10_000, 2_000, 20, 2_000
LEAST_CHANGE, MOST_CHANGE = -0.05, -1.0
CHANGEABLE = (
    *("kind", "title", "text", "owner_id", "metric", "expected_change", "expected_effect", "links"),
    *("environment_id", "tracker_url"),
)


class ImprovementRefused(Exception):
    """What cannot be saved: `reasons` says why, by field."""

    def __init__(self, reasons: dict[str, str]) -> None:
        super().__init__("; ".join(f"{field} {reason}" for field, reason in reasons.items()))
        self.reasons = reasons


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a member asks for. `environment_id` None: all of them; `expected_change` -0.5: halved."""

    workflow_id: UUID | None
    kind: str
    title: str
    metric: str
    environment_id: int | None = None
    finding_id: UUID | None = None
    failure_group_id: UUID | None = None
    text: str = ""
    owner_id: UUID | None = None
    expected_change: float | None = None
    expected_effect: str = ""
    links: list[str] = field(default_factory=list)
    tracker_url: str = ""


@transaction.atomic
def plan_improvement(*, team_id: UUID, wanted: Wanted, by: By, now: datetime) -> Improvement:
    """Keeps a new improvement. Raises `ImprovementRefused`."""
    _refuse(_faults(team_id, wanted) | _unknown_subjects(team_id, wanted))
    told = {one.name: getattr(wanted, one.name) for one in fields(wanted)}
    made = Improvement.objects.create(
        team_id=team_id, **told, created_at=now, changed_at=now, created_by=_user(by), key_name=_key(by)
    )
    _note(made, "created", by, now, event=TrackerEvent.CREATED)
    return made


@transaction.atomic
def change_improvement(
    *, team_id: UUID, improvement_id: UUID, changes: dict[str, Any], by: By, now: datetime
) -> Improvement:
    """Changes fields of `CHANGEABLE`; history has old and new values. Raises `ImprovementRefused`, `DoesNotExist`."""
    one = _locked(team_id, improvement_id)
    wanted = Wanted(**{it.name: changes.get(it.name, getattr(one, it.name)) for it in fields(Wanted)})
    _refuse(_faults(team_id, wanted))
    changed = {name: [getattr(one, name), changes[name]] for name in CHANGEABLE if name in changes}
    changed = {name: pair for name, pair in changed.items() if pair[0] != pair[1]}
    if not changed:
        return one
    for name, (_, value) in changed.items():
        setattr(one, name, value)
    one.changed_at = now
    one.save(update_fields=[*changed, "changed_at"])
    if {"metric", "expected_change", "environment_id"} & set(changed):
        look_again(one, now)
    _note(one, "changed", by, now, detail={name: [_plain(value) for value in pair] for name, pair in changed.items()})
    return one


@transaction.atomic
def comment(*, team_id: UUID, improvement_id: UUID, text: str, by: By, now: datetime) -> ImprovementEvent:
    """Adds a comment. Raises `ImprovementRefused`, `DoesNotExist`."""
    one = _locked(team_id, improvement_id)
    text = text.strip()
    _refuse(_text_fault("text", text, MAX_TEXT, is_needed=True))
    return _note(one, "comment", by, now, text=text, event=TrackerEvent.COMMENTED)


@transaction.atomic
def release_improvement(
    *, team_id: UUID, improvement_id: UUID, release: str, by: By, now: datetime, text: str = ""
) -> Improvement:
    """Says which release carries it; one that nobody knows is announced as live now. From then on it is measured."""
    one = _locked(team_id, improvement_id)
    _refuse(_step_fault(one, Standing.RELEASED) | _text_fault("text", text, MAX_TEXT))
    try:
        carrier = carrying_release(one.workflow, release, by=by or "", now=now)
    except ReleaseRefused as refused:
        raise ImprovementRefused({"release": "; ".join(refused.reasons.values())}) from refused
    one.release, one.released_at, one.result, one.measured_at = carrier, now, None, None
    _become(one, Standing.RELEASED, by, now, text=text, detail={"release": carrier.name})
    return one


@transaction.atomic
def move_improvement(
    *, team_id: UUID, improvement_id: UUID, status: str, by: By, now: datetime, text: str = ""
) -> Improvement:
    """Another status by hand; `released` needs a release: `release_improvement`. Raises `ImprovementRefused`."""
    one = _locked(team_id, improvement_id)
    if status not in set(Standing):
        raise ImprovementRefused({"status": f"must be one of: {', '.join(Standing)}"})
    if status == Standing.RELEASED:
        raise ImprovementRefused({"release": "must be named to set the status to released"})
    _refuse(_step_fault(one, Standing(status)) | _text_fault("text", text, MAX_TEXT))
    _become(one, Standing(status), by, now, text=text, detail={"by_hand": True})
    return one


@transaction.atomic
def settle_improvement(
    *, measured: Improvement, result: dict[str, Any], now: datetime, returned: Release | None = None
) -> None:
    """Keeps a measurement, and closes or reopens what it decides. Nothing happens to one that was moved meanwhile."""
    own = Improvement.objects.select_for_update().filter(team_id=measured.team_id, id=measured.id)
    one = own.filter(status=measured.status, release=measured.release, released_at=measured.released_at).first()
    if one is None or one.status not in WATCHED:
        return
    if one.status == Standing.RELEASED:
        one.result, one.measured_at = result, now
        one.save(update_fields=["result", "measured_at"])
    then = _decided(one, result, returned)
    if then is None:
        return
    detail: dict[str, Any] = {"outcome": result.get("outcome"), "result": result}
    if returned is not None:
        one.reopened_by = returned
        detail = {"returned_in": returned.name}
    _become(one, then, None, now, detail=detail)


def _decided(one: Improvement, result: dict[str, Any], returned: Release | None) -> Standing | None:
    if returned is not None:
        return Standing.REOPENED
    if one.status != Standing.RELEASED:
        return None
    ends = {"helped": Standing.HELPED, "no_help": Standing.NO_HELP, "worse": Standing.NO_HELP}
    return ends.get(str(result.get("outcome")))


def look_again(one: Improvement, now: datetime) -> None:
    """Puts an improvement into the queue of those to measure, or takes it out."""
    if one.status not in WATCHED:
        ImprovementDue.objects.filter(improvement_id=one.id).delete()
        return
    told = {"team_id": one.team_id, "due_at": now}
    ImprovementDue.objects.update_or_create(improvement_id=one.id, defaults=told)


def _become(
    one: Improvement, then: Standing, by: By, now: datetime, *, text: str = "", detail: dict[str, Any] | None = None
) -> None:
    before, one.status, one.changed_at = one.status, ImprovementStatus(then.value), now
    if then is Standing.RELEASED or (then is Standing.REOPENED and by is not None):
        one.reopened_by = None
    one.save()
    look_again(one, now)
    told = {"from": str(before), "to": then.value, **(detail or {})}
    _note(one, "status", by, now, text=text, detail=told, event=TrackerEvent.STATUS_CHANGED)


def _note(
    one: Improvement,
    kind: str,
    by: By,
    now: datetime,
    *,
    text: str = "",
    detail: dict[str, Any] | None = None,
    event: TrackerEvent | None = None,
) -> ImprovementEvent:
    made = ImprovementEvent.objects.create(
        team_id=one.team_id,
        improvement=one,
        at=now,
        kind=kind,
        text=text,
        detail=detail or {},
        by=_user(by),
        key_name=_key(by),
    )
    if event is not None:
        tracker.tell(one, event, made, now)
    return made


def _locked(team_id: UUID, improvement_id: UUID) -> Improvement:
    return Improvement.objects.select_for_update().get(team_id=team_id, id=improvement_id)


def _faults(team_id: UUID, wanted: Wanted) -> dict[str, str]:
    reasons = _text_fault("title", wanted.title, MAX_TITLE, is_needed=True)
    reasons |= _text_fault("text", wanted.text, MAX_TEXT) | _text_fault("effect", wanted.expected_effect, MAX_EFFECT)
    if wanted.kind not in set(ChangeKind.values):
        reasons["kind"] = f"must be one of: {', '.join(ChangeKind.values)}"
    if wanted.metric not in set(Metric.values):
        reasons["metric"] = f"must be one of: {', '.join(Metric.values)}"
    if wanted.metric == Metric.GROUP_RATE and wanted.failure_group_id is None:
        reasons["metric"] = "group_rate needs a failure group"
    change = wanted.expected_change
    if change is not None and not MOST_CHANGE <= change <= LEAST_CHANGE:
        reasons["expected change"] = "must be a reduction by 5% to 100% (-0.05 to -1)"
    if len(wanted.links) > MAX_LINKS or any(_link_fault(link) for link in wanted.links):
        reasons["links"] = f"must be at most {MAX_LINKS} addresses with http or https, of up to {MAX_LINK} characters"
    if wanted.tracker_url and _link_fault(wanted.tracker_url):
        reasons["tracker link"] = f"must be an address with http or https, of up to {MAX_LINK} characters"
    if wanted.owner_id and not Membership.objects.filter(team_id=team_id, user_id=wanted.owner_id).exists():
        reasons["owner"] = "must be a member of the team"
    return reasons


def _unknown_subjects(team_id: UUID, wanted: Wanted) -> dict[str, str]:
    """What it is about must be of this team and belong together."""
    workflow_id = wanted.workflow_id
    if workflow_id is None or not Workflow.objects.filter(team_id=team_id, id=workflow_id).exists():
        return {"workflow": "is not known"}
    reasons, own = {}, {"team_id": team_id, "workflow_id": wanted.workflow_id}
    if wanted.finding_id and not Finding.objects.filter(id=wanted.finding_id, **own).exists():
        reasons["finding"] = "is not one of this workflow"
    if wanted.failure_group_id and not FailureGroup.objects.filter(id=wanted.failure_group_id, **own).exists():
        reasons["group"] = "is not one of this workflow"
    return reasons


def _text_fault(name: str, text: str, most: int, *, is_needed: bool = False) -> dict[str, str]:
    if len(text) > most or "\x00" in text:
        return {name: f"must have at most {count(most)} characters, and no NUL"}
    return {name: "must be told"} if is_needed and not text.strip() else {}


def is_web_address(text: str) -> bool:
    """Whether a text can be shown as a link: http or https, with a host, without blanks."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc) and text.isprintable() and " " not in text


def _link_fault(link: Any) -> bool:
    return not isinstance(link, str) or len(link) > MAX_LINK or not is_web_address(link)


def _step_fault(one: Improvement, then: Standing) -> dict[str, str]:
    told = f"cannot go from {_word(one.status)} to {_word(then)}"
    return {} if may_become(one.status, then) else {"status": told}


def _word(status: str) -> str:
    return ImprovementStatus(status).label.lower()


def _refuse(reasons: dict[str, str]) -> None:
    if reasons:
        raise ImprovementRefused(reasons)


def _user(by: By) -> User | None:
    return by if isinstance(by, User) else None


def _key(by: By) -> str:
    return by if isinstance(by, str) else ""


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, str | int | float | list) else str(value)
