"""Success criteria: conditions that a succeeded execution must meet, judged from what it told.

A criterion is a bounded JMESPath expression over one execution (`facts`). It is met when the value is true as
JMESPath takes it: not false, null, empty text, an empty list or object. It *cannot be told* when the expression fails
on this execution, or looks at a figure that nobody told. Together: one criterion that is not met makes the execution
unmet; else one that cannot be told leaves the whole untold (Kleene's three-valued "and").
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from accounts.phrases import gettext as _
from monitoring.analysis.expressions import EvaluationFailed, Evaluator, ExpressionRefused, compile_expression

MAX_CRITERIA = 10
MAX_EXPRESSION = 500
MAX_NAME = 120
# Steps of one criterion on one execution: its own, so that neither its neighbours nor the request change the result.
MAX_WORK = 5_000
MAX_SHOWN = 200
MAX_READINGS = 3
# What an execution may leave untold. Input, output and tags are null then, which a criterion may ask about.
FIGURES = ("duration_ms", "cost_usd", "tokens")
FACTS = ("output", "input", "tags", *FIGURES, "steps")


class Outcome(StrEnum):
    """What a criterion says of an execution."""

    MET = "met"
    NOT_MET = "not_met"
    CANNOT_TELL = "cannot_tell"


@dataclass(frozen=True, slots=True)
class Criterion:
    """A condition with the name that people know it by."""

    id: UUID
    name: str
    expression: str


@dataclass(frozen=True, slots=True)
class Checked:
    """What became of a criterion. `value` is the expression's value, `reason` why it cannot be told."""

    outcome: Outcome
    value: Any = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What all criteria say of an execution: None where it cannot be told. `unmet` are those that were not met."""

    is_unmet: bool | None
    unmet: tuple[UUID, ...] = ()


def facts(
    payload: Mapping[str, Any],
    *,
    duration_ms: float | None,
    cost_usd: Decimal | None,
    tokens: int | None,
    steps: int,
) -> dict[str, Any]:
    """What an expression sees of an execution; `payload` is its own merged scope. What was not told is null."""
    return {
        "output": payload.get("output"),
        "input": payload.get("input"),
        "tags": payload.get("tags"),
        "duration_ms": int(duration_ms) if duration_ms is not None and duration_ms.is_integer() else duration_ms,
        "cost_usd": None if cost_usd is None else float(cost_usd),
        "tokens": tokens,
        "steps": steps,
    }


def check(expression: str, told: Mapping[str, Any]) -> Checked:
    """What one expression says of these facts. Never raises."""
    evaluator = Evaluator(MAX_WORK)
    try:
        value = evaluator.search(compile_expression(expression), told)
    except (EvaluationFailed, ExpressionRefused) as error:
        return Checked(Outcome.CANNOT_TELL, reason=str(error))
    untold = [name for name in FIGURES if name in evaluator.read and told[name] is None]
    if untold:
        reason = _("looks at {name}, which nobody told").format(name=untold[0])
        return Checked(Outcome.CANNOT_TELL, reason=reason)
    return Checked(Outcome.MET if is_true(value) else Outcome.NOT_MET, value)


def is_true(value: Any) -> bool:
    """Truth as JMESPath defines it: everything but false, null, and empty texts, lists and objects. 0 is true."""
    return value not in ("", None, [], {}) and value is not False


def judge(criteria: Sequence[Criterion], told: Mapping[str, Any]) -> Judgement:
    """What these criteria say together."""
    outcomes = [(one.id, check(one.expression, told).outcome) for one in criteria]
    unmet = tuple(id for id, outcome in outcomes if outcome is Outcome.NOT_MET)
    if unmet:
        return Judgement(True, unmet)
    is_told = bool(outcomes) and all(outcome is Outcome.MET for _id, outcome in outcomes)
    return Judgement(False if is_told else None)


def expression_fault(text: str) -> str:
    """Why a text cannot be the expression of a criterion; empty when it can."""
    if len(text) > MAX_EXPRESSION:
        return _("must have at most {most} characters").format(most=MAX_EXPRESSION)
    try:
        tree = compile_expression(text)
    except ExpressionRefused as error:
        return str(error)
    unknown = sorted({str(path[0]) for path in _paths(tree)} - set(FACTS))
    if unknown:
        text = _("reads {name}, which an execution does not have; it has {facts}")
        return text.format(name=unknown[0][:50], facts=", ".join(FACTS))
    if _negates_too_little(tree):
        return _("has !a.b, which JMESPath reads as (!a).b: write !(a.b)")
    return ""


def readings(expression: str, told: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What the expression looked at, in the order of its text: paths with their values as JSON, cut."""
    try:
        paths = dict.fromkeys(_paths(compile_expression(expression)))
    except ExpressionRefused:
        return []
    return [(_path_words(path), shown(_value_at(told, path))) for path in list(paths)[:MAX_READINGS]]


