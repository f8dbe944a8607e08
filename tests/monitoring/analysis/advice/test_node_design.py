"""Which input a node does not handle."""

import random

from hypothesis import given
from hypothesis import strategies as st

from monitoring.analysis.advice.answer import Answer
from monitoring.analysis.advice.node_design import Shaped, advise_node_design, find_rules

PDF, FORM = ("input", "pdf"), ("input", "form")


def shaped(count: int, failed: bool, *pairs: tuple[str, str]) -> list[Shaped]:
    return [Shaped(frozenset(pairs), failed)] * count


def test_the_value_that_always_fails_is_named_with_what_succeeded_instead() -> None:
    runs = [*shaped(12, True, PDF), *shaped(3, True, FORM), *shaped(85, False, FORM)]
    found = advise_node_design(runs, "parse")
    assert found.answer is Answer.CHANGE
    assert found.sentence == (
        "Handle input type pdf at parse: all of its runs fail there, 12 of 12 (95% interval 76% to 100%). "
        "form succeeded in 85 of 88."
    )
    assert found.settings == {"attribute": "input", "value": "pdf"}
    assert found.tables[1].rows == [("form", 88, 85, 85 / 88)]


def test_a_field_is_named_as_one() -> None:
    runs = [*shaped(10, True, ("input.country", "FR")), *shaped(90, False, ("input.country", "DE"))]
    assert "Handle input field country FR at parse" in advise_node_design(runs, "parse").sentence


def test_what_fails_everywhere_alike_is_no_rule() -> None:
    runs = [*shaped(10, True, PDF), *shaped(90, False, PDF), *shaped(10, True, FORM), *shaped(90, False, FORM)]
    found = advise_node_design(runs, "parse")
    assert found.answer is Answer.KEEP
    assert "the input alone does not decide" in found.sentence


def test_a_value_that_all_runs_have_explains_nothing() -> None:
    assert find_rules(shaped(20, True, PDF)) == []


def test_few_failures_and_untold_inputs_cannot_tell() -> None:
    assert advise_node_design(shaped(4, True, PDF), "parse").answer is Answer.CANNOT_TELL
    assert "neither an input type" in advise_node_design(shaped(9, True), "parse").sentence


def test_chance_makes_no_rule() -> None:
    chance, wrong = random.Random(11), 0
    for _ in range(200):
        runs = [
            Shaped(
                frozenset({("input", chance.choice("abcdef")), ("input.country", chance.choice("uvwxyz"))}),
                chance.random() < 0.1,
            )
            for _ in range(300)
        ]
        wrong += bool(find_rules(runs))
    assert wrong == 0


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans()), max_size=80), st.randoms())
def test_the_order_of_runs_does_not_matter(told: list[tuple[str, bool]], chance) -> None:
    runs = [Shaped(frozenset({("input", value)}), failed) for value, failed in told]
    first = advise_node_design(runs, "parse")
    chance.shuffle(runs)
    assert advise_node_design(runs, "parse") == first
