"""A mapping that a team wrote: a JMESPath expression per neutral field, as a flat document.

`items` finds the list of things that each become an execution (without it, the body or each element of a list does),
`only` keeps those for which it is true, `steps` finds the steps of one. Inside an item, `_body` is the whole body and
`_headers` the headers; inside a step, `_item` is its item.
"""

from collections.abc import Iterator
from typing import Any

from accounts.phrases import gettext_noop
from ingestion.adapters.refusals import Refused
from ingestion.adapters.webhooks.told import About, moment_of, text_of
from monitoring.analysis.expressions import (
    EvaluationFailed,
    Evaluator,
    ExpressionRefused,
    compile_expression,
    cost_of,
)

MAX_ITEMS = 1_000
MAX_STEPS = 2_000
ITEMS, ONLY, STEPS = "items", "only", "steps"
_TOKENS = (
    *("tokens.input", "tokens.output", "tokens.cache_read", "tokens.cache_write", "tokens.reasoning"),
    *("tokens.cache_write_1h", "tokens.input_audio", "tokens.input_image", "tokens.output_audio"),
    "tokens.output_image",
)
_ERROR = ("error.type", "error.message", "error.detail")
EXECUTION_FIELDS = (
    "id",
    "workflow",
    "status",
    "started_at",
    "finished_at",
    "duration_ms",
    *_ERROR,
    "attempt",
    "retry_of",
    "trigger",
    "environment",
    "release",
    "commit",
    "schedule",
    "schedule_zone",
    "input_type",
    "input",
    "output",
    "url",
    "cost_usd",
    *_TOKENS,
    "user",
    "session",
    "parent_execution",
    "workflow_type",
    "revision",
    "tags",
    "attributes",
)
STEP_FIELDS = (
    "id",
    "node",
    "kind",
    "status",
    "started_at",
    "finished_at",
    "duration_ms",
    *_ERROR,
    "parent_id",
    "position",
    "attempt",
    "provider",
    "model",
    "tool",
    "external_system",
    "cost_usd",
    *_TOKENS,
    "calls",
    "tier",
    "region",
    "usage",
    "input",
    "output",
    "attributes",
)
FIELDS = (ITEMS, ONLY, *EXECUTION_FIELDS, STEPS, *(f"steps.{name}" for name in STEP_FIELDS))
_NUMBERS = frozenset({"duration_ms", "attempt", "revision", "position", "calls", *_TOKENS})
_TIMES = frozenset({"started_at", "finished_at"})
_ANYTHING = frozenset({"usage", "input", "output", "tags", "attributes", "error.detail", "cost_usd"})
_LONG = frozenset({"error.message", "id", "retry_of", "url", "parent_execution", "user", "session", "parent_id"})
_IS_FALSE: tuple[Any, ...] = ("", [], {}, None, False)
_KNOWN = frozenset(FIELDS)
_AROUND = frozenset({"_body", "_headers", "_item"})
Scope = dict[str, Any]
Found = dict[str, Any]


class MappingRefused(Exception):
    """The mapping cannot be used: the reasons by field."""

    def __init__(self, reasons: dict[str, str]) -> None:
        super().__init__("; ".join(f"{field} {reason}" for field, reason in reasons.items()))
        self.reasons = reasons


def _number(value: Any) -> Any:
    """A number told as text; anything else is left for `rest` to judge."""
    if not isinstance(value, str):
        return int(value) if isinstance(value, float) and value.is_integer() else value
    text = value.strip().replace(",", "")
    try:
        return int(text) if text.lstrip("+-").isdigit() else float(text)
    except ValueError:
        return value


def _settle(field: str, value: Any) -> Any:
    """A value in the form of its field: user-built bodies tell numbers as text and ids as numbers."""
    if field in _ANYTHING:
        return value
    if field in _NUMBERS:
        return _number(value)
    if field in _TIMES:
        return moment_of(value)
    if isinstance(value, dict | list | bool) or field == STEPS:
        return value
    if value is None or value == "":
        return None
    return str(value) if field in _LONG else text_of(value)


def _nest(fields: dict[str, Any]) -> dict[str, Any]:
    """`error.message` as `{"error": {"message": ...}}`; what is null is not told."""
    nested: dict[str, Any] = {}
    for name, value in fields.items():
        if value is None:
            continue
        outer, _, inner = name.partition(".")
        if inner:
            nested.setdefault(outer, {})[inner] = value
        else:
            nested[outer] = value
    return nested


