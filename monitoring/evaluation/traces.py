"""The faulty service of each case in a file of traces, by the product's own analysis.

A line is an execution record; `attributes.case` names its case, and `normal` is the healthy cohort.
"""

import gzip
import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from monitoring.analysis.suspects import Stay, observe, rank_services
from monitoring.analysis.timeline import Visit

HEALTHY = "normal"
_GZIP_MAGIC = b"\x1f\x8b"


def answer_file(path: Path) -> dict[str, list[str]]:
    """For each case its services, most suspect first. ValueError when the file has no healthy executions.

    A case is compared with the healthy executions and with the other cases: what all bad windows show (a table that
    grew since the healthy one) singles none of them out.
    """
    cases: dict[str, list[list[Stay]]] = {}
    for record in read_records(path):
        name = (record.get("attributes") or {}).get("case")
        if name is not None:
            cases.setdefault(str(name), []).append(stays_of(record))
    if HEALTHY not in cases:
        raise ValueError(f'no execution has the case "{HEALTHY}"')
    return {
        name: [suspect.service for suspect in rank_services([cases[o] for o in cases if o != name], executions)]
        for name, executions in cases.items()
        if name != HEALTHY
    }


def read_records(path: Path) -> Iterator[dict[str, Any]]:
    """The records of a file of JSON lines, compressed with gzip or not. ValueError names the line that is none."""
    data = path.read_bytes()
    text = (gzip.decompress(data) if data.startswith(_GZIP_MAGIC) else data).decode()
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            record = json.loads(line)
            if not isinstance(record, dict):
                raise ValueError(f"line {number} is no object")
            yield record


def stays_of(record: Mapping[str, Any]) -> list[Stay]:
    """The steps of one execution record as the analysis sees them."""
    steps = record.get("steps") or []
    numbers = {step.get("id"): number for number, step in enumerate(steps)}
    visits = [_visit(number, step, numbers) for number, step in enumerate(steps)]
    return observe(visits, [str(step.get("node") or "") for step in steps])


def _visit(number: int, step: Mapping[str, Any], numbers: Mapping[Any, int]) -> Visit:
    attributes = step.get("attributes") or {}
    start = step.get("started_at")
    start_ms = datetime.fromisoformat(start).timestamp() * 1000 if start else None
    length = step.get("duration_ms")
    return Visit(
        id=number,
        name=str(attributes.get("operation") or step.get("node") or ""),
        status=str(step.get("status") or "unknown"),
        parent_id=numbers.get(step.get("parent_id")),
        start_ms=start_ms,
        end_ms=None if start_ms is None or length is None else start_ms + length,
        position=number,
    )
