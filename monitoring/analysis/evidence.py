"""What sets a step apart from healthy executions: kinds of evidence, their values and how sure they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from accounts import formats
from accounts.phrases import gettext_noop


class Kind(StrEnum):
    """Kinds of evidence, the plainest first: of several at one step the first one names the divergence."""

    FAILED = gettext_noop("failed")
    EMPTY = gettext_noop("empty output")
    SHAPE = gettext_noop("output shape changed")
    LOOP = gettext_noop("too many loops")
    UNEXPECTED = gettext_noop("unexpected")
    BRANCH = gettext_noop("wrong branch")
    MISSING = gettext_noop("missing")
    SIZE = gettext_noop("output size changed")
    TOKENS = gettext_noop("tokens outside their usual range")
    DURATION = gettext_noop("duration outside its usual range")


class Confidence(StrEnum):
    """How sure: by how many healthy executions the claim rests on and how many of them did the same."""

    HIGH = gettext_noop("high")
    MEDIUM = gettext_noop("medium")
    LOW = gettext_noop("low")


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing that sets a step apart.

    `step` is the index of the step (None: it is missing), `at` where it stands among all steps. `observed` and `usual`
    are ready to be read ("12", "at most 3"); `same` of `runs` healthy executions showed the same. `limit` is what a
    quantity was held against, in the quantity's unit (ms, bytes, tokens, visits).
    """

    kind: Kind
    node: str
    step: int | None
    at: tuple[float, float]
    place: int
    observed: str
    usual: str
    same: int
    runs: int
    limit: float | None = None

    @property
    def chance(self) -> float:
        """The chance that the next healthy execution shows the same: (same + 1) / (runs + 2).

        P. S. de Laplace's rule of succession ("Essai philosophique sur les probabilités", 1814).
        """
        return (self.same + 1) / (self.runs + 2)

    @property
    def confidence(self) -> Confidence:
        """The chance in a word: high under 2 %, medium under 10 %."""
        if self.chance < 0.02:
            return Confidence.HIGH
        return Confidence.MEDIUM if self.chance < 0.1 else Confidence.LOW

    @property
    def words(self) -> str:
        """The evidence as a sentence."""
        usual = f"; usual: {self.usual}" if self.usual else ""
        base = f" ({self.same} of {self.runs} healthy executions did the same)" if self.runs else ""
        return f"{self.node}: {self.kind.value}: {self.observed}{usual}{base}"


_PRIORITY = {kind: place for place, kind in enumerate(Kind)}


def priority(evidence: Evidence) -> tuple[int, str]:
    """To sort evidence of one step by: the plainest first."""
    return _PRIORITY[evidence.kind], evidence.node


def evidence_at(found: Sequence[Evidence], step: int | None, place: int) -> list[Evidence]:
    """The evidence of one step, or of one missing place."""
    return [item for item in found if item.step == step and (step is not None or item.place == place)]


def duration_words(ms: float) -> str:
    """A duration with its unit: 850 ms, 12.3 s, 4.5 min, 2.1 h."""
    for size, unit in ((3_600_000, "h"), (60_000, "min"), (1_000, "s")):
        if ms >= size:
            return f"{formats.number(f'{ms / size:.1f}')} {unit}"
    return f"{formats.number(f'{ms:.3g}')} ms"
