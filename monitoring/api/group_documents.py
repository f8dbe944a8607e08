"""What the API gives out about failure groups and their triage, and what it takes."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from rest_framework import serializers as s

from monitoring.analysis.triage import EventKind, TriageStatus
from monitoring.reads.group_list import GroupPage, ListedGroup
from monitoring.reads.triage import Happened, Triaged
from monitoring.services.triage import terms_document
from monitoring.services.triage_request import ACTIONS, MAX_COUNT, MAX_RELEASE, MAX_WITHIN_MINUTES

STATUSES = [one.value for one in TriageStatus]
# The action that a status which somebody asks for stands for.
ACTION_OF = {"open": "reopen", "reviewed": "review", "ignored": "ignore", "resolved": "resolve"}


def _told(kind: type[s.Field[Any, Any, Any, Any]], help_text: str = "") -> Any:
    return kind(allow_null=True, help_text=help_text)


class TermsSerializer(s.Serializer[Any]):
    """Until when a group is ignored, or in which release it is resolved; what was not told is left out."""

    until = s.DateTimeField(required=False)
    count = s.IntegerField(required=False, help_text="further failures")
    within_minutes = s.IntegerField(required=False, help_text="in a stretch of that length")
    release = s.CharField(required=False)
    next_release = s.BooleanField(required=False)


class TriageSerializer(s.Serializer[Any]):
    """Where a group stands."""

    status = s.CharField(help_text=", ".join(STATUSES))
    since = _told(s.DateTimeField, "when the status was set")
    by = s.CharField(help_text="who set it: an address or the name of a key; empty: Steadyrun, or nobody")
    assignee = _told(s.CharField, "address of a member")
    terms = TermsSerializer()


class SuggestedSerializer(s.Serializer[Any]):
    """The suggested cause, as the group's own document has it with its evidence."""

    cause, words = s.CharField(), s.CharField()
    lead = s.FloatField()


class ImprovementOfGroupSerializer(s.Serializer[Any]):
    """The improvement of a group that was changed last."""

    id = s.UUIDField()
    title, status = s.CharField(), s.CharField()


class ListedGroupSerializer(s.Serializer[Any]):
    """A failure group; `failures` are those of the range and filters, times are of all time."""

    id = s.UUIDField()
    title = s.CharField()
    workflow_id, workflow, node = _told(s.UUIDField), _told(s.CharField), _told(s.CharField)
    first_seen_at, last_seen_at = s.DateTimeField(), s.DateTimeField()
    failures = s.IntegerField()
    merged = s.ListField(child=s.UUIDField(), help_text="other groups that count as this one")
    triage = TriageSerializer()
    suggestion = SuggestedSerializer()
    improvement = ImprovementOfGroupSerializer(allow_null=True)


class GroupPageSerializer(s.Serializer[Any]):
    """A page of groups, and how many there are of each status, whatever status is asked for."""

    next, previous = _told(s.URLField), _told(s.URLField)
    by_status = s.DictField(child=s.IntegerField())
    results = ListedGroupSerializer(many=True)


class HappenedSerializer(s.Serializer[Any]):
    """One event of a group's history."""

    kind = s.CharField(help_text=", ".join(EventKind))
    at = s.DateTimeField()
    by = s.CharField(help_text="empty: found by Steadyrun")
    detail = s.DictField()


class _Limits(s.Serializer[Any]):
    until = s.CharField(required=False, help_text="ignore: ISO 8601 (without a zone: UTC), or now+7d (units m, h, d)")
    count = s.IntegerField(required=False, help_text=f"ignore: 1 to {MAX_COUNT} further failures")
    within_minutes = s.IntegerField(required=False, help_text=f"ignore: 1 to {MAX_WITHIN_MINUTES}, with a count")
    release = s.CharField(required=False, help_text=f"ignore until, resolve in: a name of up to {MAX_RELEASE} letters")
    next_release = s.BooleanField(required=False, help_text="ignore until, resolve in: the next one to go live")
    assignee = s.CharField(required=False, allow_null=True, help_text="address or id of a member; null: nobody")


class GroupChangeSerializer(_Limits):
    """A change of one group: its status with the terms, its assignee, or both."""

    status = s.CharField(required=False, help_text=f"one of: {', '.join(ACTION_OF)}")


class GroupsChangeSerializer(_Limits):
    """The same change of many groups, merging them, or splitting one."""

    action = s.ChoiceField(choices=list(ACTIONS))
    groups = s.ListField(child=s.CharField(), help_text="ids of failure groups")
    into = s.CharField(required=False, help_text="merge: the group to count as; else the one that was seen first")
    members = s.ListField(child=s.CharField(), required=False, help_text="split: groups to take out; none: all")


class OutcomeSerializer(s.Serializer[Any]):
    """How many groups were changed, and how many left as they were."""

    changed, unchanged = s.IntegerField(), s.IntegerField()


def triage_document(triaged: Triaged) -> dict[str, Any]:
    """Where a group stands."""
    return {
        "status": triaged.status.value,
        "since": triaged.standing.at,
        "by": triaged.by,
        "assignee": triaged.assignee or None,
        "terms": terms_document(triaged.standing.terms),
    }


def listed_document(one: ListedGroup, suggestion: dict[str, Any]) -> dict[str, Any]:
    """A group of the list."""
    names = ("id", "title", "workflow_id", "workflow", "node", "first_seen_at", "last_seen_at", "failures")
    improvement = one.improvement
    return {
        **{name: getattr(one, name) for name in names},
        "merged": [id for id in one.ids if id != one.id],
        "triage": triage_document(one.triage),
        "suggestion": {name: suggestion[name] for name in ("cause", "words", "lead")},
        "improvement": {name: getattr(improvement, name) for name in ("id", "title", "status")}
        if improvement
        else None,
    }


def page_document(found: GroupPage, suggestions: dict[UUID, dict[str, Any]]) -> dict[str, Any]:
    """A page without its addresses."""
    return {
        "by_status": {one.value: found.by_status.get(one, 0) for one in TriageStatus},
        "results": [listed_document(one, suggestions[one.id]) for one in found.rows],
    }


def history_documents(history: Sequence[Happened]) -> list[dict[str, Any]]:
    """What happened to a group, newest first."""
    return [{"kind": one.kind.value, "at": one.at, "by": one.by, "detail": one.detail} for one in history]
