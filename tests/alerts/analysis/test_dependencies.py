"""What failing workflows have in common."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from alerts.analysis.dependencies import Calls, Cause, candidates, failure_rates, shared

A, B, C = (UUID(int=number) for number in range(3))
PAYMENTS, OPENAI = Cause("system", "api.payments.example"), Cause("provider", "openai")
MINI, BIG = Cause("model", "mini"), Cause("model", "big")


def test_half_of_the_failures_make_a_candidate() -> None:
    calls = [Calls(A, PAYMENTS, 20, 5), Calls(A, OPENAI, 20, 4), Calls(B, PAYMENTS, 9, 9)]
    assert candidates({A: 10}, calls) == {A: {PAYMENTS}}


def test_what_two_workflows_share_groups_them() -> None:
    calls = [Calls(A, PAYMENTS, 5, 5), Calls(B, PAYMENTS, 5, 5), Calls(C, OPENAI, 5, 5)]
    told = candidates({A: 5, B: 5, C: 5}, calls)
    assert shared(told, failure_rates(calls)) == {A: PAYMENTS, B: PAYMENTS}
    assert shared(told, failure_rates(calls), [OPENAI]) == {A: PAYMENTS, B: PAYMENTS, C: OPENAI}


def test_the_one_whose_calls_fail_most_often_is_named() -> None:
    # One model of the provider fails, the other one does not.
    calls = [
        *(Calls(one, OPENAI, 20, 10) for one in (A, B)),
        *(Calls(one, BIG, 10, 10) for one in (A, B)),
        *(Calls(one, MINI, 10, 0) for one in (A, B)),
    ]
    assert set(shared(candidates({A: 10, B: 10}, calls), failure_rates(calls)).values()) == {BIG}


def test_of_two_that_are_alike_the_external_system_is_named() -> None:
    calls = [Calls(one, cause, 5, 5) for one in (A, B) for cause in (BIG, OPENAI, PAYMENTS)]
    assert set(shared(candidates({A: 5, B: 5}, calls), failure_rates(calls)).values()) == {PAYMENTS}


causes = st.builds(Cause, st.sampled_from(["system", "model", "tool"]), st.sampled_from("xy"))
rows = st.lists(
    st.builds(Calls, st.sampled_from([A, B, C]), causes, st.integers(1, 9), st.integers(0, 9)),
    max_size=12,
    unique_by=lambda one: (one.workflow_id, one.cause),
)


@given(rows, st.randoms())
def test_the_order_of_rows_means_nothing(calls, random) -> None:
    turned = list(calls)
    random.shuffle(turned)
    runs = {A: 5, B: 5, C: 5}
    found = shared(candidates(runs, calls), failure_rates(calls))
    assert found == shared(candidates(runs, turned), failure_rates(turned))
    assert all(list(found.values()).count(cause) >= 2 for cause in found.values())
