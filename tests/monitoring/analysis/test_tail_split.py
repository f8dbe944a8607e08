"""The tail split: cells of executions, slow against usual, with intervals and shares that add up."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.analysis.tail_split import Carrier, Cell, Kind, Profile, profile, split_tail, student_95, welch
from monitoring.analysis.timeline import Visit


def visit(number: int, name: str, start: float, end: float, parent: int | None = None, **fields: object) -> Visit:
    told = {"id": number, "name": name, "status": "succeeded", "parent_id": parent}
    return Visit(**{**told, "start_ms": start, "end_ms": end, **fields})


def test_each_moment_of_the_path_has_a_node_a_kind_and_a_target():
    visits = [
        visit(1, "plan", 10, 30),
        visit(2, "search", 30, 40),
        visit(3, "charge_card", 40, 90),
        visit(4, "http", 50, 80, 3),
        visit(5, "note", 95, 100),
    ]
    carriers = [
        Carrier(model="gpt-4o"),
        Carrier(tool="search"),
        Carrier(system="payments.example", tool="charge"),
        Carrier(),
        Carrier(),
    ]
    found = profile("run", visits, carriers, 0, 100)
    assert found is not None
    assert found.cells == {
        Cell("plan", Kind.WAITING, ""): 10,
        Cell("plan", Kind.MODEL, "gpt-4o"): 20,
        Cell("search", Kind.TOOL, "search"): 10,
        Cell("charge_card", Kind.SYSTEM, "payments.example"): 20,
        Cell("http", Kind.SYSTEM, "payments.example"): 30,
        Cell("note", Kind.WAITING, ""): 5,
        Cell("note", Kind.OWN, ""): 5,
    }
    assert found.duration_ms == 100


def test_attempts_that_were_repeated_and_the_pauses_between_are_retries():
    visits = [
        visit(1, "call", 0, 10, attempt=1, status="failed"),
        visit(2, "inner", 2, 10, 1),
        visit(3, "call", 15, 30, attempt=2),
    ]
    found = profile("run", visits, [Carrier(system="crm"), Carrier(), Carrier(system="crm")])
    assert found is not None
    assert found.cells == {
        Cell("call", Kind.RETRY, "crm"): 2 + 5,
        Cell("inner", Kind.RETRY, "crm"): 8,
        Cell("call", Kind.SYSTEM, "crm"): 15,
    }


def test_waiting_for_a_person_is_waiting():
    found = profile("run", [visit(1, "approve", 0, 50, status="waiting")], [Carrier(tool="form")])
    assert found is not None
    assert found.cells == {Cell("approve", Kind.WAITING, ""): 50}


def test_an_execution_without_times_has_no_profile():
    assert profile("run", [Visit(1, "a")], [Carrier()]) is None
    assert profile("run", [], []) is None


PAY = Cell("charge_card", Kind.SYSTEM, "payments.example")
PLAN = Cell("plan", Kind.MODEL, "gpt-4o")
GAP = Cell("", Kind.WAITING, "")


def run(number: int, pay: float, plan: float, gap: float = 0) -> Profile:
    cells = {PAY: pay, PLAN: plan, **({GAP: gap} if gap else {})}
    return Profile(str(number), sum(cells.values()), cells)


def test_of_41_seconds_that_slow_runs_take_longer_33_are_in_one_step():
    usual = [run(n, 1_000 + n % 3, 2_000 + n % 5) for n in range(80)]
    slow = [run(100 + n, 34_000 + n % 3, 7_000 + n % 5, gap=3_000) for n in range(20)]
    split = split_tail(usual + slow, above_ms=10_000)
    assert split is not None
    assert (split.slow_runs, split.is_told) == (20, True)
    assert split.extra.ms == pytest.approx(41_000, abs=5)
    pay, *_ = split.parts
    assert pay.key == ("charge_card", "external system", "payments.example")
    assert (pay.extra.ms, pay.share) == (pytest.approx(33_000, abs=5), pytest.approx(33 / 41, abs=0.001))
    assert pay.is_clear
    assert [part.key for part in split.by_node] == [("charge_card",), ("plan",), ("",)]
    assert [part.key for part in split.by_kind] == [("external system",), ("model",), ("waiting",)]
    assert [part.key for part in split.by_target] == [("external system", "payments.example"), ("model", "gpt-4o")]


def test_a_difference_that_chance_explains_is_not_clear():
    profiles = [run(n, 1_000 + 10 * n, 500 + (n * 37) % 100) for n in range(40)]
    split = split_tail(profiles, share=0.5)
    assert split is not None
    clear = {part.key[0]: part.is_clear for part in split.by_node}
    assert clear == {"charge_card": True, "plan": False}


def test_without_slow_runs_there_is_no_split_and_with_few_it_is_not_told():
    profiles = [run(n, 1_000, 500) for n in range(40)]
    assert split_tail(profiles, above_ms=5_000) is None
    assert split_tail([]) is None
    split = split_tail([*profiles, run(99, 9_000, 500)], above_ms=5_000)
    assert split is not None
    assert (split.is_told, split.slow_runs, split.extra.low_ms, split.parts[0].share) == (False, 1, None, 1.0)


cells = st.dictionaries(
    st.builds(Cell, st.sampled_from("ab"), st.sampled_from(Kind), st.sampled_from(["", "x"])),
    st.integers(1, 1_000).map(float),
    min_size=1,
    max_size=5,
)


@given(st.lists(cells, min_size=4, max_size=25), st.randoms(use_true_random=False))
def test_the_parts_add_up_to_the_extra_time_in_any_order(drawn, chance):
    profiles = [Profile(str(n), sum(one.values()), one) for n, one in enumerate(drawn)]
    split = split_tail(profiles, share=0.7)
    mixed = list(profiles)
    chance.shuffle(mixed)
    other = split_tail(mixed, share=0.7)
    if split is None or other is None:
        assert split is other
        return
    for parts in (split.parts, split.by_node, split.by_kind):
        assert sum(part.extra.ms for part in parts) == pytest.approx(split.extra.ms)
        assert sum(part.share for part in parts) == pytest.approx(1)
    assert [part.key for part in other.parts] == [part.key for part in split.parts] or {
        part.key: pytest.approx(part.extra.ms) for part in other.parts
    } == {part.key: part.extra.ms for part in split.parts}


def test_welch_as_worked_out_by_hand():
    # Means 20 and 12, variances 10 and 4 of 5 each: standard error sqrt(2 + 0.8), 6.76 degrees of freedom.
    found = welch([16, 18, 20, 22, 24], [9.171573, 12, 12, 12, 14.828427])
    assert found.ms == pytest.approx(8)
    assert found.high_ms is not None
    assert found.high_ms - found.ms == pytest.approx(2.382 * 2.8**0.5, rel=0.005)


@pytest.mark.parametrize(
    ("freedom", "value"), [(1, 12.706), (2, 4.303), (3, 3.182), (5, 2.571), (10, 2.228), (30, 2.042), (1000, 1.962)]
)
def test_students_t_from_the_table(freedom, value):
    assert student_95(freedom) == pytest.approx(value, rel=0.002)
