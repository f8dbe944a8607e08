"""The critical path: which steps decided the end, what they took, and that the pieces are the whole duration."""

import random
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitoring.analysis.critical_path import CriticalPath, Piece, critical_path
from monitoring.analysis.timeline import Visit

T = tuple[str, float, float]


def visit(number: int, start: float | None, end: float | None, parent: int | None = None, **fields: object) -> Visit:
    told = {"id": number, "name": f"n{number}", "status": "succeeded", "parent_id": parent}
    return Visit(**{**told, "start_ms": start, "end_ms": end, **fields})


def pieces(path: CriticalPath, visits: list[Visit]) -> list[T]:
    """Each piece as (name of the step or kind of gap, start, end)."""
    return [(s.piece.value if s.step is None else visits[s.step].name, s.start_ms, s.end_ms) for s in path.segments]


def names(visits: list[Visit], **bounds: float) -> list[T]:
    return pieces(critical_path(visits, **bounds), visits)


def test_of_parallel_steps_the_one_that_ended_last_is_on_the_path():
    visits = [visit(1, 0, 10), visit(2, 10, 40), visit(3, 10, 90), visit(4, 90, 100)]
    assert names(visits) == [("n1", 0, 10), ("n3", 10, 90), ("n4", 90, 100)]


def test_nobody_waited_for_a_step_that_was_still_running():
    background = visit(1, 0, 95)
    visits = [background, visit(2, 0, 30), visit(3, 30, 60), visit(4, 60, 100)]
    assert names(visits) == [("n2", 0, 30), ("n3", 30, 60), ("n4", 60, 100)]


def test_inside_a_step_its_own_time_is_what_no_inner_step_took():
    visits = [visit(1, 0, 100), visit(2, 10, 30, 1), visit(3, 40, 90, 1), visit(4, 50, 60, 3)]
    path = critical_path(visits)
    assert path.own_ms() == {0: 10 + 10 + 10, 1: 20, 2: 40, 3: 10}
    assert names(visits)[:3] == [("n1", 0, 10), ("n2", 10, 30), ("n1", 30, 40)]


def test_time_outside_of_every_step_is_a_gap_with_the_step_that_followed():
    visits = [visit(1, 5, 10), visit(2, 30, 40)]
    path = critical_path(visits, 0, 50)
    assert pieces(path, visits) == [
        ("before the first step", 0, 5),
        ("n1", 5, 10),
        ("between steps", 10, 30),
        ("n2", 30, 40),
        ("after the last step", 40, 50),
    ]
    assert [segment.then for segment in path.segments if segment.step is None] == [0, 1, None]


def test_the_pause_between_two_attempts_is_told_apart_inside_a_step_too():
    call = {"name": "call"}
    visits = [visit(1, 0, 10, attempt=1, **call), visit(2, 14, 20, attempt=2, **call)]
    assert [s.piece for s in critical_path(visits).segments] == [Piece.WORK, Piece.RETRY_PAUSE, Piece.WORK]
    inner = [visit(0, 0, 20), visit(1, 0, 10, 0, attempt=1, **call), visit(2, 14, 20, 0, attempt=2, **call)]
    assert [s.piece for s in critical_path(inner).segments] == [Piece.WORK, Piece.RETRY_PAUSE, Piece.WORK]


def test_steps_that_overlap_by_a_little_follow_each_other_and_by_much_they_do_not():
    assert names([visit(1, 0, 50.5), visit(2, 50, 100)]) == [("n1", 0, 50), ("n2", 50, 100)]
    assert names([visit(1, 0, 60), visit(2, 50, 100)]) == [("before the first step", 0, 50), ("n2", 50, 100)]


def test_a_step_that_outlives_the_one_that_started_it_decides_the_end():
    visits = [visit(1, 0, 50), visit(2, 10, 20, 1), visit(3, 30, 200, 1), visit(4, 50, 60)]
    assert names(visits) == [("n1", 0, 10), ("n2", 10, 20), ("n1", 20, 30), ("n3", 30, 200)]


def test_a_step_that_outlives_its_starter_but_decides_nothing_is_not_on_the_path():
    visits = [visit(1, 0, 50), visit(2, 10, 70, 1), visit(3, 50, 100)]
    assert names(visits) == [("n1", 0, 50), ("n3", 50, 100)]


def test_the_times_of_the_execution_cut_its_steps():
    visits = [visit(1, -20, 30), visit(2, 30, 150)]
    assert names(visits, start_ms=0, end_ms=100) == [("n1", 0, 30), ("n2", 30, 100)]


def test_times_of_an_execution_that_no_step_lies_between_are_not_believed():
    visits = [visit(1, 0, 30)]
    assert names(visits, start_ms=5_000, end_ms=6_000) == [("n1", 0, 30)]


def test_a_step_inside_one_without_times_belongs_to_the_next_one_around():
    visits = [visit(1, 0, 100), visit(2, None, None, 1), visit(3, 20, 60, 2), visit(4, 60, 70, 1)]
    path = critical_path(visits)
    assert pieces(path, visits) == [("n1", 0, 20), ("n3", 20, 60), ("n4", 60, 70), ("n1", 70, 100)]
    assert path.untimed == 1


