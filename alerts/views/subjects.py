"""Names of what rules look at, on pages."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from alerts.analysis.rule_words import SCOPE_WORDS
from alerts.services.rehearsal import Rehearsal
from monitoring.models import Workflow

Names = Mapping[UUID, str]


def names_of(team_id: UUID, found: Sequence[Rehearsal]) -> dict[UUID, str]:
    """The names of the workflows of some rehearsals. One query."""
    ids = {id for one in found for track in one.tracks if (id := track.subject.workflow_id) is not None}
    return dict(Workflow.objects.filter(team_id=team_id, id__in=ids).values_list("id", "name"))


def subject_words(workflow_id: UUID | None, value: str, scope: str, names: Names) -> str:
    """What a state, an incident or a firing is about; a workflow that vanished since says so."""
    workflow = names.get(workflow_id, "a workflow that is gone") if workflow_id else ""
    told = f"{SCOPE_WORDS.get(scope, '')} {value}".strip() if value else ""
    return ", ".join(text for text in (workflow, told) if text) or "all together"
