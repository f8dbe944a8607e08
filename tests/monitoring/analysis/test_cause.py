"""Suggested causes: what speaks for and against, undecided when it is, agreement with members."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.analysis.agreement import agreement
from monitoring.analysis.cause import ENOUGH, MARGIN, Facts, Pattern, suggest, time_pattern
from monitoring.analysis.coincidence import Coincidence, Event, EventKind
from monitoring.analysis.ranges import Place, Side
from monitoring.analysis.signals import DECIDABLE, Cause, Divergence

ABOVE = Place(Side.ABOVE, 9000, 800, 1200, "9.0 s, above the usual 800 ms to 1.2 s")
BELOW = Place(Side.BELOW, 10, 800, 1200, "10 ms, below the usual 800 ms to 1.2 s")
EVENT = Event(EventKind.RELEASE, "43", datetime(2026, 11, 19, tzinfo=UTC))
RELEASE = Coincidence(EventKind.RELEASE, (EVENT,), 1, timedelta(minutes=4), 0.01)


@pytest.mark.parametrize(
    ("facts", "cause"),
    [
        (Facts("KeyError", "'id'"), Cause.DESIGN),
        (Facts(status_code=503), Cause.EXTERNAL),
        (Facts(None, "Read timed out"), Cause.LATENCY),
        (Facts(), Cause.UNDECIDED),
        (Facts(None, "something odd"), Cause.UNDECIDED),
        (Facts(status_code=401), Cause.UNDECIDED),
        # A timeout at a system that times out for others, too, is theirs.
        (Facts(None, "Read timed out", calls="crm", others_calling=3, others_failing=2), Cause.EXTERNAL),
        # One that works for others, and began with a release of ours, is not.
        (Facts(status_code=503, calls="crm", others_calling=4, coincidences=[RELEASE]), Cause.DESIGN),
        # An open incident says more than that others succeed, and less than a plain error in code.
        (Facts(calls="crm", open_incidents=["CRM is away"]), Cause.EXTERNAL),
        (Facts(calls="crm", open_incidents=["CRM is away"], others_calling=3), Cause.EXTERNAL),
        (Facts("KeyError", "'id'", calls="crm", open_incidents=["CRM is away"]), Cause.DESIGN),
        (Facts(status_code=429, retries_succeeded=3), Cause.EXTERNAL),
        (Facts(is_failure=False, duration=ABOVE), Cause.LATENCY),
        (Facts(is_failure=False), Cause.UNDECIDED),
        (Facts(same_input_failed=4), Cause.DESIGN),
        (Facts(same_input_failed=2), Cause.UNDECIDED),
        (Facts(divergence=Divergence.WRONG_BRANCH), Cause.DESIGN),
        (Facts(divergence=Divergence.FAILED), Cause.UNDECIDED),
        (Facts(None, "java.lang.OutOfMemoryError", memory_share=0.99), Cause.DESIGN),
        (Facts(None, "something odd", waiting=ABOVE, duration=ABOVE), Cause.LATENCY),
        (Facts(None, "🤷", waiting=BELOW), Cause.UNDECIDED),
    ],
)
def test_cause(facts: Facts, cause: Cause) -> None:
    found = suggest(facts)
    assert found.cause is cause
    assert found.words.lower().startswith(str(cause))


def test_evidence_for_and_against_with_facts_and_reasons() -> None:
    found = suggest(Facts(status_code=503, calls="crm", others_calling=3, others_failing=2, same_input_failed=5))
    told = [one.words for one in found.speaking_for(Cause.EXTERNAL)]
    assert told == [
        "2 of 3 other workflows failed at crm around that time",
        "The error tells of: server error (it says: 503)",
    ]
    (against,) = found.speaking_against(Cause.EXTERNAL)
    assert against.words == "The same input failed 5 of 5 times"
    assert against.reason == "what depends on the input alone lies in how the process handles it"
    assert found.scores[Cause.EXTERNAL] == pytest.approx(2.5 + 2.0 - 1.0)


def test_undecided_says_why() -> None:
    assert suggest(Facts()).words == "Undecided: nothing that would speak for a cause is known"
    both = Facts(status_code=500, calls="crm", others_failing=1, same_input_failed=4, coincidences=[RELEASE])
    close = suggest(replace(both, retries_failed=2))
    assert close.cause is Cause.UNDECIDED
    assert close.words == (
        "Undecided: process design and external dependency are too close "
        "(process design +2.5, external dependency +2.0, latency −2.0; a lead of 1 is needed)"
    )


def test_slow_and_failed_at_once_differ() -> None:
    slow, quick = (suggest(Facts(None, "Read timed out", duration=place)) for place in (ABOVE, BELOW))
    assert slow.scores[Cause.LATENCY] > quick.scores[Cause.LATENCY]
    assert (slow.cause, quick.cause) == (Cause.LATENCY, Cause.UNDECIDED)


def series(rates: list[float], seed: int, runs: int = 20) -> list[tuple[int, int]]:
    rng = random.Random(seed)
    return [(sum(rng.random() < rate for _ in range(runs)), runs) for rate in rates]


def test_failures_in_time() -> None:
    constant = [time_pattern(series([0.2] * 40, seed)) for seed in range(20)]
    assert constant.count(Pattern.CONSTANT) >= 17
    assert Pattern.BURSTS not in constant
    bursts = [
        time_pattern(series([0.9 if place % 9 == 0 else 0.02 for place in range(60)], seed)) for seed in range(20)
    ]
    assert bursts.count(Pattern.BURSTS) >= 19
    # From its beginning on, what fails evenly is constant.
    began = time_pattern([(0, 20)] * 30 + series([0.3] * 30, 2))
    assert began is Pattern.CONSTANT
    for few in ([], [(1, 5)], [(0, 0)] * 9, [(2, 10)] * 2):
        assert time_pattern(few) is Pattern.UNCLEAR
    assert time_pattern([(3, 3)] * 6) is Pattern.CONSTANT


def test_time_speaks_in_the_suggestion() -> None:
    found = suggest(Facts(status_code=500, by_bucket=[(18, 20) if place % 9 == 0 else (0, 20) for place in range(60)]))
    assert "126 failures in 1,200 runs, in bursts" in [one.words for one in found.speaking_for(Cause.EXTERNAL)]


any_facts = st.builds(
    Facts,
    error_type=st.none() | st.sampled_from(["KeyError", "TimeoutError", "Ошибка"]),
    error_message=st.none() | st.text(max_size=40),
    status_code=st.none() | st.integers(0, 999),
    is_failure=st.booleans(),
    calls=st.none() | st.just("") | st.just("crm"),
    same_input_failed=st.integers(0, 5),
    same_input_succeeded=st.integers(0, 5),
    others_calling=st.integers(0, 5),
    others_failing=st.integers(0, 5),
    coincidences=st.lists(st.just(RELEASE), max_size=2),
    retries_failed=st.integers(0, 5),
    retries_succeeded=st.integers(0, 5),
    duration=st.none() | st.sampled_from([ABOVE, BELOW]),
    waiting=st.none() | st.sampled_from([ABOVE, BELOW]),
    memory_share=st.none() | st.floats(0, 1),
    divergence=st.none() | st.sampled_from(list(Divergence)),
    open_incidents=st.lists(st.just("CRM is away"), max_size=2),
)


@given(any_facts)
def test_the_arithmetic_adds_up_and_never_changes(facts: Facts) -> None:
    found = suggest(facts)
    assert found == suggest(replace(facts))
    for cause in DECIDABLE:
        both = (*found.speaking_for(cause), *found.speaking_against(cause))
        assert found.scores[cause] == pytest.approx(sum(one.weight for one in both))
    ordered = sorted(found.scores.values(), reverse=True)
    assert (found.cause is not Cause.UNDECIDED) == (ordered[0] >= ENOUGH and ordered[0] - ordered[1] >= MARGIN)


def test_agreement_with_members() -> None:
    decisions = [(Cause.DESIGN, Cause.DESIGN)] * 8 + [(Cause.DESIGN, Cause.EXTERNAL)] * 2
    decisions += [(Cause.UNDECIDED, Cause.LATENCY)] * 3
    overall, design, external, _latency, undecided = agreement(decisions)
    assert (overall.decided, overall.agreed) == (10, 8)
    assert overall.share is not None
    # The Wilson interval of 8 of 10.
    assert (overall.share.low, overall.share.high) == (pytest.approx(0.490, abs=0.001), pytest.approx(0.943, abs=0.001))
    assert design.chosen == ((Cause.DESIGN, 8), (Cause.EXTERNAL, 2))
    assert (external.decided, external.share) == (0, None)
    assert (undecided.decided, undecided.share, undecided.chosen) == (3, None, ((Cause.LATENCY, 3),))
    assert agreement([])[0].share is None
