"""Two executions side by side: alignment, the first parting, values that differ."""

from hypothesis import given
from hypothesis import strategies as st

from monitoring.analysis.pair import (
    MAX_VALUES,
    DifferentValue,
    PairRow,
    align,
    different_values,
    first_parting,
    path_likeness,
)
from monitoring.analysis.steps import Step

NAMES = st.lists(st.sampled_from("abc"), max_size=12)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=10,
)


def steps(*told: str | Step) -> list[Step]:
    return [one if isinstance(one, Step) else Step(n, one, "succeeded") for n, one in enumerate(told)]


def test_steps_of_the_same_node_stand_beside_each_other() -> None:
    rows = align(steps("a", "b", "c"), steps("a", "x", "c"))
    only = ("only",)
    assert rows == [PairRow(0, 0), PairRow(1, None, only), PairRow(None, 1, only), PairRow(2, 2)]
    assert first_parting(rows) == 1


def test_what_ran_side_by_side_belongs_together_in_any_order() -> None:
    def job(id: int, name: str, at: float) -> list[Step]:
        return [
            Step(id, name, "succeeded", start_ms=at, end_ms=at + 100),
            Step(id + 1, "set up", "succeeded", parent_id=id, start_ms=at + 1, end_ms=at + 9),
        ]

    rows = align([*job(1, "lint", 0), *job(3, "test", 5)], [*job(1, "test", 0), *job(3, "lint", 5)])
    assert [(row.left, row.right, row.inside) for row in rows] == [
        (0, 2, ""), (1, 3, "lint"), (2, 0, ""), (3, 1, "test"),
    ]  # fmt: skip
    assert first_parting(rows) is None


def test_what_differs_is_named() -> None:
    left = steps("a", Step(1, "b", "succeeded", duration_ms=10, shape="{x}"), Step(2, "c", "failed", error="one"))
    right = steps("a", Step(1, "b", "succeeded", duration_ms=900, shape="{x}"), Step(2, "c", "failed", error="two"))
    rows = align(left, right)
    assert [row.differs for row in rows] == [(), ("duration",), ("error",)]
    # Time alone is no parting.
    assert first_parting(rows) == 2
    empty = align(steps(Step(1, "b", is_empty=True, shape="[]")), steps(Step(1, "b", is_empty=False, shape="[{x}]")))
    assert empty[0].differs == ("empty",)
    untold = align(steps(Step(1, "b", is_empty=None)), steps(Step(1, "b", is_empty=True, shape="[]")))
    assert untold[0].differs == ()


def test_values_differ_by_path() -> None:
    found, count = different_values(
        {"a": {"b": [1, 2], "c": "x"}, "d": 1}, {"a": {"b": [1, 3, 4], "c": "x"}, "e": None}
    )
    assert found == [
        DifferentValue("a.b[1]", "2", "3"),
        DifferentValue("a.b[2]", None, "4"),
        DifferentValue("d", "1", None),
        DifferentValue("e", None, "null"),
    ]
    assert count == 4
    assert different_values(1, True) == ([DifferentValue("", "1", "true")], 1)


def test_long_and_many_values_are_bounded() -> None:
    found, count = different_values([f"{'x' * 300}{n}" for n in range(100)], [])
    assert (len(found), count) == (MAX_VALUES, 100)
    assert len(found[0].left or "") == 201


def test_likeness_is_the_share_of_transitions() -> None:
    assert path_likeness("abc", "abc") == 1
    assert path_likeness("abc", "abd") == 2 / 6
    assert path_likeness("a", "b") == 0


@given(NAMES, NAMES)
def test_every_step_stands_once_and_in_order(left: list[str], right: list[str]) -> None:
    rows = align(steps(*left), steps(*right))
    assert [row.left for row in rows if row.left is not None] == list(range(len(left)))
    assert sorted(row.right for row in rows if row.right is not None) == list(range(len(right)))
    assert (first_parting(rows) is None) == (sorted(left) == sorted(right))


@given(NAMES, NAMES)
def test_likeness_is_symmetric_and_one_for_the_same(left: list[str], right: list[str]) -> None:
    assert path_likeness(left, right) == path_likeness(right, left)
    assert 0 <= path_likeness(left, right) <= 1
    assert path_likeness(left, left) == 1


@given(JSON, JSON)
def test_the_same_differ_in_nothing(left: object, right: object) -> None:
    assert different_values(left, left) == ([], 0)
    assert different_values(left, right)[1] == different_values(right, left)[1]
