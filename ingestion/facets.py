"""Facets: bounded attributes of an execution that analysis may group by, from its report. Touches no database."""

from collections.abc import Iterator
from typing import Any

import msgspec

from ingestion.records import ExecutionReport
from monitoring.identity import LabelKind, facet_id, facet_text
from monitoring.store.fields import pack_ids
from monitoring.store.labels import Names

MAX_FACET_VALUE = 200
MAX_INPUT_FACETS = 20
# Facets of these names are what executions are grouped by; sessions and users are single ones.
GROUPED = ("input.", "tag.")
_encode = msgspec.json.encode


def facets_of(report: ExecutionReport, names: Names) -> tuple[bytes | None, list[str] | None]:
    """The columns `facet_ids` and `facets` of an execution. Collects the names of the keys in `names`."""
    grouped: list[int] = []
    found: set[str] = set()
    keys = names.labels_of[LabelKind.FACET]
    for key, text in _told(report):
        key_id = keys[key]
        if key.startswith(GROUPED):
            grouped.append(facet_id(key_id, text))
        found.add(facet_text(key, text))
    return (pack_ids(grouped), sorted(found)) if found else (None, None)


def _told(report: ExecutionReport) -> Iterator[tuple[str, str]]:
    """Bounded attributes that analysis may group by, as (key, value)."""
    for name, value in (report.tags or {}).items():
        yield f"tag.{name}", value[:MAX_FACET_VALUE]
    if isinstance(report.input, dict):
        yield from _input_facets(report.input)
    if report.session:
        yield "session", report.session[:MAX_FACET_VALUE]
    if report.user:
        yield "user", report.user[:MAX_FACET_VALUE]
    for one in report.feedback or ():
        text = one.comment if one.score is None else _encode(one.score).decode()
        if text:
            yield f"feedback.{one.key}", text[:MAX_FACET_VALUE]


def _input_facets(fields: dict[str, Any]) -> Iterator[tuple[str, str]]:
    count = 0
    for name, value in fields.items():
        if not isinstance(value, str | int | float):
            continue
        text = value if isinstance(value, str) else _encode(value).decode()
        if len(text) > MAX_FACET_VALUE or count == MAX_INPUT_FACETS:
            continue
        count += 1
        yield f"input.{name}", text
