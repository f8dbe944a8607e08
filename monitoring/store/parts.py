"""What the write path takes: parts of executions as rows, and what became of them."""

from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from monitoring.store.fields import CLASS_PLACE, DAY_PLACE, EXECUTION, Row

_CLASS, _DAY = EXECUTION.index["retention_class"], EXECUTION.index["anchor_day"]


@dataclass(slots=True)
class Part:
    """One reported part of one execution, in the columns of `monitoring.store.fields`.

    `execution[origin_id]` and `execution[environment_id]` are None where not told: the writer fills them in.
    Class and day in the rows are those of a new execution; a known one keeps its own. `error_texts` are the
    normalised texts by label id, for titles.
    """

    execution: Row
    steps: list[Row] = field(default_factory=list)
    payload: Row | None = None
    logs: list[Row] = field(default_factory=list)
    error_texts: dict[int, str] = field(default_factory=dict)

    @property
    def execution_id(self) -> UUID:
        """The id of the execution."""
        found: UUID = self.execution[0]
        return found

    @property
    def place(self) -> tuple[int, date]:
        """Retention class and anchor day, if the execution is new."""
        return self.execution[_CLASS], self.execution[_DAY]

    @property
    def places(self) -> set[tuple[int, date]]:
        """Where its rows go, if the execution is new: DEBUG lines may be of another class."""
        return {self.place, *((row[CLASS_PLACE], row[DAY_PLACE]) for row in self.logs)}


@dataclass(frozen=True, slots=True)
class Written:
    """Per part, in order: whether it changed any row."""

    changed: list[bool]
