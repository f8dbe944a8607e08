"""Idle memory of everything together, and the CPU seconds of a cold start of the web process."""

import statistics
import time
from typing import Any

from bench.stage import Stage, wait_for_web
from bench.usage import cpu_seconds, pss_bytes

IDLE_SECONDS = 20
STARTS = 5
LIMIT_PSS_MB, LIMIT_COLD_START_S = 350.0, 3.0


def cold_start(stage: Stage) -> float:
    """CPU seconds of the web process tree from its start to its first answer.

    As always but the first time, its modules are compiled already: also where the environment forbids to keep them.
    """
    web = stage.spawn("web", PYTHONDONTWRITEBYTECODE="")
    try:
        wait_for_web(stage.port)
        return cpu_seconds(web.pid)
    finally:
        web.terminate()
        web.wait()


def measure(stage: Stage) -> dict[str, Any]:
    """Starts the processes as `make up` does, leaves them alone, and reads what they and the servers hold."""
    starts = [cold_start(stage) for _ in range(STARTS)]
    processes = {name: stage.spawn(name) for name in ("web", "worker", "beat")}
    servers = {child.name: child.process.pid for child in stage.servers.children}
    try:
        wait_for_web(stage.port)
        time.sleep(IDLE_SECONDS)
        pids = {**{name: process.pid for name, process in processes.items()}, **servers}
        held = {name: pss_bytes(pid) / 1e6 for name, pid in pids.items()}
    finally:
        for process in processes.values():
            process.terminate()
        for process in processes.values():
            process.wait()
    return {
        "pss_mb": held,
        "pss_mb_together": sum(held.values()),
        "limit_pss_mb": LIMIT_PSS_MB,
        "cold_start_cpu_s": statistics.median(starts),
        "limit_cold_start_cpu_s": LIMIT_COLD_START_S,
    }
