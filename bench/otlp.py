"""OTLP over HTTP against plain COPY of the same final rows, in protobuf and JSON, and the bytes a span takes on disk.

The same pairs as in `bench.ingest`; a span is a root or a step, and ratios compare whole runs.
"""

import http.client
import statistics
from collections.abc import Callable, Sequence
from typing import Any

import psycopg

from bench import copying
from bench.ingest import BATCHES, EXECUTIONS, PAIRS, Side, in_parallel, theirs
from bench.spans import as_json, requests
from bench.stage import Stage, wait_for_web
from bench.usage import cpu_seconds

LIMIT_RATIO, LIMIT_JSON, LIMIT_BYTES = 3.5, 2.0, 450.0
TYPES = {"protobuf": "application/x-protobuf", "json": "application/json"}
NUMBER = "CASE WHEN external_id ~ '^[0-9a-f]{32}$' THEN ('x' || right(external_id, 8))::bit(32)::bigint END"
_SIZE = """
SELECT sum(pg_total_relation_size(c.oid)) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname = 'public' AND c.relkind = 'r' AND c.relname NOT LIKE 'copy\\_%%'
"""


def send(port: int, key: str, encoding: str) -> Callable[[Sequence[bytes]], None]:
    """Sends bodies over one kept connection; each must be stored whole, which an empty answer says."""
    headers = {"Authorization": f"Bearer {key}", "Content-Type": TYPES[encoding]}

    def work(part: Sequence[bytes]) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        for body in part:
            connection.request("POST", "/v1/traces", body, headers)
            answer = connection.getresponse()
            told = answer.read()
            if answer.status != 200 or told not in (b"", b"{}"):
                raise RuntimeError(f"not stored: {answer.status} {told!r}")
        connection.close()

    return work


def ours(stage: Stage, web: int, key: str, encoding: str, first: int) -> tuple[Side, int]:
    """One run of our side, counted in steps as COPY's side is; also the spans that were sent."""
    made = list(requests(BATCHES, first))
    spans = sum(len(one.resource_spans[0].scope_spans[0].spans) for one in made)
    bodies = [as_json(one) if encoding == "json" else one.SerializeToString() for one in made]
    before = cpu_seconds(web), cpu_seconds(stage.postgres_pid())
    in_parallel(send(stage.port, key, encoding), bodies)
    used = cpu_seconds(web) - before[0], cpu_seconds(stage.postgres_pid()) - before[1]
    return Side(*used, spans - BATCHES * EXECUTIONS), spans


def disk_bytes(stage: Stage) -> int:
    """What all tables and indexes take, but for the copies."""
    with psycopg.connect(stage.admin_url()) as connection:
        row = connection.execute(_SIZE).fetchone()
    return int(row[0]) if row else 0


def compare(stage: Stage, web: int, key: str, encoding: str, start: int, *, pairs: int = PAIRS) -> dict[str, Any]:
    """The pairs of one encoding; the first round only warms up."""
    ours(stage, web, key, encoding, start)
    sides, sent, sizes = [], 0, []
    for number in range(1, pairs + 1):
        first = start + number * 1_000_000
        before, floors = disk_bytes(stage), copying.floors(stage.admin_url())
        mine, spans = ours(stage, web, key, encoding, first)
        sizes.append((disk_bytes(stage) - before) / spans)
        sides.append((mine, theirs(stage, copying.Round(first, BATCHES, EXECUTIONS, NUMBER, floors), mine.steps)))
        sent += spans
    per_span = 1e6 * pairs / sent
    return {
        "spans_sent": sent,
        "cpu_s_per_million_spans": statistics.median(mine.web + mine.postgres for mine, _ in sides) * per_span,
        "of_which_web": statistics.median(mine.web for mine, _ in sides) * per_span,
        "of_which_postgres": statistics.median(mine.postgres for mine, _ in sides) * per_span,
        "copy_cpu_s_per_million_spans": statistics.median(copy.postgres for _, copy in sides) * per_span,
        "ratio_to_copy": statistics.median(mine.per_million / copy.per_million for mine, copy in sides),
        "ratios": [mine.per_million / copy.per_million for mine, copy in sides],
        "disk_bytes_per_span": statistics.median(sizes),
    }


def measure(stage: Stage, key: str) -> dict[str, Any]:
    """Both encodings against the same web process."""
    web = stage.spawn("web")
    copying.make_copies(stage.admin_url())
    try:
        wait_for_web(stage.port)
        found = {
            encoding: compare(stage, web.pid, key, encoding, (1 + place) * 100_000_000)
            for place, encoding in enumerate(TYPES)
        }
    finally:
        web.terminate()
        web.wait()
    cpu = {encoding: figures["cpu_s_per_million_spans"] for encoding, figures in found.items()}
    return {
        **found,
        "limits": {
            "protobuf ratio_to_copy": LIMIT_RATIO,
            "json to protobuf": LIMIT_JSON,
            "disk_bytes_per_span": LIMIT_BYTES,
        },
        "json_to_protobuf": cpu["json"] / cpu["protobuf"],
    }
