"""Whether tools are called wrongly: errors of arguments and schemas by tool and by the model that called it.

An invocation error is one of the kinds below (`analysis.error_kinds`): the call was understood and refused for what it
asked. The rest (timeouts, connections, 5xx) is the tool's own. Shares are of finished calls, with Wilson intervals; the
trend compares the first with the second half of the time by Fisher's exact test.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from monitoring import wording
from monitoring.analysis.advice.answer import Advice, AdviceKind, Answer
from monitoring.analysis.arithmetic import Line, Table, Unit, ends
from monitoring.analysis.concentration import SIGNIFICANCE, fisher_exact
from monitoring.analysis.error_kinds import ErrorKind
from monitoring.analysis.intervals import wilson
from monitoring.analysis.visits import Visit

INVOCATION = frozenset({
    ErrorKind.TOOL_ARGUMENTS, ErrorKind.SCHEMA, ErrorKind.BAD_REQUEST, ErrorKind.NOT_FOUND, ErrorKind.RULE,
    ErrorKind.CODE,
})  # fmt: skip
MIN_ERRORS = 5
# A tool whose calls are wrong less often than this (lower end of the interval) is called well enough.
MIN_SHARE = 0.02
SHOWN = 10
EXAMPLE_LENGTH = 160
_SOURCE = "E. B. Wilson, JASA 22 (1927); R. A. Fisher, Statistical Methods for Research Workers (1934), section 21.02"


@dataclass(frozen=True, slots=True)
class Called:
    """Calls of one tool by one model: how many finished, failed, and were wrong; kinds and examples of what
    was wrong."""

    tool: str
    model: str
    calls: int
    failed: int
    wrong: int
    kinds: Sequence[tuple[str, int]]
    examples: Sequence[tuple[str, int]]


def advise_tools(visits: Sequence[Visit], callers: Mapping[int, str]) -> Advice:
    """Advice on how tools are called. `callers`: the model of each run that used just one."""
    rows = called(visits, callers)
    calls, wrong = sum(row.calls for row in rows), sum(row.wrong for row in rows)
    if not calls:
        return Advice(AdviceKind.TOOL, Answer.CANNOT_TELL, "No step names a tool.", source=_SOURCE)
    lines = [
        Line("Finished calls", calls),
        Line("Refused for what they asked", wrong, how="arguments, schema, not found, refused, a rule, code"),
        *_trend(visits),
    ]
    bad = [
        row
        for row in rows
        if row.wrong >= MIN_ERRORS and (share := wilson(row.wrong, row.calls)) and share.low >= MIN_SHARE
    ]
    if not bad:
        sentence = (
            f"Tools are called as they want to be: {wrong} of {wording.count(calls)} calls were refused for "
            "what they asked."
        )
        return Advice(AdviceKind.TOOL, Answer.KEEP, sentence, lines, [_table(rows)], source=_SOURCE)
    first = bad[0]
    share = wilson(first.wrong, first.calls)
    by = f" by {first.model}" if first.model else ""
    kind = first.kinds[0][0] if first.kinds else ""
    between = f"95% interval {wording.percent(share.low, 0)} to {wording.percent(share.high, 0)}" if share else ""
    sentence = (
        f"Tighten how {first.tool} is called{by}: {first.wrong} of {first.calls} calls ({between}) are refused, "
        f"mostly: {kind}. Put the rule into the tool's schema or description, or check arguments before the call."
    )
    tables = [_table(rows), *_examples(first)]
    return Advice(
        AdviceKind.TOOL,
        Answer.CHANGE,
        sentence,
        lines,
        tables,
        {"tool": first.tool, "model": first.model},
        limits="Error texts are sorted by patterns; a text that nothing matches counts as the tool's own failure.",
        source=_SOURCE,
    )


def called(visits: Sequence[Visit], callers: Mapping[int, str]) -> list[Called]:
    """Calls by tool and model, most wrong calls first."""
    found: defaultdict[tuple[str, str], list[Visit]] = defaultdict(list)
    for visit in visits:
        if visit.tool and visit.is_rated:
            found[visit.tool, visit.model or callers.get(visit.run, "")].append(visit)
    rows = [_row(tool, model, calls) for (tool, model), calls in found.items()]
    return sorted(rows, key=lambda row: (-row.wrong, -row.failed, -row.calls, row.tool, row.model))


def _row(tool: str, model: str, calls: Sequence[Visit]) -> Called:
    failed = [one for one in calls if one.has_failed]
    wrong = [one for one in failed if one.error_kind in INVOCATION]
    kinds = Counter(one.error_kind.value for one in wrong)
    examples = Counter(one.error[:EXAMPLE_LENGTH] for one in wrong)
    return Called(tool, model, len(calls), len(failed), len(wrong), _most(kinds), _most(examples)[:SHOWN])


def _most(counts: Counter[str]) -> list[tuple[str, int]]:
    return sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))


def _trend(visits: Sequence[Visit]) -> list[Line]:
    """Whether wrong calls became more or fewer from the first to the second half of the calls."""
    timed = sorted(
        (one for one in visits if one.tool and one.is_rated and one.start_ms is not None), key=lambda v: v.start_ms or 0
    )
    half = len(timed) // 2
    if half < MIN_ERRORS:
        return []
    early, late = (
        sum(one.has_failed and one.error_kind in INVOCATION for one in part) for part in (timed[:half], timed[half:])
    )
    p_value = fisher_exact(early, half - early, late, len(timed) - half - late)
    said = "no certain change"
    if p_value < SIGNIFICANCE:
        said = "it became more" if late * half > early * (len(timed) - half) else "it became less"
    how = (
        f"{early} of the first {half} calls, {late} of the last {len(timed) - half}; chance alone "
        f"{wording.percent(p_value)}"
    )
    return [Line("Trend", said, Unit.TEXT, how)]


def _table(rows: Sequence[Called]) -> Table:
    columns = [
        ("Tool", Unit.TEXT), ("Called by", Unit.TEXT), ("Calls", Unit.COUNT), ("Failed", Unit.COUNT),
        ("Refused", Unit.COUNT), ("Share", Unit.SHARE), ("From", Unit.SHARE), ("To", Unit.SHARE), ("Mostly", Unit.TEXT),
    ]  # fmt: skip
    cells = [
        (
            row.tool, row.model or "not told", row.calls, row.failed, row.wrong, row.wrong / row.calls,
            *ends(wilson(row.wrong, row.calls)), row.kinds[0][0] if row.kinds else "",
        )
        for row in rows[:SHOWN]
    ]  # fmt: skip
    return Table("Calls by tool", columns, cells)


def _examples(row: Called) -> list[Table]:
    columns = [("Error", Unit.TEXT), ("Calls", Unit.COUNT)]
    return [Table(f"What {row.tool} said", columns, row.examples)] if row.examples else []


def callers_of(visits: Sequence[Visit]) -> dict[int, str]:
    """The model of each run that used just one."""
    found: defaultdict[int, set[str]] = defaultdict(set)
    for visit in visits:
        if visit.model:
            found[visit.run].add(visit.model)
    return {run: next(iter(models)) for run, models in found.items() if len(models) == 1}
