"""Memory of a web process while spans come: it must not grow with their number.

Half a million spans, a tenth of a day's five million: what a process keeps is bounded by caches, which are full long
before.
"""

from typing import Any

from bench.ingest import in_parallel
from bench.otlp import send
from bench.spans import requests
from bench.stage import Stage, wait_for_web
from bench.usage import pss_bytes

REQUESTS, PART = 5_000, 250
MEGABYTE = 1_000_000
FIRST = 900_000_000
# After the first tenth all caches are full.
WARM = 0.1
LIMIT_GROWTH_MB = 20.0


def measure(stage: Stage, key: str) -> dict[str, Any]:
    """Proportional set size of the web tree before, after each part, and how much it grew after the first tenth."""
    web = stage.spawn("web")
    try:
        wait_for_web(stage.port)
        before, spans, sizes = pss_bytes(web.pid) / MEGABYTE, 0, []
        for part in range(0, REQUESTS, PART):
            made = list(requests(PART, FIRST + 10 * part))
            spans += sum(len(one.resource_spans[0].scope_spans[0].spans) for one in made)
            in_parallel(send(stage.port, key, "protobuf"), [one.SerializeToString() for one in made])
            sizes.append(pss_bytes(web.pid) / MEGABYTE)
    finally:
        web.terminate()
        web.wait()
    warm = sizes[int(len(sizes) * WARM)]
    return {
        "spans_sent": spans,
        "megabytes_before": before,
        "megabytes_when_warm": warm,
        "megabytes_in_the_middle": sizes[len(sizes) // 2],
        "megabytes_at_the_end": sizes[-1],
        "megabytes_after_each_part": [round(size, 1) for size in sizes],
        "growth_mb": sizes[-1] - warm,
        "limit_growth_mb": LIMIT_GROWTH_MB,
    }
