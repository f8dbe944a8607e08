"""The decision behind a verdict, and how far failures reach."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.analysis.coincidence import Coincidence, Event, EventKind
from monitoring.analysis.objectives import Recent, burn
from monitoring.analysis.ranges import Place, Side
from monitoring.analysis.rhythm import freshness
from monitoring.analysis.verdict import (
    SEVERITY,
    Figures,
    Kind,
    Objective,
    Part,
    RaisedStep,
    Scope,
    Subject,
    Surroundings,
    decide,
    find_reach,
    unrelated,
)

NOW = datetime(2026, 11, 20, tzinfo=UTC)
GOOD = Figures(rated=1000, succeeded=990)
GOAL = Objective(0.95)
ABOVE, INSIDE, BELOW = (Place(side, 1, 0, 1, "") for side in (Side.ABOVE, Side.INSIDE, Side.BELOW))


def kind(**around: object) -> Kind:
    return decide(GOOD, success_rate=GOAL, surroundings=Surroundings(**around)).kind  # type: ignore[arg-type]


def test_inside_objective_and_usual_range_is_stable() -> None:
    assert kind() is Kind.STABLE
    assert kind(usual_error_rate=INSIDE, usual_p95=INSIDE) is Kind.STABLE
    assert kind(usual_error_rate=BELOW, usual_p95=BELOW) is Kind.STABLE


def test_inside_the_objective_but_worse_than_usual_is_watch() -> None:
    assert kind(usual_error_rate=ABOVE) is Kind.WATCH
    assert kind(usual_p95=ABOVE) is Kind.WATCH


def test_too_fast_a_burn_is_watch() -> None:
    assert kind(burn=burn(0.99, [Recent(1, 200, 60)])) is Kind.WATCH
    assert kind(burn=burn(0.99, [Recent(1, 200, 1)])) is Kind.STABLE


def test_a_missed_freshness_objective_is_not_stable_and_a_long_gap_is_watch() -> None:
    late = freshness(NOW - timedelta(days=2), NOW, objective=timedelta(days=1))
    assert kind(freshness=late) is Kind.NOT_STABLE
    hourly = [NOW - timedelta(hours=hour) for hour in range(40, 60)]
    assert kind(freshness=freshness(hourly[0], NOW, objective=None, successes=hourly)) is Kind.WATCH
    assert kind(freshness=freshness(None, NOW, objective=None)) is Kind.STABLE


def test_a_proposed_objective_decides_and_is_named_as_such() -> None:
    found = decide(Figures(1000, 800), success_rate=Objective(0.95, is_proposed=True))
    assert found.kind is Kind.NOT_STABLE
    assert found.decisive is not None
    assert found.decisive.objective == Objective(0.95, is_proposed=True)


def test_without_an_objective_nothing_is_stable_but_something_may_be_wrong() -> None:
    assert decide(GOOD).kind is Kind.NO_OBJECTIVE
    assert decide(GOOD, surroundings=Surroundings(usual_p95=INSIDE)).kind is Kind.NO_OBJECTIVE
    assert decide(GOOD, surroundings=Surroundings(usual_p95=ABOVE)).kind is Kind.WATCH
    fresh = freshness(NOW, NOW, objective=timedelta(days=1))
    assert decide(GOOD, surroundings=Surroundings(freshness=fresh)).kind is Kind.STABLE


def test_under_fifty_runs_there_is_no_verdict_but_the_facts_stay() -> None:
    around = Surroundings(freshness=freshness(NOW, NOW, objective=None), failures=3)
    found = decide(Figures(49, 10), success_rate=GOAL, surroundings=around)
    assert (found.kind, found.judgements) == (Kind.NOT_ENOUGH_DATA, ())
    assert found.surroundings is around
    assert found.success is not None
    assert found.reach is not None
    assert decide(Figures(0, 0)).kind is Kind.NOT_ENOUGH_DATA
    assert decide(Figures(0, 0, is_failures_only=True)).kind is Kind.FAILURES_ONLY


def test_the_worst_speaks_first() -> None:
    found = decide(
        Figures(1000, 990, timed=1000, within_p95=800),
        success_rate=GOAL,
        p95_ms=Objective(2000),
        surroundings=Surroundings(usual_error_rate=ABOVE),
    )
    assert [one.subject for one in found.judgements] == [Subject.P95, Subject.USUAL_ERROR_RATE, Subject.SUCCESS_RATE]


def part(value: str, share: float, lift: float | None = 6.0, sure: bool = True) -> Part:
    return Part("step", value, round(share * 100), share, lift, sure)


def workflows(chance: float) -> Coincidence:
    events = tuple(Event(EventKind.WORKFLOW, name, NOW) for name in ("Billing", "Orders"))
    return Coincidence(EventKind.WORKFLOW, events, 2, timedelta(0), chance)


@pytest.mark.parametrize(
    ("around", "scope"),
    [
        ({}, Scope.OCCASIONAL),
        ({"parts": [part("pay", 0.5, 2.0)]}, Scope.LOCAL),
        ({"parts": [part("pay", 0.9, None)]}, Scope.LOCAL),
        ({"parts": [part("pay", 0.49)]}, Scope.OCCASIONAL),
        ({"parts": [part("pay", 0.9, 1.9)]}, Scope.OCCASIONAL),
        ({"parts": [part("pay", 0.9, sure=False)]}, Scope.OCCASIONAL),
        ({"raised_steps": [RaisedStep("a"), RaisedStep("b")]}, Scope.SYSTEMIC),
        ({"raised_steps": [RaisedStep("a", frozenset({"x"})), RaisedStep("b", frozenset({"x"}))]}, Scope.OCCASIONAL),
        ({"coincidences": [workflows(0.001)], "parts": [part("pay", 0.9)]}, Scope.SYSTEMIC),
        ({"coincidences": [workflows(0.3)]}, Scope.OCCASIONAL),
    ],
)
def test_scope(around: dict[str, object], scope: Scope) -> None:
    reach = find_reach(Surroundings(failures=100, **around))  # type: ignore[arg-type]
    assert reach is not None
    assert reach.scope is scope


def test_few_failures_have_no_known_scope_and_none_have_none() -> None:
    assert find_reach(Surroundings()) is None
    few = find_reach(Surroundings(failures=3, parts=[part("pay", 1.0)]))
    assert few is not None
    assert (few.scope, few.is_known) == (Scope.OCCASIONAL, False)


def test_steps_that_share_a_call_through_others_are_one() -> None:
    steps = [
        RaisedStep("a", frozenset({"x"})),
        RaisedStep("b", frozenset({"y"})),
        RaisedStep("c", frozenset({"x", "y"})),
        RaisedStep("ö"),
    ]
    assert unrelated(steps) == ("a", "ö")


@given(st.integers(50, 5000), st.integers(0, 5000), st.floats(0.01, 1), st.permutations([ABOVE, INSIDE]))
def test_more_trouble_never_gives_a_better_verdict(rated: int, failed: int, goal: float, places: list[Place]) -> None:
    succeeded = max(0, rated - failed)
    plain = decide(Figures(rated, succeeded), success_rate=Objective(goal))
    more = decide(
        Figures(rated, max(0, succeeded - 1)),
        success_rate=Objective(goal),
        surroundings=Surroundings(usual_error_rate=places[0], usual_p95=places[1]),
    )
    assert SEVERITY[more.kind] <= SEVERITY[plain.kind]
