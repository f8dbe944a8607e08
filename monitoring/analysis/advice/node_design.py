"""Which input a node does not handle: the shape (input type, input field or tag with its value) that always fails
there.

Of each value that runs tell, the share that fails at the node, with a Wilson interval; values are compared by Fisher's
exact test, corrected for all values together (`analysis.concentration.measure`). "Always" is meant as counted: n of n,
and a share whose interval lies above one half. What succeeded instead are the other values of the same attribute.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from monitoring import wording
from monitoring.analysis.advice.answer import Advice, AdviceKind, Answer
from monitoring.analysis.arithmetic import Line, Table, Unit, ends
from monitoring.analysis.concentration import SIGNIFICANCE, Candidate, measure
from monitoring.analysis.intervals import wilson

MIN_FAILED = 5
MIN_RATE = 0.5
SHOWN = 10
_SOURCE = "E. B. Wilson, JASA 22 (1927); R. A. Fisher, Statistical Methods for Research Workers (1934); S. Holm (1979)"

Pair = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Shaped:
    """A run that succeeded, or failed at the node: the values that its input has."""

    values: frozenset[Pair]
    has_failed: bool


@dataclass(frozen=True, slots=True)
class Rule:
    """`failed` of `runs` with this value failed at the node; `p_value` corrected; `instead` succeeded most."""

    pair: Pair
    failed: int
    runs: int
    p_value: float
    instead: Sequence[tuple[str, int, int]]

    @property
    def is_always(self) -> bool:
        """Whether each of them failed."""
        return self.failed == self.runs


def advise_node_design(runs: Iterable[Shaped], node: str) -> Advice:
    """Advice on the input that a node does not handle."""
    told = list(runs)
    failed = sum(one.has_failed for one in told)
    if failed < MIN_FAILED:
        return _answer(Answer.CANNOT_TELL, f"{failed} failures at {node} are too few: {MIN_FAILED} are needed.")
    if not any(one.values for one in told):
        return _answer(
            Answer.CANNOT_TELL, "Runs tell neither an input type nor input fields, so there is nothing to compare."
        )
    rules = find_rules(told)
    lines = [
        Line("Runs that succeeded or failed there", len(told)),
        Line("Failed there", failed, how=wording.percent(failed / len(told))),
    ]
    if not rules:
        sentence = f"No input shape fails at {node} in most of its runs: the input alone does not decide."
        return _answer(Answer.KEEP, sentence, lines)
    first, name = rules[0], name_of(rules[0].pair)
    always = "all" if first.is_always else "most"
    instead = "".join(
        f" {value or '(empty)'} succeeded in {good} of {runs}." for value, good, runs in first.instead[:1]
    )
    sentence = (
        f"Handle {name} at {node}: {always} of its runs fail there, {first.failed} of {first.runs} ({_between(first)})."
        f"{instead}"
    )
    return Advice(
        AdviceKind.NODE_DESIGN,
        Answer.CHANGE,
        sentence,
        lines,
        [_table(rules), *_instead(first)],
        {"attribute": first.pair[0], "value": first.pair[1]},
        limits="A value that failing inputs share need not be what breaks the node: replay one of them.",
        source=_SOURCE,
    )


def find_rules(runs: Sequence[Shaped]) -> list[Rule]:
    """The values whose runs mostly fail, surely more than the others; always failing ones first, then most failures."""
    total, bad = Counter[Pair](), Counter[Pair]()
    for one in runs:
        total.update(one.values)
        if one.has_failed:
            bad.update(one.values)
    failed = bad_total = sum(one.has_failed for one in runs)
    pairs = sorted(pair for pair in bad if bad[pair] >= MIN_FAILED)
    candidates = [Candidate(pair[0], pair[1], bad[pair], failed, total[pair], len(runs)) for pair in pairs]
    found = []
    for pair, measured in zip(pairs, measure(candidates, looked_at=len(total)), strict=True):
        rate, p_value = wilson(bad[pair], total[pair]), measured.p_value
        has_more = bad[pair] * len(runs) > bad_total * total[pair]
        if rate and rate.low >= MIN_RATE and has_more and p_value is not None and p_value < SIGNIFICANCE:
            found.append(Rule(pair, bad[pair], total[pair], p_value, _others(pair, total, bad)))
    return sorted(found, key=lambda rule: (not rule.is_always, -rule.failed, rule.pair))


def _others(pair: Pair, total: Counter[Pair], bad: Counter[Pair]) -> list[tuple[str, int, int]]:
    """The other values of the attribute as (value, succeeded, runs), most successes first."""
    same = [(value, runs - bad[name, value], runs) for (name, value), runs in total.items() if name == pair[0]]
    return sorted((one for one in same if one[0] != pair[1]), key=lambda one: (-one[1], one[0]))[:SHOWN]


def name_of(pair: Pair) -> str:
    """`input type pdf`, `input field country FR`, `tag channel web`."""
    attribute, value = pair
    start, _, name = attribute.partition(".")
    kind = {"input": f"input field {name}" if name else "input type", "tag": f"tag {name}"}.get(start, attribute)
    return f"{kind} {value or '(empty)'}"


def _between(rule: Rule) -> str:
    low, high = ends(wilson(rule.failed, rule.runs))
    return f"95% interval {wording.percent(low, 0)} to {wording.percent(high, 0)}"


def _table(rules: Sequence[Rule]) -> Table:
    columns = [
        ("Input", Unit.TEXT), ("Runs", Unit.COUNT), ("Failed there", Unit.COUNT), ("Share", Unit.SHARE),
        ("From", Unit.SHARE), ("To", Unit.SHARE), ("Chance alone", Unit.SHARE),
    ]  # fmt: skip
    rows = [
        (
            name_of(one.pair),
            one.runs,
            one.failed,
            one.failed / one.runs,
            *ends(wilson(one.failed, one.runs)),
            one.p_value,
        )
        for one in rules[:SHOWN]
    ]
    return Table("Inputs that fail there", columns, rows)


def _instead(rule: Rule) -> list[Table]:
    if not rule.instead:
        return []
    columns = [("Value", Unit.TEXT), ("Runs", Unit.COUNT), ("Succeeded", Unit.COUNT), ("Share", Unit.SHARE)]
    rows = [(value or "(empty)", runs, good, good / runs) for value, good, runs in rule.instead]
    return [Table("What succeeded instead", columns, rows)]


def _answer(answer: Answer, sentence: str, lines: Sequence[Line] = ()) -> Advice:
    return Advice(AdviceKind.NODE_DESIGN, answer, sentence, lines, source=_SOURCE)
