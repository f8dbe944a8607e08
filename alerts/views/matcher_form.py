"""The fields with which routes and silences say which incidents they are about, and those matchers in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.http import QueryDict

from accounts.models import MemberGroup
from alerts.analysis.catalogue import METRICS
from alerts.analysis.matchers import NAMES
from alerts.reads.incidents import rules_of
from alerts.views.incident_words import SEVERITY_SIGNS
from monitoring.models import Workflow
from monitoring.reads.environments import environments_of
from monitoring.reads.improvements import members
from monitoring.reads.workflows import names

LABELS = {
    "workflow": "Workflow",
    "environment": "Environment",
    "severity": "Severity",
    "metric": "Metric",
    "rule": "Rule",
    "owner": "Owner",
    "group": "Owning group",
    "tag": "Tag",
}


@dataclass(frozen=True, slots=True)
class MatcherField:
    """A field of the form: its options (value, label, whether it is chosen)."""

    name: str
    label: str
    options: Sequence[tuple[str, str, bool]]


def options_of(team_id: UUID) -> dict[str, list[tuple[str, str]]]:
    """What each matcher may be, as pairs of value and label. Seven queries."""
    groups = MemberGroup.objects.filter(team_id=team_id).order_by("name", "id")
    tags = sorted(
        {tag for one in Workflow.objects.filter(team_id=team_id).values_list("tags", flat=True) for tag in one}
    )
    return {
        "workflow": names(team_id),
        "environment": [(name, name) for name in environments_of(team_id, None)],
        "severity": [(name, sign.word) for name, sign in SEVERITY_SIGNS.items()],
        "metric": [(name, metric.label) for name, metric in METRICS.items()],
        "rule": rules_of(team_id),
        "owner": [(str(user.id), user.email) for user in members(team_id)],
        "group": [(str(id), name) for id, name in groups.values_list("id", "name")],
        "tag": [(tag, tag) for tag in tags],
    }


def fields_of(
    options: Mapping[str, Sequence[tuple[str, str]]], told: Mapping[str, Sequence[str]]
) -> list[MatcherField]:
    """The fields; a value that is told and does not exist any more is still there."""
    found = []
    for name in NAMES:
        chosen = list(told.get(name, ()))
        known = dict(options.get(name, ()))
        pairs = [*known.items(), *((value, value) for value in chosen if value not in known)]
        if pairs:
            found.append(MatcherField(name, LABELS[name], [(value, label, value in chosen) for value, label in pairs]))
    return found


def told_by(post: QueryDict) -> dict[str, list[str]]:
    """The matchers that a form tells."""
    told = {name: [value.replace("\x00", "") for value in post.getlist(name)[:60] if value] for name in NAMES}
    return {name: values for name, values in told.items() if values}


def matcher_words(matchers: Mapping[str, Sequence[str]], options: Mapping[str, Sequence[tuple[str, str]]]) -> str:
    """Matchers as a phrase: `severity critical or warning, workflow checkout`; `everything` without any."""
    parts = []
    for name in NAMES:
        if values := matchers.get(name):
            labels = dict(options.get(name, ()))
            words = " or ".join(labels.get(value, value) for value in values)
            parts.append(f"{LABELS[name].lower()} {words}")
    return ", ".join(parts) or "everything"
