"""Memory of a web process while spans come: it must not grow with their number.

By default half a million spans, a tenth of a day's five million; `--spans 5000000` sends the whole day (half an hour).
"""

from typing import Any

from bench.ingest import in_parallel
from bench.otlp import send
from bench.spans import SPANS as SPANS_A_TRACE
from bench.spans import TRACES, requests
from bench.stage import Stage, wait_for_web
from bench.usage import pss_bytes

SPANS = 500_000
# Requests are made, sent and forgotten part by part; PARTS is a multiple of ten.
PARTS = 100
TENTH = PARTS // 10
MEGABYTE = 1_000_000
FIRST = 900_000_000
LIMIT_GROWTH_MB = 20.0


def measure(stage: Stage, key: str, spans: int) -> dict[str, Any]:
    """Proportional set size of the web tree before, after each tenth, and how much it grew after the first tenth.

    Sends about so many spans: traces that fail are shorter.
    """
    web = stage.spawn("web")
    count = max(1, round(spans / (PARTS * TRACES * SPANS_A_TRACE)))
    try:
        wait_for_web(stage.port)
        before, sent, sizes = pss_bytes(web.pid) / MEGABYTE, 0, []
        for part in range(PARTS):
            made = list(requests(count, FIRST + part * count * TRACES))
            sent += sum(len(one.resource_spans[0].scope_spans[0].spans) for one in made)
            in_parallel(send(stage.port, key, "protobuf"), [one.SerializeToString() for one in made])
            sizes.append(pss_bytes(web.pid) / MEGABYTE)
            if (part + 1) % TENTH == 0:
                print(f"{sent:,} spans: {sizes[-1]:.1f} MB", flush=True)
    finally:
        web.terminate()
        web.wait()
    # After the first tenth all caches are full.
    tenths = sizes[TENTH - 1 :: TENTH]
    return {
        "spans_sent": sent,
        "megabytes_before": before,
        "megabytes_after_each_tenth": [round(size, 1) for size in tenths],
        "megabytes_at_most": max(sizes),
        "growth_mb": tenths[-1] - tenths[0],
        "limit_growth_mb": LIMIT_GROWTH_MB,
    }
