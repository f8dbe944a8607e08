"""Expressions with limits: hostile ones end soon, what is no value is refused, and what was looked at is known."""

import contextlib
import time
from typing import Any

import pytest

from monitoring.analysis.expressions import (
    EvaluationFailed,
    Evaluator,
    ExpressionRefused,
    TooMuchWork,
    compile_expression,
)

# CPU time of a hostile evaluation. The limit that is promised is 100 ms; a busy machine is given some slack.
LIMIT_SECONDS = 0.1
SLACK = 5
BIG: list[Any] = [
    {"a": [{"b": number, "s": "x" * 50} for number in range(20_000)]},
    {"a": [[1] * 100 for _ in range(1_000)]},
    {"a": "z" * 3_000_000},
    {"a": {f"k{number}": number for number in range(50_000)}},
]
HOSTILE = [
    "[@,@][]|" * 30 + "@",
    "{a:@,b:@}|" * 38 + "@",
    "{a:@,b:@}|" * 38 + "to_string(@)",
    "to_string(" + "[@,@]|" * 38 + "@)",
    "{a:@,b:@}|" * 30 + "@==@",
    "a[*].[to_string(@)]",
    "sort_by(a,&s)",
    "map(&map(&b,[@,@,@]),a)",
    f"a[?s=='{'x' * 50}']",
    f'join(`"{"y" * 500}"`, a[*].s)',
    "a[?@==@]",
    "a[*].a[*]",
    "a[?contains(to_string(@),'1')]",
    "reverse(a)|" * 20 + "@",
    "merge(a,a)|" * 20 + "@",
    "sum(a[*].b)",
    "max_by(a,&to_string(@))",
    "a[:10:1]|" * 38 + "@",
    "*.*.*.*.*.*",
    "a[].*[]",
    "split(to_string(a),'x')",
    "join('',[to_string(@),to_string(@)])|" * 20 + "@",
    "values(a)|" * 20 + "@",
    "keys(a)",
    "sort(keys(a))",
    "a[*].join('',[s,s,s,s])",
]


@pytest.mark.parametrize("expression", HOSTILE, ids=[text[:24] for text in HOSTILE])
@pytest.mark.parametrize("value", BIG, ids=["objects", "lists", "text", "keys"])
def test_hostile_expressions_end_soon(expression: str, value: Any) -> None:
    before = time.thread_time()
    with contextlib.suppress(EvaluationFailed, ExpressionRefused):
        Evaluator().search(compile_expression(expression), value)
    assert time.thread_time() - before < LIMIT_SECONDS * SLACK


def test_an_expression_is_no_value() -> None:
    with pytest.raises(EvaluationFailed, match="not a value"):
        Evaluator().search(compile_expression("&a"), {"a": 1})


def test_steps_that_are_used_up_stay_used_up() -> None:
    evaluator = Evaluator(limit=3)
    for _ in range(2):
        with pytest.raises(TooMuchWork):
            evaluator.search(compile_expression("a.b.c.d"), {})


def test_the_fields_of_the_whole_value_that_were_looked_at_are_known() -> None:
    evaluator = Evaluator()
    evaluator.search(compile_expression("a.b || c"), {"a": {"b": 1}, "c": 2})
    assert evaluator.read == {"a"}
    evaluator.search(compile_expression("a.b || c"), {"a": {"b": None}, "c": 2})
    assert evaluator.read == {"a", "c"}