class Mapping:
    """A mapping that can be used. Raises `MappingRefused` with every reason at once."""

    def __init__(self, document: Any) -> None:
        if not isinstance(document, dict):
            raise MappingRefused({"(mapping)": gettext_noop("must be an object of fields and expressions")})
        self.trees: dict[str, dict[str, Any]] = {}
        reasons: dict[str, str] = {}
        for field, text in document.items():
            try:
                self.trees[field] = _compile(field, text)
            except ExpressionRefused as error:
                reasons[str(field)[:100]] = str(error)
        if "id" not in document:
            reasons.setdefault("id", gettext_noop("is missing: without an id nothing tells one execution from another"))
        if any(name.startswith("steps.") for name in self.trees) and STEPS not in self.trees:
            reasons.setdefault(STEPS, gettext_noop("is missing: it finds the list of steps"))
        if STEPS in self.trees and "steps.id" not in self.trees:
            reasons.setdefault(
                "steps.id", gettext_noop("is missing: without an id nothing tells one step from another")
            )
        if reasons:
            raise MappingRefused(reasons)

    def items(self, body: Any, about: About, evaluator: Evaluator) -> list[Scope]:
        """What each becomes an execution, with its surroundings. Raises `Refused`."""
        found = body if isinstance(body, list) else [body]
        if ITEMS in self.trees:
            listed = self._find(ITEMS, _surround(evaluator, body, _body=body, _headers=about.headers), evaluator)
            found = [] if listed is None else listed if isinstance(listed, list) else [listed]
        if len(found) > MAX_ITEMS:
            raise Refused(ITEMS, f"gives {len(found):,} items: at most {MAX_ITEMS:,} are read")
        return [_surround(evaluator, one, _body=body, _headers=about.headers) for one in found]

    def is_wanted(self, scope: Scope, evaluator: Evaluator) -> bool:
        """Whether an item is kept. Raises `Refused`."""
        return ONLY not in self.trees or self._find(ONLY, scope, evaluator) not in _IS_FALSE

    def values(self, scope: Scope, evaluator: Evaluator) -> Found:
        """The fields of an item as they were found, or why not (a `Refused`)."""
        found = {name: self._try(name, scope, evaluator) for name in EXECUTION_FIELDS if name in self.trees}
        if STEPS in self.trees:
            found[STEPS] = self._steps(scope, evaluator)
        return found

    def apply(self, body: Any, about: About) -> Iterator[dict[str, Any] | Refused | None]:
        """The executions of a body in the words of the REST way in; why one is refused; None for one left out."""
        evaluator = Evaluator()
        try:
            scopes = self.items(body, about, evaluator)
        except Refused as refused:
            yield refused
            return
        for scope in scopes:
            try:
                wanted = self.is_wanted(scope, evaluator)
                yield execution_of(self.values(scope, evaluator), about) if wanted else None
            except Refused as refused:
                yield refused

    def _steps(self, scope: Scope, evaluator: Evaluator) -> Any:
        listed = self._try(STEPS, scope, evaluator)
        if listed is None or isinstance(listed, Refused):
            return listed
        if not isinstance(listed, list):
            return Refused(STEPS, "must give a list")
        if len(listed) > MAX_STEPS:
            return Refused(STEPS, f"gives {len(listed):,} steps: at most {MAX_STEPS:,} are read")
        try:
            return [self._step(one, scope, evaluator) for one in listed]
        except Refused as refused:
            return refused

    def _step(self, told: Any, scope: Scope, evaluator: Evaluator) -> dict[str, Any]:
        around = {**{name: scope[name] for name in ("_body", "_headers")}, "_item": _bare(scope)}
        inner = _surround(evaluator, told, **around)
        fields = [name for name in STEP_FIELDS if f"{STEPS}.{name}" in self.trees]
        return _nest({name: _settle(name, self._find(f"{STEPS}.{name}", inner, evaluator)) for name in fields})

    def _find(self, field: str, scope: Scope, evaluator: Evaluator) -> Any:
        tree = self.trees[field]
        # The item itself, without what was put beside it.
        is_whole = tree["type"] in ("current", "identity")
        try:
            return evaluator.search(tree, _bare(scope) if is_whole else scope)
        except EvaluationFailed as error:
            raise Refused(field, str(error)) from error

    def _try(self, field: str, scope: Scope, evaluator: Evaluator) -> Any:
        try:
            return self._find(field, scope, evaluator)
        except Refused as refused:
            return refused


def _compile(field: Any, text: Any) -> dict[str, Any]:
    if field not in _KNOWN:
        raise ExpressionRefused(gettext_noop("is no field of a mapping"))
    if not isinstance(text, str):
        raise ExpressionRefused(gettext_noop("must be a JMESPath expression, as text"))
    return compile_expression(text)


def _surround(evaluator: Evaluator, told: Any, **around: Any) -> Scope:
    """A value with its surroundings; one that is no object is under `_value`. Raises `Refused`."""
    try:
        evaluator.meter.spend(cost_of(told))
    except EvaluationFailed as error:
        raise Refused(ITEMS, str(error)) from error
    return {**(told if isinstance(told, dict) else {"_value": told}), **around}


def _bare(scope: Scope) -> Any:
    if "_value" in scope:
        return scope["_value"]
    return {name: value for name, value in scope.items() if name not in _AROUND}


def execution_of(found: Found, about: About) -> dict[str, Any] | Refused:
    """The fields that a mapping found, as an execution; or why it is refused."""
    if refused := next((value for value in found.values() if isinstance(value, Refused)), None):
        return refused
    execution = _nest({name: _settle(name, value) for name, value in found.items()})
    if "workflow" not in execution and about.workflow:
        execution["workflow"] = about.workflow
    return execution
