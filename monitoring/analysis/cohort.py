"""Which executions a healthy reference is built from, widened step by step when there are too few."""

from collections.abc import Mapping
from dataclasses import dataclass

from monitoring.analysis.reference import MIN_SUPPORT

# With this many executions a level is taken and not widened.
ENOUGH = 30
# At most so many (the newest) are worth fetching: more change no limit.
AT_MOST = 200

# From narrow to wide: what must be the same as in the execution that is compared.
LEVELS: tuple[tuple[str, ...], ...] = (
    ("workflow", "release", "trigger", "input type"),
    ("workflow", "release", "trigger"),
    ("workflow", "release"),
    ("workflow",),
)


@dataclass(frozen=True, slots=True)
class Cohort:
    """The choice: `same` names what they share with the execution, `runs` how many there are, `words` says both."""

    same: tuple[str, ...]
    runs: int
    words: str


def choose_cohort(counts: Mapping[tuple[str, ...], int]) -> Cohort:
    """The narrowest level with `ENOUGH` succeeded executions, else the one with most, the narrower of equal ones.

    `counts` are executions by level of `LEVELS`; a level that is not told counts as none.
    """
    level = next((level for level in LEVELS if counts.get(level, 0) >= ENOUGH), None)
    if level is None:
        level = max(LEVELS, key=lambda one: counts.get(one, 0))
    runs = min(counts.get(level, 0), AT_MOST)
    if runs == 0:
        return Cohort(level, 0, "no succeeded execution of this workflow yet")
    words = f"{runs} succeeded {'execution' if runs == 1 else 'executions'} of the same {_list(level)}"
    narrower = LEVELS[: LEVELS.index(level)]
    if narrower:
        words += f" (widened: only {counts.get(narrower[-1], 0)} of the same {_list(narrower[-1])})"
    if runs < MIN_SUPPORT:
        words += f"; fewer than {MIN_SUPPORT} are too few to compare with"
    return Cohort(level, runs, words)


def _list(names: tuple[str, ...]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
