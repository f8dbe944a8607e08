"""Findings about failures: where they are concentrated, where runs leave the healthy path, and for what cause.

No finding comes from noise: a concentration is a part of the explaining set (corrected p-value under 5 %, at least five
failures that share it, ten failures in all); first divergence and cause need ten diagnosed failures, and a share whose
95 % interval lies above a fifth of all of them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from accounts import formats
from monitoring import wording
from monitoring.analysis.arithmetic import Line, Unit
from monitoring.analysis.concentration import MIN_FAILURES
from monitoring.analysis.explanation import Combination, Part
from monitoring.analysis.findings import Candidate, Kind, Span, excess_share
from monitoring.analysis.intervals import wilson

# Of values that nearly the same runs have, the finding is named by the first of these: what a developer can change.
NAMED_FIRST = ("step", "tool", "model", "system", "provider", "input", "release", "trigger", "environment", "hour")
MIN_SHARE = 0.2
MIN_DAYS = 3


@dataclass(frozen=True, slots=True)
class Money:
    """What runs cost on average, in US dollars; None where nobody told."""

    failed_usd: float | None = None

    def of_failures(self, count: float) -> float | None:
        """What so many failed runs cost."""
        return None if self.failed_usd is None else count * self.failed_usd


@dataclass(frozen=True, slots=True)
class Concentrated:
    """A part of the explaining set with the figures of its row, and the same runs under other values.

    `failures` runs have it, of `told` that tell its attributes: `share` of them, where `usual` is its share of all
    runs. `points` are those in equal parts of the window.
    """

    part: Part
    failures: float
    told: float
    share: float
    usual: float | None
    lift: float | None
    low: float | None
    high: float | None
    p_value: float | None
    points: Sequence[int]
    same_runs: Sequence[Combination] = ()


@dataclass(frozen=True, slots=True)
class Diagnosed:
    """Diagnoses that say the same: `count` of all, `points` over time."""

    node: str
    what: str
    symptom: str
    count: int
    points: Sequence[int] = ()


def concentrated(
    found: Sequence[Concentrated], failures: int, span: Span, money: Money, names: Mapping[str, str]
) -> list[Candidate]:
    """A candidate for each part of the explaining set. `failures` are those of the window, `names` titles of
    attributes.

    Worth: `excess_share` of the failures of a week that tell its attributes: those that the part has beyond what it
    would have as the others.
    """
    if failures < MIN_FAILURES:
        return []
    told = [one for one in found if not span.is_over(one.points) and not is_one_episode(one, span)]
    return [_concentrated(one, failures, span, money, names) for one in told]


def is_one_episode(one: Concentrated, span: Span) -> bool:
    """Whether an hour of the day only looks like one: on fewer than three days it is a thing that happened once."""
    if all(attribute != "hour" for attribute, _ in one.part.combination):
        return False
    days = (span.end - span.start) / timedelta(days=1)
    return len({int(place * days / span.parts) for place, count in enumerate(one.points) if count}) < MIN_DAYS


def _concentrated(one: Concentrated, failures: int, span: Span, money: Money, names: Mapping[str, str]) -> Candidate:
    chosen = name_of(one)
    usual, words = one.usual or 0.0, words_of(chosen, names)
    affected = span.per_week(min(one.failures, failures))
    saved = min(affected, span.per_week(one.told) * excess_share(one.share, usual))
    since, began = span.since(one.points)
    return Candidate(
        kind=Kind.CONCENTRATION,
        subject={"of": "failed", "values": sorted(map(list, chosen))},
        title=f"Failures are concentrated in {words}",
        lines=[
            Line("Failures", failures, how="failed and timed-out runs of the window"),
            Line("Of them in it", min(one.failures, failures), how=f"have {words}"),
            Line("Share", one.share, Unit.SHARE, f"of the {wording.count(one.told)} failures that tell it"),
            Line("Share of all runs in it", usual, Unit.SHARE, "its share, were it like the others"),
            Line("Lift", one.lift, Unit.TIMES, _lift_words(one)),
            Line("Chance alone", one.p_value, Unit.SHARE, "Fisher's exact test, corrected for all that was compared"),
            Line("Failures a week in it", affected, Unit.PER_WEEK),
            Line(
                "Would be saved a week", saved, Unit.PER_WEEK,
                "failures a week that tell it × (share − share of all runs) / (1 − share of all runs): "
                "had it failed as often as the others",
            ),
        ],
        executions_per_week=affected,
        worth=saved,
        cost_per_week_usd=money.of_failures(affected),
        since=since,
        began=began,
        points=one.points,
        where=dict(chosen),
    )  # fmt: skip


def _lift_words(one: Concentrated) -> str:
    if one.lift is None:
        return "no other run has it"
    interval = (
        f", 95% interval {formats.number(f'{one.low:,.1f}')} to {formats.number(f'{one.high:,.1f}')}"
        if one.low is not None
        else ""
    )
    return f"share in it / share of all runs{interval}"


def name_of(one: Concentrated) -> Combination:
    """The combination that names a finding: of equals the one that can be changed, so that it stays the same one."""
    same = [other for other in one.same_runs if len(other) == len(one.part.combination)]
    return min([one.part.combination, *same], key=lambda pairs: ([_place(name) for name, _ in pairs], pairs))


def _place(attribute: str) -> int:
    return NAMED_FIRST.index(attribute) if attribute in NAMED_FIRST else len(NAMED_FIRST)


def words_of(combination: Combination, names: Mapping[str, str]) -> str:
    """`step score and release 42`."""
    told = [f"{_lowered(names.get(name, name))} {value or '(empty)'}" for name, value in combination]
    return " and ".join(told)


def _lowered(name: str) -> str:
    return name[:1].lower() + name[1:]


def diverged(found: Sequence[Diagnosed], diagnosed: int, failures: int, span: Span, money: Money) -> list[Candidate]:
    """A candidate for each place where runs leave the healthy path before the error shows.

    Only where that is another step than the one whose error shows: else the concentration says it. Worth: their share
    of diagnosed failures × failures a week.
    """
    return [
        _diagnosed(Kind.DIVERGENCE, one, diagnosed, failures, span, money)
        for one in found
        if one.node and one.node != one.symptom and _is_certain(one.count, diagnosed) and not span.is_over(one.points)
    ]


def caused(found: Sequence[Diagnosed], diagnosed: int, failures: int, span: Span, money: Money) -> list[Candidate]:
    """A candidate for each suggested cause at a step. Worth: its share of diagnosed failures × failures a week."""
    return [
        _diagnosed(Kind.CAUSE, one, diagnosed, failures, span, money)
        for one in found
        if one.what != "undecided" and _is_certain(one.count, diagnosed) and not span.is_over(one.points)
    ]


def _is_certain(count: int, diagnosed: int) -> bool:
    interval = wilson(count, diagnosed)
    return count >= MIN_FAILURES and interval is not None and interval.low >= MIN_SHARE


def _diagnosed(kind: Kind, one: Diagnosed, diagnosed: int, failures: int, span: Span, money: Money) -> Candidate:
    share = one.count / diagnosed
    affected = span.per_week(failures) * share
    interval = wilson(one.count, diagnosed)
    since, began = span.since(one.points)
    between = f"95% interval {wording.percent(interval.low)} to {wording.percent(interval.high)}" if interval else ""
    lines = [
        Line("Diagnosed failures", diagnosed, how="failed runs of the window that were compared with healthy ones"),
        Line("Of them like this", one.count),
        Line("Share", share, Unit.SHARE, between),
        Line("Failures a week like this", affected, Unit.PER_WEEK, "failures a week × share"),
    ]
    where = {"step": one.symptom} if one.symptom else {}
    if kind is Kind.DIVERGENCE:
        shows = f"; the error shows at {one.symptom}" if one.symptom else ""
        title = f"Runs leave the healthy path at {one.node}: {one.what}{shows}"
        subject = {"node": one.node, "what": one.what, "symptom": one.symptom}
    else:
        at = f"at {one.symptom}" if one.symptom else "of failures that no step shows"
        title = f"{one.what.capitalize()} is the suggested cause {at}"
        subject = {"cause": one.what, "step": one.symptom}
    return Candidate(
        kind, subject, title[:300], lines, affected, affected, money.of_failures(affected), since, began,
        one.points, where=where,
    )  # fmt: skip


def told_once(candidates: Sequence[Candidate], causes: Sequence[Candidate]) -> list[Candidate]:
    """Concentrations with the causes at their step added to their evidence, and the causes at other steps.

    Two findings about the failures of one step would be one thing to fix, told twice.
    """
    steps = {one.where["step"] for one in candidates if "step" in one.where}
    left = [cause for cause in causes if cause.where.get("step") not in steps]
    return [*(_with_causes(one, causes) for one in candidates), *left]


def _with_causes(one: Candidate, causes: Sequence[Candidate]) -> Candidate:
    at_step = [cause for cause in causes if "step" in one.where and cause.where.get("step") == one.where["step"]]
    lines = [
        Line("Suggested cause", str(cause.subject["cause"]), Unit.TEXT, "of failures diagnosed at this step")
        for cause in at_step
    ]
    return replace(one, lines=[*one.lines, *lines])
