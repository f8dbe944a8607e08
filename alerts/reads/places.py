"""Where rules look: workflows and environments; and how what was found there becomes the subjects of a rule.

For readers that look at how things are now. They read what all rules want at once, by place.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar
from uuid import UUID

from alerts.analysis.readings import Subject
from alerts.models import AlertRule
from monitoring.identity import LabelKind, label_id

T = TypeVar("T")
# A workflow, and the label of an environment.
Place = tuple[UUID, int]
# What comes later than this after its own time is history that somebody sends, and nothing that happens now.
HISTORY_AFTER = timedelta(days=1)
# SQL, over columns of `execution`: neither imported nor sent as history.
IS_LIVE = f"""(NOT is_imported AND received_at <= counted_at
    + interval '{HISTORY_AFTER.total_seconds():.0f} seconds')"""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which places to read: of these workflows and environments; None: of all of the team."""

    workflow_ids: list[UUID] | None
    environment_ids: list[int] | None


def wanted_by(rules: Sequence[AlertRule]) -> Wanted:
    """All places that one of the rules looks at, and perhaps some more."""
    workflows = {rule.workflow_id for rule in rules}
    environments = {rule.environment for rule in rules}
    return Wanted(
        None if None in workflows else sorted(workflow for workflow in workflows if workflow is not None),
        None if "" in environments else sorted(map(_environment_id, environments)),
    )


def _environment_id(name: str) -> int:
    return label_id(LabelKind.ENVIRONMENT, name)


def subjects_of(rule: AlertRule, found: Mapping[Place, T]) -> dict[Subject, list[T]]:
    """What was found at the rule's places, by subject: its workflow, each workflow, or all of them together."""
    environment = _environment_id(rule.environment) if rule.environment else None
    together = rule.workflow_id is None and not rule.is_per_workflow
    by_subject: dict[Subject, list[T]] = {}
    for (workflow_id, environment_id), one in found.items():
        if rule.workflow_id in (None, workflow_id) and environment in (None, environment_id):
            by_subject.setdefault(Subject(None if together else workflow_id), []).append(one)
    return by_subject


def places_of(rule: AlertRule, workflow_id: UUID, found: Mapping[Place, T]) -> list[T]:
    """What was found of one workflow in the rule's environments."""
    environment = _environment_id(rule.environment) if rule.environment else None
    return [one for (whose, where), one in found.items() if whose == workflow_id and environment in (None, where)]


def rules_of(rules: Iterable[AlertRule], *metrics: str) -> list[AlertRule]:
    """Those of the rules that are about these metrics."""
    return [rule for rule in rules if rule.metric in metrics]
