"""`python -m bench [KIND ...]`: measures (by default everything), prints, keeps it. Kinds: see `KINDS`."""

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import (
    alerts,
    concentration,
    cost,
    costlines,
    export,
    findings,
    growth,
    idle,
    ingest,
    isolation,
    neighbour,
    otlp,
    otlp_memory,
    overload,
    pages,
    pricing,
    proof,
    redaction,
    rehearsal,
    replay,
    retention,
    target,
    triage,
    verdict,
)
from bench.stage import Stage, open_stage

RESULTS = Path(__file__).parent / "results.json"
KINDS = (
    *("ingest", "otlp", "otlp-memory", "idle", "pages", "verdict", "replay", "overload", "concentration", "triage"),
    *("findings", "proof", "alerts", "rehearsal", "pricing", "costlines", "export", "cost"),
    *("retention", "redaction", "isolation", "neighbour", "growth"),
)
# Only measured where it is told what to measure.
TARGET = "target"


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    model = next((line for line in Path("/proc/cpuinfo").read_text().splitlines() if "model name" in line), ":")
    memory = int(Path("/proc/meminfo").read_text().split()[1]) // 1024
    return {
        "cores": os.cpu_count(),
        "processor": model.partition(":")[2].strip(),
        "memory_mb": memory,
        "python": platform.python_version(),
    }


def run(stage: Stage, wanted: tuple[str, ...], told: argparse.Namespace) -> dict[str, Any]:
    """Each measurement that was asked for, with the sizes that the command line told."""
    import django

    django.setup()
    results: dict[str, Any] = {}
    for name, measure in {**_reporting(stage, told), **_alone(stage, told)}.items():
        if name in wanted:
            results[name] = measure()
            show(name, results[name])
    return results


def _reporting(stage: Stage, told: argparse.Namespace) -> dict[str, Callable[[], dict[str, Any]]]:
    """The measurements that report as teams made for them."""
    from accounts.services.teams import NewTeam, create_team_with_owner

    def made(name: str) -> NewTeam:
        return create_team_with_owner(name=f"Bench {name}", email=f"{name}@example.com")

    return {
        "idle": lambda: idle.measure(stage),
        "ingest": lambda: ingest.measure(stage, made("ingest").api_key),
        "otlp": lambda: otlp.measure(stage, made("otlp").api_key),
        "otlp-memory": lambda: otlp_memory.measure(stage, made("memory").api_key, told.spans),
        "overload": lambda: overload.measure(stage, made("flood"), made("other")),
        "neighbour": lambda: neighbour.measure(stage, made("noisy"), made("quiet")),
        TARGET: lambda: target.measure(stage, made("target").api_key, told.target),
    }


def _alone(stage: Stage, told: argparse.Namespace) -> dict[str, Callable[[], dict[str, Any]]]:
    """The measurements that make their own teams."""
    return {
        "pricing": lambda: pricing.measure(stage),
        "redaction": lambda: redaction.measure(stage),
        "isolation": lambda: isolation.measure(stage),
        "pages": lambda: pages.measure(stage),
        "concentration": lambda: concentration.measure(stage),
        "triage": lambda: triage.measure(stage),
        "findings": findings.measure,
        "proof": proof.measure,
        "cost": lambda: cost.measure(stage),
        "alerts": lambda: alerts.measure(stage),
        "rehearsal": rehearsal.measure,
        "costlines": costlines.measure,
        "export": lambda: export.measure(stage, told.lines),
        "retention": lambda: retention.measure(stage),
        "verdict": verdict.measure,
        "replay": lambda: replay.measure(stage),
        "growth": lambda: growth.measure(stage, told.executions),
    }


def show(name: str, figures: dict[str, Any]) -> None:
    """Prints one measurement."""
    print(f"\n{name}\n{json.dumps(figures, indent=2, default=lambda value: round(value, 3))}", flush=True)


def asked(arguments: list[str] | None = None) -> argparse.Namespace:
    """What the command line asks for; `kinds` are those to measure, `target` is a `bench.target.Target` or None."""
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("kinds", nargs="*", metavar="KIND", help=f"of {', '.join(KINDS)}; all by default; or {TARGET}")
    parser.add_argument("--executions", type=int, default=growth.LARGEST, help="the largest size of growth")
    parser.add_argument("--spans", type=int, default=otlp_memory.SPANS, help="about how many otlp-memory sends")
    parser.add_argument("--lines", type=int, default=export.LINES, help="cost lines that export writes")
    parser.add_argument("--target", help="another product that takes spans: otlp=http://HOST:PORT/v1/traces")
    parser.add_argument("--header", action="append", default=[], help='sent to the target: "Name: value"')
    parser.add_argument("--pid", type=int, help="the target's process on this machine, whose CPU is counted")
    parser.add_argument("--home", type=Path, help="a folder that keeps the database, so that growth fills it once")
    told = parser.parse_args(arguments)
    told.kinds = tuple(told.kinds) or ((TARGET,) if told.target else KINDS)
    if unknown := set(told.kinds) - {*KINDS, TARGET}:
        parser.error(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(KINDS)}, {TARGET}")
    if (TARGET in told.kinds) != bool(told.target):
        parser.error(f"the kind {TARGET} and --target belong together")
    if wrong := growth.wrong_size(told.executions):
        parser.error(wrong)
    try:
        told.target = target.parse(told.target, told.header, told.pid) if told.target else None
    except ValueError as error:
        parser.error(str(error))
    return told


def main() -> int:
    """Runs, prints, and merges the figures into `bench/results.json`."""
    told = asked()
    with open_stage(told.home) as stage:
        results = run(stage, told.kinds, told)
        from django.db import connections

        connections.close_all()
        connections["default"].close_pool()  # type: ignore[attr-defined]
    kept = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    kept |= {"measured_at": datetime.now(UTC).isoformat(timespec="seconds"), "machine": machine(), **results}
    RESULTS.write_text(json.dumps(kept, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