def evidence(expression: str, told: Mapping[str, Any], found: Checked) -> list[tuple[str, str]]:
    """What the outcome rests on, as names and values: what was looked at, and what it gave where that says more."""
    looked_at = readings(expression, told)
    gave = shown(found.value)
    if found.reason or isinstance(found.value, bool | None) or any(value == gave for _name, value in looked_at):
        return looked_at
    return [*looked_at, (_("gives"), gave)]


def shown(value: Any) -> str:
    """A value as JSON on one line, cut."""
    text = ""
    # Piece by piece, so that what is cut off is not written first.
    for piece in json.JSONEncoder(ensure_ascii=False, default=str).iterencode(value):
        text += piece[: MAX_SHOWN + 1]
        if len(text) > MAX_SHOWN:
            return f"{text[:MAX_SHOWN]}\N{HORIZONTAL ELLIPSIS}"
    return text


_Path = tuple[str | int, ...]
# Whose first child is evaluated on the whole value, the others on what it gave.
_ON_FIRST = frozenset({"projection", "filter_projection", "value_projection", "flatten", "pipe", "subexpression"})


def _paths(tree: dict[str, Any]) -> Iterator[_Path]:
    """The paths that an expression follows from the whole value, as far as they consist of names and numbers."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        path = _plain(node)
        if path:
            yield path
            continue
        children = [child for child in node.get("children", ()) if isinstance(child, dict)]
        if node["type"] in _ON_FIRST or (node["type"] == "index_expression" and children):
            waiting.append(children[0])
        elif node["type"] != "expref":
            waiting.extend(reversed(children))


def _negates_too_little(tree: dict[str, Any]) -> bool:
    """Whether a part of the expression asks for a field of a negation, which is never there."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        children = [child for child in node.get("children", ()) if isinstance(child, dict)]
        if node["type"] == "subexpression" and children[0]["type"] == "not_expression":
            return True
        waiting.extend(children)
    return False


def _plain(node: dict[str, Any]) -> _Path:
    """The path that a node is, `()` where it is more than names and numbers."""
    if node["type"] in ("field", "index"):
        return (node["value"],)
    if node["type"] not in ("subexpression", "index_expression"):
        return ()
    parts = [_plain(child) for child in node["children"]]
    return tuple(name for part in parts for name in part) if all(parts) else ()


def _value_at(value: Any, path: Sequence[str | int]) -> Any:
    for name in path:
        if isinstance(value, Mapping) and isinstance(name, str):
            value = value.get(name)
        elif isinstance(value, list) and isinstance(name, int):
            value = value[name] if -len(value) <= name < len(value) else None
        else:
            return None
    return value


def _path_words(path: Sequence[str | int]) -> str:
    words = "".join(f"[{name}]" if isinstance(name, int) else f".{name}" for name in path)
    return words.removeprefix(".")[:MAX_SHOWN]
