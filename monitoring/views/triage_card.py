"""The triage card of a failure group's page: where it stands, what was merged into it, and its history."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import Team
from monitoring.analysis.triage import TriageStatus
from monitoring.reads.failure_group import Group, Part
from monitoring.reads.group_improvements import OfGroup, improvements_of
from monitoring.reads.triage import UNTOUCHED, history_of, progress_of, triage_of
from monitoring.templatetags.components import Sign
from monitoring.templatetags.triage import SIGNS
from monitoring.views.triage_words import came_back_words, event_words, state_words


@dataclass(frozen=True, slots=True)
class Told:
    """An event of the history in words; `by` is empty for what Steadyrun found."""

    words: str
    at: datetime
    by: str


@dataclass(frozen=True, slots=True)
class TriageCard:
    """The card. `who` and `at` say who set the status (empty: nobody did); `came_back` how a reopened group failed.

    `may_review` and `may_open` say whether these would change anything.
    """

    sign: Sign
    words: str
    who: str
    at: datetime | None
    assignee: str
    came_back: str
    merged: Sequence[Part]
    improvement: OfGroup | None
    history: Sequence[Told]
    action: str
    may_review: bool
    may_open: bool


def triage_card(team: Team, group: Group, now: datetime) -> TriageCard:
    """The card of a group. At most five queries."""
    told = triage_of(team.id, [group.id])
    triaged, history = told.get(group.id, UNTOUCHED), history_of(team.id, group.id)
    fingerprints: list[UUID] = [group.id, *(part.id for part in group.merged)]
    return TriageCard(
        sign=SIGNS[triaged.status],
        words=state_words(group.id, triaged, progress_of(team.id, told, now)),
        who=_("by {name}").format(name=triaged.by or "Steadyrun") if triaged.standing.at else "",
        at=triaged.standing.at,
        assignee=triaged.assignee,
        came_back=came_back_words(history) if triaged.status is TriageStatus.REOPENED else "",
        merged=group.merged,
        improvement=improvements_of(team.id, {group.id: fingerprints}).get(group.id),
        history=[Told(event_words(one), one.at, one.by) for one in history],
        action=reverse("triage_group", args=[team.slug, group.id]),
        may_review=triaged.status in (TriageStatus.OPEN, TriageStatus.REOPENED),
        may_open=triaged.status is not TriageStatus.OPEN,
    )
