"""Reads files of executions (JSON lines, plain or gzip) into the records that the analysis compares."""

import gzip
import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from monitoring.analysis.steps import Run, Step, describe, is_nothing
from monitoring.statuses import parse_status

Record = Mapping[str, Any]


def read_records(path: Path) -> Iterator[Record]:
    """The executions of a file, one a line. ValueError with the line where one is not an execution."""
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            record = json.loads(line)
            if not isinstance(record, dict) or "id" not in record or not isinstance(record.get("steps", []), list):
                raise ValueError(f"line {number} is not an execution")
            yield record


def to_run(record: Record) -> Run:
    """The execution as the analysis sees it: what is not told stays untold."""
    steps = record.get("steps") or []
    numbers = {str(step["id"]): number for number, step in enumerate(steps)}
    return Run(
        id=str(record["id"]),
        steps=[_step(step, number, numbers) for number, step in enumerate(steps)],
        status=_status(record.get("status")),
        workflow=record.get("workflow") or "",
        release=record.get("version") or "",
        trigger=record.get("trigger") or "",
        duration_ms=record.get("duration_ms"),
    )


def _step(step: Record, number: int, numbers: Mapping[str, int]) -> Step:
    attributes = step.get("attributes") or {}
    start, took = _ms(step.get("started_at")), step.get("duration_ms")
    tokens = [n for n in (step.get("input_tokens"), step.get("output_tokens")) if n is not None]
    shape, size, is_empty = _output(attributes)
    return Step(
        id=number,
        name=" ".join(filter(None, (step.get("node") or "", attributes.get("operation")))),
        status=_status(step.get("status")),
        parent_id=numbers.get(str(step.get("parent_id"))),
        start_ms=start,
        end_ms=start + took if start is not None and took is not None else None,
        attempt=int(attributes.get("attempt") or 1),
        position=number,
        kind=step.get("kind") or "",
        duration_ms=took,
        error=step.get("error") or "",
        tokens=sum(tokens) if tokens else None,
        shape=shape,
        output_bytes=size,
        is_empty=is_empty,
        text=str(attributes.get("content") or attributes.get("text") or ""),
        tool=step.get("tool") or "",
        system=step.get("external_system") or "",
    )


def _output(attributes: Record) -> tuple[str | None, int | None, bool | None]:
    """Shape, size and emptiness of what a step said: its `text` (JSON or words) and the tools it called."""
    if "text" not in attributes:
        return None, None, None
    text, calls = str(attributes["text"] or ""), attributes.get("calls")
    if calls:
        return "calls", len(text.encode()), False
    return _shape(text), len(text.encode()), is_nothing(text)


def _shape(text: str) -> str:
    """What a text is: the shape of JSON, an object or a list where a long one was cut, else words."""
    if not text.startswith(("{", "[")):
        return "text"
    try:
        return describe(json.loads(text))
    except ValueError:
        return "object (cut)" if text[0] == "{" else "list (cut)"


def _status(word: object) -> str:
    return parse_status(str(word or "unknown")).word


def _ms(told: str | None) -> float | None:
    return datetime.fromisoformat(told.replace("Z", "+00:00")).timestamp() * 1000 if told else None
