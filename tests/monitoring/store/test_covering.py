"""Usage that is told twice counts once, and what does not add up is marked for review."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Team
from accounts.tenancy import team_context
from ingestion.records import StepReport, Tokens
from monitoring.models import Execution, Step
from monitoring.store.covering import cover
from monitoring.store.fields import STEP, Row
from monitoring.store.totals import STEPS_ARE_NESTED, STEPS_NEED_REVIEW
from tests.factories import report, send, step


def row(number: int, parent: int | None = None, tokens: int | None = None, told: str | None = None) -> Row:
    """A step row with input tokens and a told cost."""
    made: dict[str, Any] = {"id": number, "parent_id": parent, "input_tokens": tokens, "is_covered": False}
    made["told_cost_usd"] = Decimal(told) if told else None
    return [made.get(name) for name in STEP.names]


def covered(*rows: Row) -> tuple[list[int], bool]:
    """The steps that are told again, and whether something does not fit."""
    steps = {one[STEP.index["id"]]: one for one in rows}
    is_doubtful = cover(steps)
    return [number for number, one in steps.items() if one[STEP.index["is_covered"]]], is_doubtful


@pytest.mark.parametrize(
    ("rows", "expected", "is_doubtful"),
    [
        ([row(1, None, 100), row(2, 1, 60), row(3, 1, 40)], [1], False),
        ([row(1, None, 100), row(2, 1, 60), row(3, 1, 39)], [1], True),
        # Less than what is below it: no sum, so all three used what they tell.
        ([row(1, None, 100), row(2, 1, 60), row(3, 1, 41)], [], True),
        # Through a step that tells nothing.
        ([row(1, None, 100), row(2, 1), row(3, 2, 100)], [1], False),
        # Twice: only the lowest count.
        ([row(1, None, 100), row(2, 1, 100), row(3, 2, 100)], [1, 2], False),
        ([row(1, None, 99), row(2, 1, 110), row(3, 2, 100)], [2], True),
        # A chain whose steps name the step before them.
        ([row(1, None, 100), row(2, 1, 110), row(3, 2, 120)], [], True),
        ([row(1), row(2, 1, 5), row(3, 1, 5)], [], False),
        ([row(1, 9, 100), row(2, 8, 60)], [], False),
        ([row(1, None, None, "0.3"), row(2, 1, None, "0.1"), row(3, 1, None, "0.2")], [1], False),
        ([row(1, None, None, "0.30000000000000004"), row(2, 1, None, "0.1"), row(3, 1, None, "0.2")], [1], False),
        ([row(1, None, None, "0.31"), row(2, 1, None, "0.1"), row(3, 1, None, "0.2")], [1], True),
        # What the parent tells and nobody below does is lost, so somebody looks at it.
        ([row(1, None, 100, "0.3"), row(2, 1, 100)], [1], True),
        ([row(1, None, 100), row(2, 1, 100, "0.3")], [1], False),
        # Steps that are below themselves are not each other's sum.
        ([row(1, 2, 100), row(2, 1, 60)], [], False),
        ([row(1, 1, 100)], [], False),
        ([row(1, 2, 100), row(2, 1, 60), row(3, 1, 100)], [1], False),
    ],
)
def test_the_lowest_that_tell_count(rows: list[Row], expected: list[int], is_doubtful: bool) -> None:
    assert covered(*rows) == (expected, is_doubtful)


@given(data=st.data(), size=st.integers(1, 12))
def test_what_may_be_the_sum_of_what_counts_below_does_not_count(data: st.DataObject, size: int) -> None:
    parents = [data.draw(st.none() | st.integers(0, number - 1)) if number else None for number in range(size)]
    tells = [data.draw(st.none() | st.integers(0, 9)) for _ in range(size)]
    rows = [row(number, parents[number], tells[number]) for number in range(size)]

    def below(number: int) -> int | None:
        sums = [told(child) for child in range(size) if parents[child] == number]
        known = [one for one in sums if one is not None]
        return sum(known) if known else None

    def is_sum(number: int) -> bool:
        own, under = tells[number], below(number)
        return own is not None and under is not None and own >= under

    def told(number: int) -> int | None:
        own, under = tells[number], below(number)
        if own is None or is_sum(number):
            return under
        return own + (under or 0)

    found, _ = covered(*data.draw(st.permutations(rows)))
    assert sorted(found) == [number for number in range(size) if is_sum(number)]


def llm(id: str, parent: str | None, *, tokens: int | None = None, cost: str | None = None) -> StepReport:
    """A step that tells input tokens and what they cost."""
    told = None if tokens is None else Tokens(input=tokens)
    return step(id=id, parent_id=parent, tokens=told, cost_usd=Decimal(cost) if cost else None)


def totals(team: Team) -> tuple[int | None, Decimal | None, int, dict[int, bool]]:
    """Input tokens, cost and marks of the one execution, and which of its steps are told again, by tokens."""
    with team_context(team.id):
        execution = Execution.objects.get()
        steps = dict(Step.objects.exclude(input_tokens=None).values_list("input_tokens", "is_covered"))
    return execution.input_tokens, execution.cost_usd, execution.steps_tell, steps


@pytest.mark.django_db
@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (1, 3, 0, 2), (2, 0, 3, 1)])
def test_parts_in_any_order_count_the_lowest(team: Team, order: tuple[int, ...]) -> None:
    """An agent repeats the sum of two calls; a chain lies between."""
    steps = [
        llm("agent", None, tokens=100, cost="0.10"),
        step(id="chain", parent_id="agent"),
        llm("a", "chain", tokens=70, cost="0.07"),
        llm("b", "agent", tokens=30, cost="0.03"),
    ]
    for place in order:
        send(team, report(id="run", steps=[steps[place]]))
    assert totals(team) == (100, Decimal("0.1"), 3 | STEPS_ARE_NESTED, {100: True, 70: False, 30: False})


@pytest.mark.django_db
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
def test_what_does_not_add_up_is_marked_until_it_does(team: Team, order: tuple[int, ...]) -> None:
    steps = [llm("agent", None, tokens=102), llm("a", "agent", tokens=70), llm("b", "agent", tokens=31)]
    for place in order:
        send(team, report(id="run", steps=[steps[place]]))
    assert totals(team)[:3] == (101, None, 1 | STEPS_ARE_NESTED | STEPS_NEED_REVIEW)
    send(team, report(id="run", steps=[llm("c", "agent", tokens=1)]))
    assert totals(team)[:3] == (102, None, 1 | STEPS_ARE_NESTED)


@pytest.mark.django_db
def test_a_part_greater_than_its_whole_is_marked(team: Team) -> None:
    send(team, report(id="run", steps=[step(id="a", tokens=Tokens(output=5, reasoning=9))]))
    assert totals(team)[2] == 1 | STEPS_NEED_REVIEW
    send(team, report(id="run", steps=[step(id="a", tokens=Tokens(output=9))]))
    assert totals(team)[2] == 1