def test_a_running_step_lasts_until_the_end_of_the_execution():
    visits = [visit(1, 0, 10), visit(2, 10, None, status="running")]
    assert names(visits, start_ms=0, end_ms=100) == [("n1", 0, 10), ("n2", 10, 100)]
    assert critical_path(visits).untimed == 1


def test_cycles_of_parents_give_a_path():
    visits = [visit(1, 0, 10, 2), visit(2, 10, 20, 3), visit(3, 20, 30, 1), visit(4, 30, 40, 4)]
    assert critical_path(visits).duration_ms == 40


@pytest.mark.parametrize(
    ("visits", "reason"),
    [
        ([], "it has no steps"),
        ([visit(1, None, None), visit(2, 5, None)], "no step tells its times"),
        ([visit(1, 5, 5), visit(2, 5, 1)], "its steps took no time"),
        ([visit(1, float("nan"), 10), visit(2, 0, float("inf"))], "no step tells its times"),
    ],
)
def test_without_times_there_is_no_path_and_a_reason(visits, reason):
    path = critical_path(visits)
    assert (path.segments, path.reason) == ((), reason)


def test_a_step_told_to_end_before_it_began_is_an_instant_and_counted():
    visits = [visit(1, 0, 100), visit(2, 50, 20, 1)]
    path = critical_path(visits)
    assert (pieces(path, visits), path.skewed) == ([("n1", 0, 100)], 1)


# Whole numbers of a power of two, so that shifting and scaling them is exact.
moments = st.one_of(st.none(), st.integers(0, 64).map(float))
any_visits = st.lists(
    st.builds(
        Visit,
        id=st.integers(0, 30),
        name=st.sampled_from("abc"),
        status=st.sampled_from(["succeeded", "failed", "running", "unknown"]),
        parent_id=st.one_of(st.none(), st.integers(0, 30)),
        start_ms=moments,
        end_ms=moments,
        attempt=st.integers(1, 3),
    ),
    max_size=20,
    unique_by=lambda v: v.id,
)


@example(
    [
        Visit(0, "b", "succeeded", None, 0.0, 3.0),
        Visit(1, "a", "running", None, None, 1.0),
        Visit(2, "b", "running", 0, 2.0, None, 2),
    ],
    2.0,
    4.0,
)
@example([Visit(0, "c", "succeeded", 1, 2.0, 3.0), Visit(1, "b", "running", None, 1.0, None)], 0.0, 0.0)
@given(any_visits, moments, moments)
def test_the_pieces_follow_each_other_without_holes_and_add_up_to_the_duration(visits, start, end):
    path = critical_path(visits, start, end)
    edges = [path.start_ms, *(segment.end_ms for segment in path.segments)]
    assert [segment.start_ms for segment in path.segments] == edges[:-1]
    assert edges[-1] == path.end_ms
    assert all(segment.length_ms > 0 for segment in path.segments)
    assert sum(path.own_ms().values()) == path.duration_ms


@given(any_visits, st.randoms(use_true_random=False))
def test_the_order_in_which_steps_are_given_does_not_matter(visits, chance):
    # A cycle of parents is cut where it is entered, which is the sender's order: left out here.
    visits = [v if v.parent_id is None or v.parent_id < v.id else visit(v.id, v.start_ms, v.end_ms) for v in visits]
    mixed = list(visits)
    chance.shuffle(mixed)
    told = [(*s, s.step is None or visits[s.step].id)[2:4] for s in critical_path(visits).segments]
    assert [(*s, s.step is None or mixed[s.step].id)[2:4] for s in critical_path(mixed).segments] == told
    assert [visits[s.step].id for s in critical_path(visits).segments if s.step is not None] == [
        mixed[s.step].id for s in critical_path(mixed).segments if s.step is not None
    ]


@given(any_visits, st.sampled_from([0.0, -4096.0, 1e9]), st.sampled_from([1.0, 0.25, 1024.0]))
def test_another_zero_or_unit_of_time_gives_the_same_path(visits, shift, scale):
    def moved(at: float | None) -> float | None:
        return None if at is None else at * scale + shift

    other = [Visit(v.id, v.name, v.status, v.parent_id, moved(v.start_ms), moved(v.end_ms), v.attempt) for v in visits]
    told = [(s.piece, s.step, moved(s.start_ms), moved(s.end_ms)) for s in critical_path(visits).segments]
    assert [tuple(s)[:4] for s in critical_path(other).segments] == told


def bush(count: int) -> list[Visit]:
    chance = random.Random(5)
    visits = [visit(0, 0, 12.0 * count)]
    for number in range(1, count):
        start = 10.0 * number + chance.random()
        visits.append(visit(number, start, start + 9, (number // 20) * 20 if number % 20 else 0))
    return visits


def chain(count: int) -> list[Visit]:
    return [visit(n, float(n), 2.0 * count - n, n - 1 if n else None) for n in range(count)]


def stairs(count: int) -> list[Visit]:
    return [visit(n, float(n), count + 1.0 * n, n - 1 if n else None) for n in range(count)]


@pytest.mark.parametrize("shape", [bush, chain, stairs])
def test_fifty_thousand_steps_of_any_shape_take_a_moment(shape):
    visits = shape(50_000)
    before = time.process_time()
    path = critical_path(visits)
    # Three times what was measured on a busy machine: this guards the order of growth, the bench has the figures.
    assert time.process_time() - before < 3
    assert sum(segment.length_ms for segment in path.segments) == pytest.approx(path.duration_ms)
