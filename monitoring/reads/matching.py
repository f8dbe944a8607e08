"""Filters as SQL over `execution`: one meaning of each filter for lists, counts and the analysis of failures."""

import uuid
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from monitoring.filters import ANY, Choice, Filters
from monitoring.identity import PRODUCTION, LabelKind, facet_text, label_id
from monitoring.reads.merged import member_array
from monitoring.search import texts_of
from monitoring.statuses import UNMET, Status
from monitoring.store.totals import STEPS_NEED_REVIEW

_COLUMNS = {
    "env": ("environment_id", LabelKind.ENVIRONMENT),
    "error": ("error_id", LabelKind.ERROR),
    "input": ("input_type_id", LabelKind.INPUT_TYPE),
    "release": ("release_id", LabelKind.RELEASE),
    "trigger": ("trigger_id", LabelKind.TRIGGER),
}
_STEP_COLUMNS = {
    "step": ("node_id", LabelKind.NODE),
    "system": ("system_id", LabelKind.SYSTEM),
    "model": ("model_id", LabelKind.MODEL),
    "provider": ("provider_id", LabelKind.PROVIDER),
    "tool": ("tool_id", LabelKind.TOOL),
}
_IS_UNMET = f"(status = {Status.SUCCEEDED:d} AND is_unmet)"
_WORDS = {status.word: int(status) for status in Status}
# A run that failed is found by the step at which it did and by what that step called, any other run by all its steps.
_VISITED = """EXISTS (
    SELECT FROM step s WHERE s.team_id = %s AND s.execution_id = execution.id
        AND s.retention_class = execution.retention_class AND s.anchor_day = execution.anchor_day
        AND s.{column} = ANY(%s)
        AND (execution.status NOT IN (7, 8) OR (s.node_id = execution.failed_node_id AND s.status IN (7, 8))))"""
# One name is one value to the planner, so rows come in the order of an index; a join would hide that.
_WORKFLOW = """workflow_id = (SELECT w.id FROM workflow w WHERE w.team_id = %s AND (w.slug = %s OR w.name = %s)
    ORDER BY w.slug = %s DESC LIMIT 1)"""
_WORKFLOWS = """workflow_id = ANY(ARRAY(
    SELECT w.id FROM workflow w WHERE w.team_id = %s AND (w.slug = ANY(%s) OR w.name = ANY(%s))))"""
# The error of a run that told none itself is that of its failing step, kept as a name.
_FOUND = """(external_id LIKE %s OR error ILIKE %s OR error_id IN (
    SELECT l.id FROM label l WHERE l.team_id = %s AND l.kind = %s AND l.value ILIKE %s))"""

# `input.country=FR`: a key that is a facet's, and its value; on the row, or in the table where it is an older one.
_FACET = """(facets ?| %s::text[] OR EXISTS (
    SELECT FROM facet f WHERE f.team_id = %s AND f.execution_id = execution.id
        AND f.retention_class = execution.retention_class AND f.anchor_day = execution.anchor_day
        AND (f.key_id, f.value) IN (SELECT * FROM unnest(%s::bigint[], %s::text[]))))"""
# `14@Europe/Berlin`: an hour of the day, and whose.
_HOUR = "(extract(hour FROM counted_at AT TIME ZONE %s) = %s)"
# A merged group is meant with all that were merged into it.
_IN_GROUP = f"failure_group_id = ANY({member_array('%s', '%s')})"
_ABOVE = {"slower": "duration_ms >= %s", "costlier": "cost_usd >= %s"}
_NEEDS_REVIEW = f"(steps_tell & {STEPS_NEED_REVIEW}) <> 0"
_RETRIED = "(retry_count > 0 OR attempt > 1)"

# A log line may name an execution of which nothing else was told: a line is no run until something says so.
_IS_TOLD = "(workflow_id IS NOT NULL OR status <> 0 OR step_count > 0)"

Part = tuple[str, list[Any]]


