"""What a page of one workflow is about: the part of a team's figures and records that its reads look at."""

from collections.abc import Sequence
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


def select_spans(
    parts: Sequence[Segment], columns: str, condition: str, prefix: str = "span"
) -> tuple[str, dict[str, Any]]:
    """A SELECT of columns of the rollup rows of these segments that meet a condition, with the times' parameters.

    One SELECT for each segment. With OR between them PostgreSQL looks for each of them among the rows of every grain,
    which takes four times as long.
    """
    texts, values = [], dict[str, Any]()
    for place, part in enumerate(parts):
        start, end = f"{prefix}{place}_start", f"{prefix}{place}_end"
        texts.append(
            f"SELECT {columns} FROM rollup WHERE {condition} AND grain = {part.grain:d}"
            f" AND bucket >= %({start})s AND bucket < %({end})s"
        )
        values |= {start: part.start, end: part.end}
    return " UNION ALL ".join(texts) or f"SELECT {columns} FROM rollup WHERE false", values
