"""What lies inside what, which step failed first, and an axis with round ends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.analysis.timeline import Visit, axis_ms, first_failed, nest, pause_before, relate


def visit(number: int, name: str = "", **fields: object) -> Visit:
    return Visit(**{"id": number, "name": name or f"n{number}", "status": "succeeded", "position": number, **fields})


def depths(visits: list[Visit]) -> dict[str, int]:
    return {visits[at.index].name: at.depth for at in nest(visits, relate(visits))}


def test_a_step_that_began_before_its_parent_ended_lies_inside_it():
    visits = [
        visit(1, "job", start_ms=0, end_ms=100),
        visit(2, "command", parent_id=1, start_ms=5, end_ms=50),
        visit(3, "publish", parent_id=1, start_ms=100, end_ms=120),
    ]
    assert depths(visits) == {"job": 0, "command": 1, "publish": 0}
    assert relate(visits).follows == [None, None, 0]


def test_without_times_a_long_chain_of_parents_is_a_sequence_and_a_bush_is_not():
    chain = [visit(n, parent_id=n - 1) for n in range(30)]
    assert set(depths(chain).values()) == {0}
    bush = [visit(0), visit(1, parent_id=0), visit(2, parent_id=0), visit(3, parent_id=2)]
    assert depths(bush) == {"n0": 0, "n1": 1, "n2": 1, "n3": 2}


def test_a_child_told_to_begin_before_its_parent_still_lies_inside_it():
    visits = [visit(2, "child", parent_id=1, start_ms=-30, end_ms=20), visit(1, "parent", start_ms=0, end_ms=100)]
    assert [visits[at.index].name for at in nest(visits, relate(visits))] == ["parent", "child"]


def test_the_first_failed_step_is_the_innermost_and_the_senders_order_decides():
    visits = [
        visit(1, "job", status="failed", start_ms=0, end_ms=90),
        visit(2, "later by its sender", status="failed", start_ms=1, end_ms=2, position=9),
        visit(3, "command", status="failed", parent_id=1, start_ms=5, end_ms=50),
    ]
    relations = relate(visits)
    assert first_failed(visits, relations) == 2
    assert first_failed([visit(1)], relate([visit(1)])) is None


def test_the_pause_before_an_attempt_is_the_gap_to_the_one_before():
    visits = [
        visit(1, "call", attempt=1, start_ms=0, end_ms=10),
        visit(2, "call", attempt=2, start_ms=14, end_ms=20),
    ]
    relations = relate(visits)
    assert pause_before(visits, relations, 1) == (10, 4)
    assert pause_before(visits, relations, 0) is None


@pytest.mark.parametrize(
    ("length", "axis"), [(44_600, 50_000), (0.03, 0.05), (633_000, 900_000), (1, 1), (86_400_000, 86_400_000 * 1.25)]
)
def test_the_axis_has_five_equal_parts_with_round_ends(length, axis):
    assert axis_ms(length) == pytest.approx(axis)


times = st.one_of(st.none(), st.floats(-1e6, 1e6, allow_nan=False))
any_visits = st.lists(
    st.builds(
        Visit,
        id=st.integers(0, 8),
        name=st.sampled_from("abcd"),
        status=st.sampled_from(["succeeded", "failed", "skipped", "running", "unknown"]),
        parent_id=st.one_of(st.none(), st.integers(0, 9)),
        start_ms=times,
        end_ms=times,
        attempt=st.integers(1, 3),
        position=st.one_of(st.none(), st.integers(0, 9)),
    ),
    max_size=14,
)


@given(any_visits)
def test_every_visit_is_read_once_whatever_the_parents_are(visits):
    relations = relate(visits)
    order = nest(visits, relations)
    assert sorted(at.index for at in order) == list(range(len(visits)))
    seen: dict[int, int] = {}
    for at in order:
        assert at.depth == (0 if at.parent is None else seen[at.parent] + 1)
        seen[at.index] = at.depth
    first = first_failed(visits, relations)
    assert (first is None) == (not any(visit.failing for visit in visits))


@given(st.floats(0, 1e12, allow_nan=False))
def test_the_axis_holds_its_content(length):
    assert axis_ms(length) >= length * 0.999999


def test_a_chain_of_five_thousand_parents_is_no_trouble():
    visits = [visit(n, parent_id=n - 1, start_ms=0, end_ms=10_000) for n in range(5000)]
    assert nest(visits, relate(visits))[-1].depth == 4999
