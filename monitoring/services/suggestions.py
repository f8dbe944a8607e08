"""The suggested cause of an execution or a group: the stored one, else worked out now."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.formats import NEUTRAL, using
from accounts.statements import run_prepared
from monitoring.analysis.cause import suggest, suggestion_words
from monitoring.analysis.signals import DECIDABLE, Cause
from monitoring.reads.cause_facts import course_of
from monitoring.reads.failure_group import Diagnosed, Group, diagnoses_of, facts_of_group
from monitoring.reads.group_courses import Wanted, courses_of_groups, diagnoses_of_groups
from monitoring.reads.group_list import ListedGroup
from monitoring.reads.replay_records import Replay
from monitoring.services.cause import facts_document, find_cause, suggestion_document
from monitoring.services.examination import Examined
from monitoring.services.references import reference_for

_STORED = "SELECT suggestion, facts, computed_at FROM diagnosis WHERE team_id = %s AND id = %s"


@dataclass(frozen=True, slots=True)
class Suggested:
    """A suggestion with its facts, as plain JSON, and when it was worked out."""

    suggestion: dict[str, Any]
    facts: dict[str, Any]
    computed_at: datetime


@using(NEUTRAL)
def suggestion_of(team_id: UUID, replay: Replay, found: Examined, now: datetime) -> Suggested | None:
    """The suggestion about an execution that failed or left the healthy path; None about any other."""
    if not replay.execution.has_failed and not (found.is_compared and found.has_diverged):
        return None
    stored = run_prepared(_STORED, [team_id, replay.execution.id])
    if stored:
        suggestion, facts, computed_at = stored[0]
        return Suggested(_in_own_words(suggestion), facts, computed_at)
    if found.compared and found.compared.reference is None:
        found = replace(found, compared=reference_for(team_id, replay.execution, now))
    caused = find_cause(team_id, replay, found, now)
    return Suggested(suggestion_document(caused.suggestion), facts_document(caused.facts), now)


def _in_own_words(told: dict[str, Any]) -> dict[str, Any]:
    """A kept suggestion, which is English, in the reader's language, but for the facts that it rests on."""
    scores = {cause: told["scores"][cause] for cause in DECIDABLE}
    words = suggestion_words(Cause(told["cause"]), scores, is_known=bool(told["evidence"]))
    evidence = [{**one, "reason": _(one["reason"])} for one in told["evidence"]]
    return {**told, "words": words, "evidence": evidence}


@using(NEUTRAL)
def suggestion_of_group(team_id: UUID, group: Group, now: datetime) -> tuple[Suggested, list[Diagnosed]]:
    """The suggestion about a whole group, with the diagnoses that it rests on."""
    diagnoses = diagnoses_of(team_id, group.id)
    course = course_of(team_id, group.id, group.workflow_id, group.last_seen_at)
    facts = facts_of_group(group, diagnoses, course)
    return Suggested(suggestion_document(suggest(facts)), facts_document(facts), now), diagnoses


@using(NEUTRAL)
def suggestions_of_groups(team_id: UUID, groups: Sequence[ListedGroup]) -> dict[UUID, dict[str, Any]]:
    """The suggestion about each of these groups, just as `suggestion_of_group` makes it. Four queries for all."""
    wanted = [Wanted(one.id, one.ids, one.workflow_id, one.last_seen_at) for one in groups]
    if not wanted:
        return {}
    diagnoses, courses = diagnoses_of_groups(team_id, wanted), courses_of_groups(team_id, wanted)
    found = {}
    for one in groups:
        group = Group(one.id, one.title, one.workflow_id, one.node, one.first_seen_at, one.last_seen_at)
        facts = facts_of_group(group, diagnoses[one.id], courses[one.id])
        found[one.id] = suggestion_document(suggest(facts))
    return found
