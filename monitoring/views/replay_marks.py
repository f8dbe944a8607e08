"""What the comparison marks in a replay: the flagged step, affected steps, nodes that are missing, evidence by step."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext_noop

from monitoring.analysis.divergence import Missing
from monitoring.analysis.evidence import Evidence
from monitoring.services.examination import Examined
from monitoring.views.replay_scene import Scene

# Marked for translation; who shows them translates.
FIRST_FAILED, FIRST_DIVERGENCE = gettext_noop("First failed step"), gettext_noop("First divergence")
MAX_MISSING = 8


@dataclass(frozen=True, slots=True)
class Marks:
    """Steps are indices into the replay. `flag` is the first divergent step, else the first failed one, else None."""

    flag: int | None
    flag_words: str = FIRST_FAILED
    affected: frozenset[int] = frozenset()
    missing: Sequence[Missing] = ()
    by_step: Mapping[int, Sequence[Evidence]] = field(default_factory=dict)

    def status_of(self, scene: Scene, index: int) -> str:
        """The word that a step is shown with: its own status, unless the comparison says more."""
        visit = scene.visits[index]
        if index == self.flag and self.flag_words == FIRST_DIVERGENCE:
            return "diverged"
        return "affected" if index in self.affected and not visit.failing else visit.status


def marks_of(scene: Scene, found: Examined) -> Marks:
    """What to mark; without a comparison only the first failed step."""
    by_step: dict[int, list[Evidence]] = {}
    for item in found.divergence.evidence:
        if item.step is not None:
            by_step.setdefault(item.step, []).append(item)
    if not (found.is_compared and found.first):
        return Marks(scene.first, by_step=by_step)
    first = found.first
    ids = set(found.impact.affected) if found.impact else set()
    affected = {index for index, visit in enumerate(scene.visits) if visit.id in ids}
    return Marks(
        flag=first.step,
        flag_words=FIRST_DIVERGENCE,
        affected=frozenset(affected - {first.step}),
        missing=found.missing[:MAX_MISSING],
        by_step=by_step,
    )
