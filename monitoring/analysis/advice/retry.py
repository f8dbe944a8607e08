"""How often to try again and how long to wait: from what retries did, what the errors are, and how long outages last.

Success after the n-th retry is counted among those that got so far, with a Wilson interval. Whether trying again can
help at all is told by the errors (a schema error comes again, a rate limit passes) and by inputs that always fail. The
wait is doubled from try to try, with jitter, so that all waits together outlast the usual outage: a stretch of failures
of the node without a success between them.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from monitoring import wording
from monitoring.analysis.advice.answer import Advice, AdviceKind, Answer
from monitoring.analysis.arithmetic import Line, Table, Unit, ends
from monitoring.analysis.error_kinds import ErrorKind
from monitoring.analysis.intervals import wilson
from monitoring.analysis.steps import Step
from monitoring.analysis.visits import SUCCEEDED, Tries, Visit, tries_of
from monitoring.analysis.writes import writes_outside

PASSING = frozenset({
    ErrorKind.TIMEOUT, ErrorKind.CONNECTION, ErrorKind.SERVER_ERROR, ErrorKind.RATE_LIMIT, ErrorKind.DATABASE,
    ErrorKind.WORKER_LOST,
})  # fmt: skip
LASTING = frozenset({
    ErrorKind.SCHEMA, ErrorKind.CODE, ErrorKind.CONFIGURATION, ErrorKind.TOOL_ARGUMENTS, ErrorKind.BAD_REQUEST,
    ErrorKind.NOT_FOUND, ErrorKind.RULE, ErrorKind.ASSERTION, ErrorKind.CONTEXT_LENGTH, ErrorKind.CONTENT,
    ErrorKind.AUTH, ErrorKind.QUOTA, ErrorKind.OUT_OF_MEMORY, ErrorKind.DISK_FULL, ErrorKind.LOOP_LIMIT,
})  # fmt: skip
MIN_FAILURES = 10
MIN_TRIES = 5
# One more try is worth it when at least so many of those that need it succeed.
MIN_GAIN = 0.1
MOST_RETRIES = 5
# First waits are round numbers of seconds; all waits together stay under ten minutes.
_WAITS_MS = (1_000, 2_000, 5_000, 10_000, 20_000, 30_000, 60_000)
_MOST_WAIT_MS = 600_000
_SOURCE = (
    "Intervals: E. B. Wilson, JASA 22 (1927). Doubling with jitter: M. Brooker, "
    "\N{LEFT DOUBLE QUOTATION MARK}Exponential "
    "backoff and jitter\N{RIGHT DOUBLE QUOTATION MARK}, AWS Architecture Blog (2015)"
)


@dataclass(frozen=True, slots=True)
class Nth:
    """The n-th retry: how many got so far, how many of these succeeded."""

    number: int
    tries: int
    succeeded: int

    @property
    def is_worth_it(self) -> bool:
        """Whether enough tries were seen and enough of them helped."""
        return self.tries >= MIN_TRIES and self.succeeded / self.tries >= MIN_GAIN


def advise_retry(visits: Sequence[Visit], what: str, same_input: tuple[int, int] = (0, 0)) -> Advice:
    """Advice on retries of one node. `same_input`: how often inputs that were tried again failed and succeeded."""
    failed = [one for one in visits if one.has_failed]
    if len(failed) < MIN_FAILURES:
        sentence = f"{len(failed)} failures of {what} are too few: {MIN_FAILURES} are needed."
        return Advice(AdviceKind.RETRY, Answer.CANNOT_TELL, sentence, source=_SOURCE)
    passing = sum(one.error_kind in PASSING for one in failed)
    lasting = sum(one.error_kind in LASTING for one in failed)
    stories = tries_of(visits)
    steps = by_retry(stories)
    bursts = outages(visits)
    lines = [
        Line("Failed visits", len(failed)),
        Line("With an error that passes", passing, how="timeout, connection, 5xx, rate limit, database, worker lost"),
        Line("With one that comes again", lasting, how="schema, code, arguments, access, not found, refused ..."),
        *([Line("Same input tried again", sum(same_input), how=f"{same_input[0]} failed, {same_input[1]} succeeded")]
          if sum(same_input) else []),
        *_cost_lines(stories),
        *([Line("Usual outage", median(bursts), Unit.MS, f"median of {len(bursts)} stretches of failures")]
          if bursts else []),
    ]  # fmt: skip
    tables = [_table(steps)] if steps else []
    cautions = write_cautions(visits)
    if not _may_help(steps, passing, lasting, len(failed), same_input):
        return _no(lines, tables, what, steps, (passing, lasting, len(failed)), same_input)
    return _yes(lines, tables, cautions, what, steps, bursts, passing / len(failed))


def by_retry(stories: Sequence[Tries]) -> list[Nth]:
    """What the first, second ... retry did, among those that failed before."""
    most = max((story.retries for story in stories), default=0)
    found = []
    for number in range(1, min(most, MOST_RETRIES) + 1):
        reached = [story for story in stories if story.retries >= number and story.visits[number - 1].has_failed]
        succeeded = sum(story.visits[number].status == SUCCEEDED for story in reached)
        found.append(Nth(number, len(reached), succeeded))
    return [one for one in found if one.tries]


def outages(visits: Sequence[Visit]) -> list[float]:
    """How long stretches of two failures or more lasted, in ms: from the first failure to the next success."""
    timed = sorted(
        (one for one in visits if one.is_rated and one.start_ms is not None), key=lambda one: one.start_ms or 0
    )
    lengths, began, count = list[float](), 0.0, 0
    for one in timed:
        at = one.start_ms or 0.0
        if one.has_failed:
            began, count = (at, 1) if not count else (began, count + 1)
        elif count:
            if count > 1:
                lengths.append(at - began)
            count = 0
    return lengths


def back_off(retries: int, outage_ms: float | None) -> tuple[int, int]:
    """The first wait and all waits together, in ms: the shortest first wait that, doubled, outlasts an outage.

    Waits of w, 2 w, 4 w ... add up to w (2^n - 1). Without a known outage, or one that no wait here outlasts, the
    longest first wait whose sum stays under ten minutes, respectively the shortest.
    """
    sums = [(wait, wait * (2**retries - 1)) for wait in _WAITS_MS]
    allowed = [pair for pair in sums if pair[1] <= _MOST_WAIT_MS] or sums[:1]
    if outage_ms is None:
        return allowed[min(1, len(allowed) - 1)]
    return next((pair for pair in allowed if pair[1] >= outage_ms), allowed[-1])


def _may_help(steps: Sequence[Nth], passing: int, lasting: int, failed: int, same_input: tuple[int, int]) -> bool:
    """What retries did decides; without enough of them, the errors do."""
    if steps and steps[0].tries >= MIN_TRIES:
        return steps[0].is_worth_it
    if same_input[0] >= MIN_TRIES and not same_input[1]:
        return False
    return passing > lasting and passing * 2 >= failed


def _no(
    lines: Sequence[Line],
    tables: Sequence[Table],
    what: str,
    steps: Sequence[Nth],
    counts: tuple[int, int, int],
    same_input: tuple[int, int],
) -> Advice:
    passing, lasting, failed = counts
    if steps and steps[0].tries >= MIN_TRIES:
        first = steps[0]
        why = f"{first.succeeded} of {first.tries} first retries succeeded"
    elif same_input[0] >= MIN_TRIES and not same_input[1]:
        why = f"the same input failed {same_input[0]} of {same_input[0]} times"
    elif lasting * 2 >= failed:
        why = f"{lasting} of {failed} failures are errors that come again, whatever the wait"
    else:
        sentence = (
            f"Cannot tell whether a retry of {what} would help: {passing} of {failed} errors are of a kind that passes."
        )
        return Advice(AdviceKind.RETRY, Answer.CANNOT_TELL, sentence, lines, tables, source=_SOURCE)
    sentence = f"Do not retry {what}: {why}. Change what it is given instead."
    answer = Answer.CHANGE if steps else Answer.KEEP
    return Advice(AdviceKind.RETRY, answer, sentence, lines, tables, {"retries": 0}, source=_SOURCE)


def _yes(
    lines: Sequence[Line],
    tables: Sequence[Table],
    cautions: Sequence[str],
    what: str,
    steps: Sequence[Nth],
    bursts: Sequence[float],
    passing: float,
) -> Advice:
    worth = [one.number for one in steps if one.is_worth_it]
    retries = max(worth, default=2)
    first, total = back_off(retries, median(bursts) if bursts else None)
    if worth:
        of = steps[0]
        why = f"{of.succeeded} of {of.tries} first retries succeeded ({_interval(of)})"
    else:
        why = (
            f"{wording.percent(passing, 0)} of failures are of a kind that passes, and hardly any was tried "
            "again so far"
        )
    more = "retry" if retries == 1 else "retries"
    sentence = (
        f"Allow {retries} {more} of {what}, the first after {wording.plain_duration_ms(first)}, each wait "
        "doubled, with "
        f"jitter: {why}. All waits together take {wording.plain_duration_ms(total)}."
    )
    settings = {"retries": retries, "first_wait_ms": first, "factor": 2, "total_wait_ms": total}
    limits = "" if worth else "An estimate from the errors, not from retries. Look again a week after the change."
    return Advice(AdviceKind.RETRY, Answer.CHANGE, sentence, lines, tables, settings, cautions, limits, _SOURCE)


def _interval(one: Nth) -> str:
    found = wilson(one.succeeded, one.tries)
    return f"95% interval {wording.percent(found.low, 0)} to {wording.percent(found.high, 0)}" if found else ""


def _cost_lines(stories: Sequence[Tries]) -> list[Line]:
    again = [one for story in stories for one in story.visits[1:]]
    if not again:
        return []
    pauses = [gap for story in stories for gap in _pauses(story)]
    lines = [
        Line("Retries seen", len(again)),
        Line("Their time", math.fsum(one.duration_ms or 0.0 for one in again), Unit.MS),
    ]
    if any(one.cost_usd is not None for one in again):
        lines.append(Line("Their cost", math.fsum(one.cost_usd or 0.0 for one in again), Unit.USD))
    return [*lines, Line("Usual pause before a retry", median(pauses), Unit.MS)] if pauses else lines


def _pauses(story: Tries) -> list[float]:
    found = []
    for before, after in zip(story.visits, story.visits[1:], strict=False):
        if before.start_ms is not None and before.duration_ms is not None and after.start_ms is not None:
            found.append(max(0.0, after.start_ms - before.start_ms - before.duration_ms))
    return found


def _table(steps: Sequence[Nth]) -> Table:
    columns = [
        ("Retry", Unit.COUNT), ("Tries", Unit.COUNT), ("Succeeded", Unit.COUNT), ("Share", Unit.SHARE),
        ("From", Unit.SHARE), ("To", Unit.SHARE),
    ]  # fmt: skip
    rows = [
        (one.number, one.tries, one.succeeded, one.succeeded / one.tries, *ends(wilson(one.succeeded, one.tries)))
        for one in steps
    ]
    return Table("Success after the n-th retry", columns, rows)


def write_cautions(visits: Sequence[Visit]) -> list[str]:
    """Steps that write outside would do it twice: a warning for the first kind that is seen here."""
    seen = {(one.node, one.kind, one.tool, one.system) for one in visits}
    for node, kind, tool, system in sorted(seen):
        if writes_outside(Step(0, node, "failed", None, kind=kind, tool=tool, system=system)):
            at = f" in {system}" if system else ""
            return [
                f"{node} writes{at}: a retry may do it twice. Send an idempotency key first, or check before writing."
            ]
    return []
