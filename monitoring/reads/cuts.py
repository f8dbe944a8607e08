"""What a page of one workflow is about: the part of a team's figures and records that its reads look at."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from monitoring.identity import LabelKind, label_id
from monitoring.reads.rollup_rows import Pending, Segment, segments
from monitoring.windows import Window


@dataclass(frozen=True, slots=True)
class Cut:
    """One workflow in a window and in one environment (None: all); `marked` as in `monitoring.reads.rollup_rows`."""

    team_id: UUID
    workflow_id: UUID
    window: Window
    environment: str | None
    marked: Pending

    @property
    def segments(self) -> list[Segment]:
        """The rollup rows that cover the window."""
        return segments(self.window.aligned(), self.marked)

    def values(self, **more: Any) -> dict[str, Any]:
        """Parameters of a statement: `team`, `workflow`, `environment`, `start`, `end` and others."""
        environment = None if self.environment is None else label_id(LabelKind.ENVIRONMENT, self.environment)
        told = {"team": self.team_id, "workflow": self.workflow_id, "environment": environment}
        return {**told, "start": self.window.start, "end": self.window.end, **more}

    @property
    def in_environment(self) -> str:
        """The condition on `environment_id`, to be joined to others; empty for all environments."""
        return "" if self.environment is None else "AND environment_id = %(environment)s"


def spans(parts: list[Segment], prefix: str = "span") -> tuple[str, dict[str, Any]]:
    """Segments as a condition on rollup rows, with its parameters."""
    texts, values = [], dict[str, Any]()
    for place, part in enumerate(parts):
        start, end = f"{prefix}{place}_start", f"{prefix}{place}_end"
        texts.append(f"(grain = {part.grain:d} AND bucket >= %({start})s AND bucket < %({end})s)")
        values |= {start: part.start, end: part.end}
    return " OR ".join(texts) or "false", values
