"""Names of what rules look at, on pages."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from django.utils.translation import gettext as _

from alerts.analysis.rule_words import named
from alerts.reads.incident_samples import as_uuid, group_names
from alerts.services.rehearsal import Rehearsal
from monitoring.models import Workflow

Names = Mapping[UUID, str]


def names_of(team_id: UUID, found: Sequence[Rehearsal]) -> dict[UUID, str]:
    """The names of the workflows and failure groups of some rehearsals. One query for each."""
    subjects = {track.subject for one in found for track in one.tracks}
    ids = {subject.workflow_id for subject in subjects if subject.workflow_id is not None}
    workflows = dict(Workflow.objects.filter(team_id=team_id, id__in=ids).values_list("id", "name"))
    return workflows | group_names(team_id, {subject.value for subject in subjects})


def subject_words(workflow_id: UUID | None, value: str, scope: str, names: Names) -> str:
    """What a state, an incident or a firing is about; a workflow that vanished since says so."""
    workflow = names.get(workflow_id, _("a workflow that is gone")) if workflow_id else ""
    # A failure group is known by its id, and called by its title.
    group = as_uuid(value) if value and not scope else None
    told = names.get(group, value) if group else named(scope, value) if value else ""
    return ", ".join(text for text in (workflow, told) if text) or _("all together")
