"""What steps cost does not depend on the order, the grouping and the repetition of parts; nor do totals."""

from datetime import timedelta

import pytest
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Team
from accounts.tenancy import team_context
from billing.store.rater import forget_prices
from ingestion.records import ExecutionReport, StepReport, Tokens
from monitoring.models import Execution, Step
from tests.billing.prices import price
from tests.factories import NOW, send
from tests.monitoring.store.test_merging import EXECUTION_FIELDS, SLOW, STEP_FIELDS, assert_equal, stored_by

counts = st.integers(0, 20)
# Two days, so that the price of the day differs.
moments = st.sampled_from([NOW, NOW - timedelta(hours=11), NOW - timedelta(hours=13), NOW - timedelta(days=3)])
tokens = st.builds(
    Tokens, input=st.none() | counts, output=st.none() | counts, reasoning=st.none() | counts, input_audio=counts
)
step_fields = {
    **{name: STEP_FIELDS[name] for name in ("node", "model", "cost_usd")},
    "parent_id": st.sampled_from(["s1", "s2", "s3", "s4"]),
    "tokens": tokens,
    "calls": st.integers(1, 3),
    "tier": st.sampled_from(["", "batch"]),
    "started_at": moments,
    "ended_at": moments,
}
execution_fields = {
    **{name: EXECUTION_FIELDS[name] for name in ("status", "tokens", "cost_usd", "duration_ms")},
    # Not its start: the first one that comes decides where its records are.
    "finished_at": moments,
}
steps = st.fixed_dictionaries({"id": st.sampled_from(["s1", "s2", "s3", "s4"])}, optional=step_fields)
parts = st.builds(
    lambda told, revision, found, is_computed_first: ExecutionReport(
        id="run",
        **told,
        revision=revision,
        steps=[StepReport(**one) for one in found],
        is_computed_first=is_computed_first,
    ),
    st.fixed_dictionaries({}, optional=execution_fields),
    st.sampled_from([0, 0, 0, 1]),
    st.lists(steps, max_size=3),
    st.sampled_from([False, False, True]),
)


def make_prices(team: Team) -> None:
    """One model changes its price at midnight and has a price for batches, one is dearer for long input."""
    price(team, "a", "", input=3, output=15, ends_on=NOW.date())
    price(team, "a", "", input=2, output=10, call="0.01", starts_on=NOW.date())
    price(team, "a", "", input=1, output=5, tier="batch")
    price(team, "b", "", input=1, context_up_to=10)
    price(team, "b", "", input=2, output=4, context_over=10)


@pytest.mark.django_db
@SLOW
@given(data=st.data(), told=st.lists(parts, min_size=1, max_size=5))
def test_costs_do_not_depend_on_the_order_of_parts(
    team: Team, data: st.DataObject, told: list[ExecutionReport]
) -> None:
    with transaction.atomic():
        make_prices(team)
        expected = stored_by(team, [told])
        shuffled = data.draw(st.permutations([*told, *told[:2]]))
        cut = data.draw(st.integers(0, len(shuffled)))
        assert_equal(stored_by(team, [[part] for part in shuffled]), expected)
        assert_equal(stored_by(team, [shuffled[:cut], shuffled[cut:]]), expected)
        transaction.set_rollback(True)
    forget_prices()


@pytest.mark.django_db
@SLOW
@given(told=st.lists(parts, min_size=1, max_size=5))
def test_the_total_is_the_sum_of_what_counts(team: Team, told: list[ExecutionReport]) -> None:
    """Each step that is not told again counts once, in tokens and money."""
    with transaction.atomic():
        make_prices(team)
        for part in told:
            send(team, part)
        with team_context(team.id):
            execution = Execution.objects.get()
            rows = list(Step.objects.filter(is_covered=False))
        costs = [row.cost_usd for row in rows if row.cost_usd is not None]
        outputs = [row.output_tokens for row in rows if row.output_tokens is not None]
        if costs:
            assert execution.cost_usd == sum(costs)
        if outputs:
            assert execution.output_tokens == sum(outputs)
        transaction.set_rollback(True)
    forget_prices()
