"""Which class of retention an execution is of: its team's policy, held by each process for some seconds.

A change of the policy holds for executions that are first heard of afterwards, in all processes within `HELD_SECONDS`.
"""

import time
from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from accounts.models.retention_policy import DEBUG_ENVIRONMENTS, RetentionPolicy
from accounts.tenancy import team_context
from monitoring.models.execution import RetentionClass

HELD_SECONDS = 15.0
MAX_HELD = 10_000
DEBUG_LEVELS = frozenset({"debug", "trace"})


@dataclass(frozen=True, slots=True)
class Classes:
    """The environments (in lower case) and workflows of a team whose executions are debug."""

    environments: Collection[str] = frozenset(DEBUG_ENVIRONMENTS)
    workflows: Collection[UUID] = frozenset()

    def of(self, environment: str, workflow_id: UUID | None = None) -> RetentionClass:
        """The class of an execution; an empty environment is production."""
        is_debug = environment.lower() in self.environments or workflow_id in self.workflows
        return RetentionClass.DEBUG if is_debug else RetentionClass.PRODUCTION


DEFAULT = Classes()
_held: dict[UUID, tuple[float, Classes]] = {}


def forget_classes() -> None:
    """Empties what this process holds: after a policy was saved here, and for tests."""
    _held.clear()


def classes_of(team_id: UUID) -> Classes:
    """What a team's policy says; asks the database once in `HELD_SECONDS`."""
    now = time.monotonic()
    known = _held.get(team_id)
    if known is not None and now - known[0] < HELD_SECONDS:
        return known[1]
    with team_context(team_id):
        marks = RetentionPolicy.objects.filter(team_id=team_id).values_list("debug_environments", "debug_workflows")
        row = marks.first()
    found = Classes(frozenset(name.lower() for name in row[0]), frozenset(row[1])) if row else DEFAULT
    if len(_held) >= MAX_HELD:
        _held.clear()
    _held[team_id] = now, found
    return found


def class_of_line(execution_class: int, level: str | None, *, is_imported: bool) -> int:
    """The class of a log line: DEBUG lines of production are kept as long as debug executions."""
    if execution_class == RetentionClass.PRODUCTION and not is_imported and level and level.lower() in DEBUG_LEVELS:
        return int(RetentionClass.DEBUG)
    return execution_class
