"""The shape of a piece of advice: an answer in one sentence, the settings it means, and the arithmetic behind it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from monitoring.analysis.arithmetic import Line, Table, Value, rounded


class AdviceKind(StrEnum):
    """What the advice is about; the value is how it is called."""

    TIMEOUT = "timeout"
    SECOND_TRY = "timeout and second try"
    RETRY = "retry and back-off"
    NODE_DESIGN = "node design"
    TOOL = "tool invocation"
    MODEL = "model choice"
    TRIGGER = "webhook and schedule"


class Answer(StrEnum):
    """What to do."""

    CHANGE = "change"
    KEEP = "leave as it is"
    CANNOT_TELL = "cannot tell"


@dataclass(frozen=True, slots=True)
class Advice:
    """A piece of advice. `settings` are what a program would set (`timeout_ms`, `retries` ...); `cautions` what to look
    at before; `limits` what the figures cannot say, `source` where the method is published.
    """

    kind: AdviceKind
    answer: Answer
    sentence: str
    lines: Sequence[Line] = ()
    tables: Sequence[Table] = ()
    settings: Mapping[str, Value] = field(default_factory=dict)
    cautions: Sequence[str] = ()
    limits: str = ""
    source: str = ""

    def as_document(self) -> dict[str, Any]:
        """As plain JSON."""
        return {
            "kind": self.kind.value,
            "answer": self.answer.value,
            "sentence": self.sentence,
            "lines": [line.as_document() for line in self.lines],
            "tables": [table.as_document() for table in self.tables],
            "settings": {name: rounded(value) for name, value in self.settings.items()},
            "cautions": list(self.cautions),
            "limits": self.limits,
            "published": self.source,
        }
