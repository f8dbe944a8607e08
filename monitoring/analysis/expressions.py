"""JMESPath with limits: expressions and the values they read come from strangers, and the library has no bounds.

Work is counted, not timed, so the same value gives the same result each time: a step for each node that is visited
and for each element or piece of text that the library touches in one go. Everything is charged before it is done.
"""

import json
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

import jmespath
from jmespath import functions
from jmespath.exceptions import JMESPathError, JMESPathTypeError
from jmespath.visitor import Options, TreeInterpreter

from accounts.phrases import gettext as _
from accounts.phrases import gettext_noop
from monitoring import wording
from monitoring.analysis.listing import either

MAX_EXPRESSION = 1_000
MAX_DEPTH = 40
MAX_NODES = 400
MAX_BRACKETS = 100
# Steps for one evaluator: the worst expressions that were found took 60 ms of one core for them.
MAX_WORK = 40_000
_LETTERS_A_STEP = 64
# Texts in quotes are passed over, so that a backtick in one starts no literal.
_LITERALS = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|`(?P<json>(?:[^`\\]|\\.)*)`", re.DOTALL)
_TYPE_WORDS = {
    "array": gettext_noop("a list"),
    "array-string": gettext_noop("a list of texts"),
    "array-number": gettext_noop("a list of numbers"),
    "object": gettext_noop("an object"),
    "string": gettext_noop("text"),
    "number": gettext_noop("a number"),
    "boolean": gettext_noop("true or false"),
    "expref": gettext_noop("an expression (&...)"),
    "null": "null",
    "str": gettext_noop("text"),
    "int": gettext_noop("a number"),
    "float": gettext_noop("a number"),
    "NoneType": "null",
    "list": gettext_noop("a list"),
    "dict": gettext_noop("an object"),
    "bool": gettext_noop("true or false"),
}
_FAULTS = (JMESPathError, ValueError, TypeError, ArithmeticError, LookupError, AttributeError, RecursionError)


class ExpressionRefused(Exception):
    """The expression cannot be used. The text says why, for the one who wrote it."""


class EvaluationFailed(Exception):
    """The expression cannot be evaluated on this value, or only with too much work. The text says why."""


class TooMuchWork(EvaluationFailed):
    """The limit of steps is used up: the evaluator evaluates nothing more."""


class Meter:
    """Counts steps down from a limit. Raises `TooMuchWork` when they are used up."""

    def __init__(self, limit: int = MAX_WORK) -> None:
        self.limit = limit
        self.left = limit

    def spend(self, steps: int) -> None:
        """Pays for steps before they are done."""
        self.left -= steps
        if self.left < 0:
            text = _("takes more than {limit} steps here: that is the limit")
            raise TooMuchWork(text.format(limit=wording.count(self.limit)))

    def weigh(self, value: Any) -> None:
        """Pays for a walk through the whole value, as comparing or writing it does. It must be a JSON value."""
        waiting = [value]
        while waiting:
            one = waiting.pop()
            self.spend(cost_of(one))
            if isinstance(one, dict):
                waiting.extend(one.values())
            elif isinstance(one, list):
                waiting.extend(one)
            elif one is not None and not isinstance(one, str | int | float):
                raise EvaluationFailed(_("gives an expression (&...), not a value"))


def cost_of(value: Any) -> int:
    """Steps for touching each element of a value once, without going into them."""
    if isinstance(value, str):
        return 1 + len(value) // _LETTERS_A_STEP
    return 1 + len(value) if isinstance(value, dict | list) else 1


class _Functions(functions.Functions):
    """The library's functions, each paid for before it is called; and `split`, which it lacks."""

    # Their work depends on the whole depth of what they get.
    _DEEP = frozenset({"to_string", "contains"})

    def __init__(self, meter: Meter) -> None:
        self.meter = meter

    def call_function(self, function_name: str, resolved_args: Iterable[Any]) -> Any:
        """Calls a function with its evaluated arguments."""
        resolved_args = list(resolved_args)
        for argument in resolved_args:
            # Sorting compares elements several times; checking the types of elements touches them once more.
            self.meter.spend(4 * cost_of(argument))
            if function_name in self._DEEP:
                self.meter.weigh(argument)
        if function_name == "join" and len(resolved_args) == 2:
            self._pay_for_join(*resolved_args)
        return super().call_function(function_name, resolved_args)

    def _pay_for_join(self, glue: Any, parts: Any) -> None:
        if isinstance(glue, str) and isinstance(parts, list):
            letters = len(glue) * len(parts) + sum(len(part) for part in parts if isinstance(part, str))
            self.meter.spend(letters // _LETTERS_A_STEP)

    @functions.signature({"types": ["string"]}, {"types": ["string"]})
    def _func_split(self, text: str, separator: str) -> list[str]:
        """`split('a.b', '.')` is `['a', 'b']`."""
        self.meter.spend(text.count(separator) if separator else 0)
        return text.split(separator) if separator else [text]


FUNCTIONS = frozenset(_Functions.FUNCTION_TABLE)


def _literal(value: Any) -> dict[str, Any]:
    """A node that stands for a value which is known already."""
    return {"type": "literal", "value": value, "children": []}


class _Interpreter(TreeInterpreter):
    """The library's interpreter; what it does in one go with many elements is paid for first."""

    def __init__(self, meter: Meter) -> None:
        super().__init__(Options(custom_functions=_Functions(meter)))
        self.meter = meter
        self.root: Any = None
        self.read: set[str] = set()

    def visit_field(self, node: Any, value: Any) -> Any:
        if value is self.root:
            self.read.add(node["value"])
        return super().visit_field(node, value)

    def visit(self, node: Any, *args: Any, **kwargs: Any) -> Any:
        self.meter.spend(1)
        return super().visit(node, *args, **kwargs)

    def visit_comparator(self, node: Any, value: Any) -> Any:
        sides = [self.visit(child, value) for child in node["children"]]
        for side in sides:
            self.meter.weigh(side)
        known: Any = {**node, "children": [_literal(side) for side in sides]}
        return super().visit_comparator(known, value)

    def visit_flatten(self, node: Any, value: Any) -> Any:
        base = self.visit(node["children"][0], value)
        if isinstance(base, list):
            self.meter.spend(sum(cost_of(one) if isinstance(one, list) else 1 for one in base))
        known: Any = {**node, "children": [_literal(base)]}
        return super().visit_flatten(known, value)

    def visit_slice(self, node: Any, value: Any) -> Any:
        self.meter.spend(cost_of(value))
        return super().visit_slice(node, value)


def _nodes(tree: dict[str, Any]) -> Iterator[tuple[int, dict[str, Any]]]:
    """All nodes of a parsed expression with their depth."""
    waiting = [(1, tree)]
    while waiting:
        depth, node = waiting.pop()
        yield depth, node
        waiting.extend((depth + 1, child) for child in node.get("children", ()) if isinstance(child, dict))


def _check_text(text: str) -> None:
    """What has to be settled before parsing: how deep it goes, and literals that the library only warns about."""
    if sum(map(text.count, "([{!&")) > MAX_BRACKETS:
        text = _("is nested too deeply: at most {most} brackets and signs ! and &")
        raise ExpressionRefused(text.format(most=MAX_BRACKETS))
    for literal in (found["json"] for found in _LITERALS.finditer(text) if found["json"] is not None):
        try:
            json.loads(literal.replace("\\`", "`"))
        except (ValueError, RecursionError):
            raise ExpressionRefused(
                _("has a literal that is not JSON: write `1` or `null`, and 'text' for text")
            ) from None


def _parse(text: str) -> dict[str, Any]:
    try:
        return dict(jmespath.compile(text).parsed)
    except JMESPathError as error:
        first = str(error).partition("\n")[0].rstrip(": ")
        text = _("is not a JMESPath expression: {reason}")
        raise ExpressionRefused(text.format(reason=first[:200])) from error
    except RecursionError:
        raise ExpressionRefused(_("is nested too deeply")) from None
    except (ValueError, TypeError, LookupError) as error:
        raise ExpressionRefused(_("is not a JMESPath expression")) from error


def _check(tree: dict[str, Any]) -> None:
    for count, (depth, node) in enumerate(_nodes(tree), 1):
        if depth > MAX_DEPTH:
            raise ExpressionRefused(_("is nested too deeply: at most {most} levels").format(most=MAX_DEPTH))
        if count > MAX_NODES:
            raise ExpressionRefused(_("has too many parts: at most {most}").format(most=MAX_NODES))
        if node["type"] == "function_expression" and node["value"] not in FUNCTIONS:
            known = ", ".join(sorted(FUNCTIONS))
            text = _("calls {name}(), which is no function; there are {known}")
            raise ExpressionRefused(text.format(name=str(node["value"])[:50], known=known))
        if node["type"] == "slice" and node["children"][2] == 0:
            raise ExpressionRefused(_("slices with a step of 0"))


@lru_cache(maxsize=4_096)
def compile_expression(text: str) -> dict[str, Any]:
    """The expression, parsed and checked. Raises `ExpressionRefused`."""
    if not text.strip():
        raise ExpressionRefused(_("is empty"))
    if len(text) > MAX_EXPRESSION:
        reason = _("must have at most {most} characters")
        raise ExpressionRefused(reason.format(most=wording.count(MAX_EXPRESSION)))
    _check_text(text)
    tree = _parse(text)
    _check(tree)
    return tree


def _type_fault(error: JMESPathTypeError) -> str:
    text = _("cannot be evaluated here: {name}() takes {wanted}, and was given {got}")
    wanted = either([_type_words(one) for one in error.expected_types])
    return text.format(name=error.function_name, wanted=wanted, got=_type_words(error.actual_type))


def _type_words(name: str) -> str:
    return _(_TYPE_WORDS[name]) if name in _TYPE_WORDS else name


class Evaluator:
    """Evaluates expressions that share one limit of steps, such as those of one delivery."""

    def __init__(self, limit: int = MAX_WORK) -> None:
        self.meter = Meter(limit)
        self._interpreter = _Interpreter(self.meter)

    def search(self, tree: dict[str, Any], value: Any) -> Any:
        """The value of a parsed expression: always a JSON value, no larger than the steps that are left.

        Raises `EvaluationFailed`, as `TooMuchWork` when the steps are used up.
        """
        self._interpreter.root, self._interpreter.read = value, set()
        try:
            found = self._interpreter.visit(tree, value)
        except JMESPathTypeError as error:
            raise EvaluationFailed(_type_fault(error)) from error
        except _FAULTS as error:
            first = str(error).partition("\n")[0] or type(error).__name__
            text = _("cannot be evaluated here: {reason}")
            raise EvaluationFailed(text.format(reason=first[:200])) from error
        self.meter.weigh(found)
        return found

    @property
    def read(self) -> frozenset[str]:
        """The fields of the whole value that the last search looked at, by name."""
        return frozenset(self._interpreter.read)
