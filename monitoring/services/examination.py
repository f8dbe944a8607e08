"""What is found out about one execution: its first divergence from the healthy reference, and the impact of that."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from monitoring.analysis.divergence import Divergence, Verdict, find_divergence
from monitoring.analysis.evidence import Evidence
from monitoring.analysis.impact import Impact, Relative, measure_impact
from monitoring.analysis.reference import MIN_SUPPORT
from monitoring.analysis.steps import Run
from monitoring.reads.replay import related
from monitoring.reads.replay_records import ExecutionRecord, Related, Replay
from monitoring.services.references import Compared, reference_for


@dataclass(frozen=True, slots=True)
class Examined:
    """The findings. `related` are the execution's attempts, parent and children; `compared` is None without any."""

    run: Run
    compared: Compared | None
    divergence: Divergence
    impact: Impact | None
    related: Sequence[Related]

    @property
    def is_compared(self) -> bool:
        """Whether there were enough healthy executions to compare with."""
        return self.compared is not None and self.compared.reference.runs >= MIN_SUPPORT

    @property
    def first(self) -> Evidence | None:
        """The plainest evidence of the first divergent step."""
        return self.divergence.first[0] if self.has_diverged else None

    @property
    def has_diverged(self) -> bool:
        """Whether a first divergence was found."""
        return self.divergence.verdict is Verdict.DIVERGED and bool(self.divergence.first)


def examine(team_id: UUID, replay: Replay, run: Run, now: datetime, *, is_patient: bool = False) -> Examined:
    """Compares an execution with its reference. The number of queries does not depend on its steps."""
    execution = replay.execution
    compared = reference_for(team_id, execution, now, is_patient=is_patient)
    found = find_divergence(run, compared.reference if compared else None)
    belonging = related(team_id, execution)
    relatives = [
        Relative(str(one.id), role_of(execution, one), one.status.word) for one in belonging if one.id != execution.id
    ]
    return Examined(run, compared, found, measure_impact(run, found, relatives), belonging)


def role_of(execution: ExecutionRecord, other: Related) -> str:
    """How another execution belongs to this one: `parent`, `retry` (another attempt) or `child`."""
    if other.id == execution.parent_execution_id:
        return "parent"
    return "retry" if other.origin_id == execution.origin_id else "child"