def conditions(team_id: uuid.UUID, filters: Filters, *, is_told: bool = False) -> Part:
    """The WHERE clause over `execution` and its parameters, the team's own condition first.

    `is_told`: the caller's own condition leaves only executions that something was told of.

    Values that nobody knows match nothing. `env` absent means production, `env=*` all environments. Executions that
    only log lines mention are found by `q` alone.
    """
    parts: list[Part] = [
        ("team_id = %s", [team_id]),
        ("counted_at >= %s AND counted_at < %s", [filters.window.start, filters.window.end]),
    ]
    # Whom failure groups are assigned to says nothing about executions.
    choices = {"env": Choice((PRODUCTION,)), **filters.choices}
    choices.pop("assignee", None)
    if ANY in choices["env"].wanted:
        choices["env"] = Choice((), choices["env"].excluded)
    for name, choice in choices.items():
        if choice.wanted:
            parts.append(_test(team_id, name, choice.wanted))
        if choice.excluded:
            text, params = _test(team_id, name, choice.excluded)
            parts.append((f"({text}) IS NOT TRUE", params))
    # Any run of a workflow or with a status was told; without the test these are counted from an index alone.
    if not (is_told or filters.q or any(name in choices and choices[name].wanted for name in ("workflow", "status"))):
        parts.append((_IS_TOLD, []))
    for one in texts_of(filters.q):
        text, params = text_test(team_id, one.words)
        parts.append((f"{text} IS NOT TRUE" if one.is_excluded else text, params))
    return " AND ".join(text for text, _ in parts), [param for _, params in parts for param in params]


def text_test(team_id: uuid.UUID, words: str) -> Part:
    """Whether an execution's id starts with the words, or its error contains them."""
    within = f"%{pattern_of(words)}%"
    return _FOUND, [within[1:], within, team_id, LabelKind.ERROR.value, within]


def pattern_of(words: str) -> str:
    """The words as a part of a pattern of `LIKE`."""
    return words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _test(team_id: uuid.UUID, name: str, values: Sequence[str]) -> Part:
    if name in _COLUMNS:
        column, kind = _COLUMNS[name]
        return f"{column} = ANY(%s)", [[label_id(kind, value) for value in values]]
    if name in _STEP_COLUMNS:
        column, kind = _STEP_COLUMNS[name]
        return _VISITED.format(column=column), [team_id, [label_id(kind, value) for value in values]]
    if name == "status":
        return _status_test(values)
    if name == "group":
        return _IN_GROUP, [[found for value in values if (found := _uuid(value))], team_id, team_id]
    if name in _SPECIAL:
        return _SPECIAL[name](team_id, name, values)
    if len(values) == 1:
        return _WORKFLOW, [team_id, values[0], values[0], values[0]]
    return _WORKFLOWS, [team_id, list(values), list(values)]


def _status_test(values: Sequence[str]) -> Part:
    """Statuses, and `unmet` beside them; a succeeded run that is unmet has succeeded all the same."""
    numbers = [_WORDS[value] for value in values if value in _WORDS]
    if UNMET not in values:
        return "status = ANY(%s)", [numbers]
    return (f"({_IS_UNMET} OR status = ANY(%s))", [numbers]) if numbers else (_IS_UNMET, [])


def _facet_test(team_id: uuid.UUID, _: str, values: Sequence[str]) -> Part:
    pairs = [(key, value) for key, is_pair, value in (text.partition("=") for text in values) if is_pair]
    told = [facet_text(key, value) for key, value in pairs]
    return _FACET, [told, team_id, [label_id(LabelKind.FACET, key) for key, _ in pairs], [value for _, value in pairs]]


def _hour_test(_team: uuid.UUID, _: str, values: Sequence[str]) -> Part:
    told = [(zone or "UTC", hour) for hour, _, zone in (text.partition("@") for text in values)]
    known = [(zone, int(hour)) for zone, hour in told if hour.isdecimal() and len(hour) < 3 and zone in _zones()]
    text = " OR ".join([_HOUR] * len(known)) or "false"
    return f"({text})", [part for pair in known for part in pair]


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _above_test(_team: uuid.UUID, name: str, values: Sequence[str]) -> Part:
    """At least the smallest of the limits: each alone would find what reaches it."""
    limits = [limit for text in values if (limit := _number(text)) is not None]
    return (_ABOVE[name], [min(limits)]) if limits else ("false", [])


def _retried_test(_team: uuid.UUID, _: str, values: Sequence[str]) -> Part:
    return (_RETRIED, []) if "yes" in values else (f"NOT {_RETRIED}", []) if "no" in values else ("false", [])


def _usage_test(_team: uuid.UUID, _: str, values: Sequence[str]) -> Part:
    return (_NEEDS_REVIEW, []) if "review" in values else ("false", [])


_SPECIAL = {
    "field": _facet_test,
    "hour": _hour_test,
    "slower": _above_test,
    "costlier": _above_test,
    "retried": _retried_test,
    "usage": _usage_test,
}


def _number(text: str) -> Decimal | None:
    try:
        found = Decimal(text)
    except InvalidOperation:
        return None
    return found if found.is_finite() else None


def _uuid(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
