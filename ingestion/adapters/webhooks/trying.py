"""Trying a mapping on a delivery without storing anything: what every field would become, or why it would not."""

from typing import Any

import msgspec
from msgspec import Struct

from ingestion.adapters.refusals import Refused
from ingestion.adapters.rest import read_item
from ingestion.adapters.webhooks.mapping import Mapping, execution_of
from ingestion.adapters.webhooks.told import About
from ingestion.records import ExecutionReport
from monitoring.analysis.expressions import Evaluator

MAX_ITEMS = 3
MAX_SHOWN = 300


class TriedField(Struct, frozen=True, kw_only=True):
    """A field of an item: what was found, as JSON, or why it is refused. Neither: nothing was found."""

    name: str
    value: str | None = None
    error: str | None = None


class TriedItem(Struct, frozen=True, kw_only=True):
    """An item: its fields, and the execution it would become; or why it is refused; neither when it is left out."""

    fields: list[TriedField] = []
    report: ExecutionReport | None = None
    refused: Refused | None = None


class Tried(Struct, frozen=True, kw_only=True):
    """A delivery: its first items, how many it has, and why it is refused as a whole."""

    items: list[TriedItem] = []
    count: int = 0
    refused: Refused | None = None


def _shown(value: Any) -> str:
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}\N{HORIZONTAL ELLIPSIS}"


def _field(name: str, value: Any, refused: Refused | None) -> TriedField:
    if isinstance(value, Refused):
        return TriedField(name=name, error=value.reason)
    # A value that was found, but that the field does not take.
    error = refused.reason if refused and refused.field.partition("[")[0] == name.partition(".")[0] else None
    return TriedField(name=name, value=None if value is None else _shown(value), error=error)


def _item(mapping: Mapping, scope: dict[str, Any], about: About, evaluator: Evaluator) -> TriedItem:
    try:
        if not mapping.is_wanted(scope, evaluator):
            return TriedItem()
    except Refused as refused:
        return TriedItem(refused=refused)
    found = mapping.values(scope, evaluator)
    execution, report, fault = execution_of(found, about), None, None
    if isinstance(execution, Refused):
        fault = execution
    else:
        try:
            report = read_item(execution, about.received_at)
        except Refused as refused:
            fault = refused
    fields = [_field(name, value, fault) for name, value in found.items()]
    return TriedItem(fields=fields, report=report, refused=fault)


def try_mapping(mapping: Mapping, body: Any, about: About) -> Tried:
    """What a delivery would become. Never raises for what is in the delivery."""
    evaluator = Evaluator()
    try:
        scopes = mapping.items(body, about, evaluator)
    except Refused as refused:
        return Tried(refused=refused)
    items = [_item(mapping, scope, about, evaluator) for scope in scopes[:MAX_ITEMS]]
    return Tried(items=items, count=len(scopes))
