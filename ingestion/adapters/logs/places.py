"""Finding a field of a log record wherever its sender put it: at the top, dotted, nested or under a container. Pure."""

from collections.abc import Iterable, Iterator
from typing import Any

# Objects in which loggers and shippers keep the fields of a line.
CONTAINERS = (
    "attributes",
    "labels",
    "fields",
    "metadata",
    "structured_metadata",
    "structuredMetadata",
    "extra",
    "context",
    "mdc",
    "contextMap",
    "properties",
    "tags",
    "resources",
    "span",
    "json",
)
Fields = dict[str, Any]


def _at(fields: Fields, name: str) -> Any:
    """The value under a name, or under its dotted parts (`trace.id` is also `{"trace": {"id": ...}}`)."""
    if name in fields:
        return fields[name]
    first, dot, rest = name.partition(".")
    inner = fields.get(first) if dot else None
    return inner.get(rest) if isinstance(inner, dict) else None


def scopes(fields: Fields, labels: Fields | None) -> list[Fields]:
    """Where fields of a line may be: itself, its containers, the labels that came along."""
    return [*_with_containers(fields), *_with_containers(labels)] if labels else _with_containers(fields)


def _with_containers(fields: Fields) -> list[Fields]:
    return [fields, *(inner for name in CONTAINERS if isinstance(inner := fields.get(name), dict))]


def find(places: Iterable[Fields], names: Iterable[str]) -> Iterator[tuple[str, Any]]:
    """Told values under any of the names, in the order of the names, each with its name."""
    places = list(places)
    for name in names:
        for fields in places:
            if (value := _at(fields, name)) is not None and value != "":
                yield name, value
