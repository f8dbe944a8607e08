"""Measures divergence with a cohort: healthy executions held out, broken on purpose, and compared with the others."""

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from monitoring.analysis.divergence import FoundDivergence, Verdict, find_divergence
from monitoring.analysis.evidence import Evidence
from monitoring.analysis.learning import build_reference
from monitoring.analysis.reference import Index
from monitoring.analysis.steps import Run
from monitoring.evaluation.breakages import BREAKAGES
from monitoring.evaluation.injecting import Broken, Facts, Scene, gather
from monitoring.evaluation.runs import Record, read_records, to_run

FOLDS = 5
# A workflow with fewer healthy executions to learn from than this is left out of the injections (and named).
MIN_COHORT = 9


@dataclass(slots=True)
class Score:
    """Right answers of so many; `untold` executions could not be broken in this way."""

    tried: int = 0
    first: int = 0
    told_apart: int = 0
    right_cause: int = 0
    untold: int = 0


@dataclass(slots=True)
class Measured:
    """The figures of a source: by kind of breakage, and how many unbroken ones were called divergent."""

    source: str
    healthy: int = 0
    false: int = 0
    unsure: int = 0
    left_out: dict[str, int] = field(default_factory=dict)
    kinds: dict[str, Score] = field(default_factory=lambda: defaultdict(Score))

    def share_first(self) -> float:
        """Of all breakages, the share whose first divergent step was named."""
        return _share(sum(s.first for s in self.kinds.values()), sum(s.tried for s in self.kinds.values()))

    def share_cause(self) -> float:
        """Of the breakages that end in an error, the share where cause and symptom were both named."""
        return _share(sum(s.right_cause for s in self.kinds.values()), sum(s.told_apart for s in self.kinds.values()))

    def share_false(self) -> float:
        """Of the unbroken executions, the share that was called divergent."""
        return _share(self.false, self.healthy)


def is_healthy(record: Record) -> bool:
    """Whether an execution can be learnt from: it succeeded, or its source calls it normal; and it told steps."""
    normal = (record.get("attributes") or {}).get("case") == "normal"
    return bool(record.get("steps")) and (record.get("status") == "success" or normal)


def measure_file(path: Path, seed: int = 0, rounds: int = 3) -> Measured:
    """Measures the healthy executions of a file."""
    return measure([to_run(record) for record in read_records(path) if is_healthy(record)], path.name, seed, rounds)


def measure(runs: Sequence[Run], source: str, seed: int = 0, rounds: int = 3) -> Measured:
    """In each round every healthy execution is held out once, compared unbroken and broken in each way once."""
    chance = random.Random(seed)  # noqa: S311
    found = Measured(source)
    by_workflow: dict[str, list[Run]] = defaultdict(list)
    for run in runs:
        by_workflow[run.workflow].append(run)
    for workflow in sorted(by_workflow):
        group = sorted(by_workflow[workflow], key=lambda run: run.id)
        for held_out, rest in _folds(group, rounds, chance):
            index = Index(build_reference(rest))
            _compare(found, workflow, held_out, index, gather(rest), chance)
    return found


def _folds(runs: list[Run], rounds: int, chance: random.Random) -> Iterator[tuple[list[Run], list[Run]]]:
    for _ in range(rounds):
        chance.shuffle(runs)
        for fold in range(FOLDS):
            yield runs[fold::FOLDS], [run for n, run in enumerate(runs) if n % FOLDS != fold]


def _compare(
    found: Measured, workflow: str, held_out: Sequence[Run], index: Index, facts: Facts, chance: random.Random
) -> None:
    for run in held_out:
        answer = find_divergence(run, index)
        found.healthy += 1
        found.false += answer.verdict is Verdict.DIVERGED
        found.unsure += answer.verdict is Verdict.CANNOT_TELL
        if facts.runs < MIN_COHORT:
            found.left_out[workflow] = found.left_out.get(workflow, 0) + 1
            continue
        for kind, break_it in BREAKAGES.items():
            broken = break_it(Scene(run, facts, chance))
            _score(found.kinds[kind], broken, index)


def _score(score: Score, broken: Broken | None, index: Index) -> None:
    if broken is None:
        score.untold += 1
        return
    answer = find_divergence(broken.run, index)
    score.tried += 1
    score.first += _names(answer, answer.first[0] if answer.first else None, broken.first)
    if broken.symptom is not None:
        score.told_apart += 1
        shows = answer.symptom is not None and _names(answer, answer.symptom, (broken.symptom, ""))
        score.right_cause += shows and _names(answer, answer.cause, broken.cause)


def _names(answer: FoundDivergence, item: Evidence | None, wanted: tuple[int | None, str]) -> bool:
    if item is None:
        return False
    step, node = wanted
    if step is None:
        return item.node == node and item.step is None
    return item.step is not None and answer.placed.steps[item.step].id == step


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
