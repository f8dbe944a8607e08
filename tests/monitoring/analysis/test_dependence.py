"""Is it us or them: one workflow alone, several at once, or not to be told."""

from math import comb
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.analysis.coincidence import chance_of_at_least
from monitoring.analysis.dependence import Caller, Decision, Side, decide


def caller(name: str, *bad: tuple[int, int, int], before: tuple[int, int] = (5, 1000), calls: int = 20) -> Caller:
    """A workflow with 12 buckets without a failure, but for `bad`: (bucket, failures, calls)."""
    buckets = [(0, calls)] * 12
    for bucket, failures, of in bad:
        buckets[bucket] = (failures, of)
    return Caller(name, buckets, before)


def names(decision: Decision) -> tuple[list[str], list[str]]:
    return [one.name for one in decision.failing], [one.name for one in decision.others]


def test_failing_in_two_workflows_at_once_is_them() -> None:
    found = decide([caller("a", (4, 18, 20)), caller("b", (4, 9, 10)), caller("c")])
    assert (found.side, found.buckets) == (Side.THEM, (4,))
    assert names(found) == (["a", "b"], ["c"])
    assert (found.failing[0].failures, found.failing[0].calls) == (18, 20)
    assert found.failing[0].usual == pytest.approx(5.5 / 1221)
    assert found.chance < 1e-9


def test_failing_in_one_workflow_while_others_call_it_in_vain_of_failures_is_us() -> None:
    found = decide([caller("a", (4, 18, 20)), caller("b"), caller("c")])
    assert (found.side, found.buckets) == (Side.US, (4,))
    assert names(found) == (["a"], ["b", "c"])


def test_failing_in_several_workflows_but_at_other_times_is_not_them() -> None:
    found = decide([caller("a", (2, 18, 20)), caller("b", (9, 12, 20)), caller("c")])
    assert (found.side, found.buckets) == (Side.US, (2,))
    assert names(found) == (["a"], ["b", "c"])


def test_the_only_caller_cannot_tell() -> None:
    found = decide([caller("a", (4, 18, 20))])
    assert found.side is Side.UNCLEAR
    assert names(found) == (["a"], [])


def test_others_that_called_too_rarely_cannot_tell() -> None:
    found = decide([caller("a", (4, 18, 20)), caller("b", (4, 0, 1))])
    assert found.side is Side.UNCLEAR
    assert names(found) == (["a"], ["b"])


def test_many_workflows_with_few_calls_each_speak_together() -> None:
    found = decide([caller(name, (4, 1, 1), before=(1, 200), calls=2) for name in "abcde"])
    assert (found.side, found.buckets) == (Side.THEM, (4,))
    assert len(found.failing) == 5


def test_a_rise_that_no_bucket_shows_alone_shows_in_all_of_them() -> None:
    slow = [(1, 20)] * 12
    found = decide([Caller("a", slow, (10, 2000)), Caller("b", slow, (10, 2000))])
    assert found.side is Side.THEM
    assert found.buckets == tuple(range(12))


def test_an_outage_longer_than_half_of_the_window_is_found_by_what_was_before() -> None:
    long = [(0, 20)] * 3 + [(16, 20)] * 9
    found = decide([Caller("a", long, (2, 900)), Caller("b", long, (2, 900))])
    assert (found.side, found.buckets) == (Side.THEM, tuple(range(3, 12)))


def test_what_always_failed_so_often_stands_not_out() -> None:
    assert decide([Caller("a", [(6, 20)] * 12, (300, 1000)), caller("b")]).side is Side.USUAL


@pytest.mark.parametrize("callers", [[], [Caller("a", [], (0, 0))], [Caller("a", [(3, 3)], (0, 4))]])
def test_without_history_nobody_knows(callers: list[Caller]) -> None:
    assert decide(callers).side is Side.UNKNOWN


def test_a_new_workflow_is_measured_by_the_usual_share_of_the_others() -> None:
    new = Caller("new", [(0, 0)] * 4 + [(6, 6)] + [(0, 0)] * 7)
    found = decide([new, caller("b"), caller("c")])
    assert (found.side, names(found)[0]) == (Side.US, ["new"])


def test_few_failures_are_never_unusual() -> None:
    assert decide([caller("a", (4, 2, 2), before=(0, 100_000))]).side is Side.USUAL


def test_chance_alone_is_rarely_unusual() -> None:
    random = Random(7)
    sides = []
    for _ in range(300):
        made = [
            Caller(
                name,
                [(sum(random.random() < rate for _ in range(15)), 15) for _ in range(28)],
                (round(1500 * rate), 1500),
            )
            for name, rate in (("a", 0.01), ("b", 0.05), ("c", 0.2))
        ]
        sides.append(decide(made).side)
    assert sides.count(Side.USUAL) >= 298


# A caller is five numbers: failures and calls of four buckets, and of the time before.
CALLERS = st.lists(st.lists(st.integers(0, 9 * 30), min_size=5, max_size=5), max_size=4).map(
    lambda told: [
        Caller(
            str(n),
            [(min(number % 9, number // 9), number // 9) for number in numbers[:4]],
            (numbers[4] % 40, numbers[4] + 40),
        )
        for n, numbers in enumerate(told)
    ]
)


@given(CALLERS, st.integers(0, 3))
def test_the_order_of_workflows_does_not_matter(callers: list[Caller], turn: int) -> None:
    expected = decide(callers)
    assert decide(callers[::-1]) == decide([*callers[turn:], *callers[:turn]]) == expected


@given(CALLERS)
def test_the_evidence_adds_up_to_what_was_seen(callers: list[Caller]) -> None:
    found = decide(callers)
    assert found.side.is_unusual == bool(found.failing) == bool(found.buckets)
    seen = [*found.failing, *found.others]
    if found.side is Side.THEM:
        assert sum(one.calls for one in seen) == sum(c.by_bucket[b][1] for c in callers for b in found.buckets)
        assert sum(one.failures for one in seen) == sum(c.by_bucket[b][0] for c in callers for b in found.buckets)


@given(st.integers(0, 60), st.integers(0, 60), st.floats(0.001, 0.999))
def test_the_tail_is_that_of_the_binomial_distribution(least: int, trials: int, share: float) -> None:
    exact = sum(comb(trials, n) * share**n * (1 - share) ** (trials - n) for n in range(least, trials + 1))
    assert chance_of_at_least(least, trials, share) == pytest.approx(exact, rel=1e-9, abs=1e-300)
