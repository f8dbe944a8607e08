"""What measuring gives: one reading for a subject of a rule. The currency of readers, evaluation and rehearsal."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Subject:
    """What a rule looks at: a workflow, a value of its scope, both, or (neither) the whole team."""

    workflow_id: UUID | None = None
    value: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """What one window, or one look at the state of things, gave for one subject.

    `at` is the end of the window, or the time of the look. `value` is in the metric's unit; None means that nothing can
    be said (no runs, or nobody told). `samples` are the runs (visits) behind it. `low` and `high` are the usual range,
    where one was asked for. `since` is when it began, where that is known better than by `at` (the start of the
    execution that is stuck, the time at which a run was due). `words` say how bad it is where figures alone do not;
    they hold nothing of any payload. `execution_ids` are samples, latest first.
    """

    subject: Subject
    at: datetime
    value: float | None
    samples: int = 0
    low: float | None = None
    high: float | None = None
    since: datetime | None = None
    words: str = ""
    execution_ids: tuple[UUID, ...] = field(default=())
