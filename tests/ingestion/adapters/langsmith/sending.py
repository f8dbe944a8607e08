"""Runs and bodies as the SDKs make them."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
BOUNDARY = "a3f1"
MULTIPART = f"multipart/form-data; boundary={BOUNDARY}"


def uid(number: int) -> str:
    """The id of the run with this number."""
    return str(UUID(int=number))


def at(seconds: float) -> datetime:
    """A time this long after the start of all traces, 10 minutes ago."""
    return NOW - timedelta(minutes=10) + timedelta(seconds=seconds)


def dotted(*runs: tuple[int, float]) -> str:
    """The dotted order of (number, start) from the root on."""
    return ".".join(f"{at(start):%Y%m%dT%H%M%S%fZ}{uid(number)}" for number, start in runs)


def post(number: int = 1, **fields: Any) -> dict[str, Any]:
    """A root run of type chain that began, unless told otherwise."""
    return {
        "id": uid(number),
        "trace_id": uid(1),
        "dotted_order": dotted((1, 0)) if number == 1 else dotted((1, 0), (number, number)),
        "name": f"run {number}",
        "run_type": "chain" if number == 1 else "llm",
        "start_time": at(0 if number == 1 else number).isoformat(),
        "session_name": "shop",
        **({} if number == 1 else {"parent_run_id": uid(1)}),
        **fields,
    }


def multipart(*items: tuple[str, dict[str, Any]], attachments: dict[str, tuple[str, bytes]] | None = None) -> bytes:
    """A body of (post or patch or feedback, fields), split into parts as the SDKs do."""
    parts = []
    for kind, fields in items:
        main = dict(fields)
        names = () if kind == "feedback" else ("inputs", "outputs", "events", "extra", "error", "serialized")
        sides = {name: main.pop(name) for name in names if name in main}
        parts.append(part(f"{kind}.{fields['id']}", json.dumps(main).encode()))
        parts += [part(f"{kind}.{fields['id']}.{name}", json.dumps(value).encode()) for name, value in sides.items()]
    for name, (content_type, data) in (attachments or {}).items():
        parts.append(part(name, data, content_type))
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


def part(name: str, data: bytes, content_type: str = "application/json") -> bytes:
    """One part."""
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\nContent-Type: {content_type}\r\n'
    return f"{head}Content-Length: {len(data)}\r\n\r\n".encode() + data + b"\r\n"
