"""One team at its limit, another beside it: does the other one notice? `python -m bench neighbour`.

The quiet team reports one execution every tenth of a second and opens pages; in every second part of a round the other
team sends twice what its limit lets in, from a process of its own on the same machine. Parts change their order from
round to round, so that what else slows the machine meets both. The 99th percentiles are of all rounds together; their
spread is the percentile bootstrap of rounds (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13).
"""

import http.client
import multiprocessing
import random
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from bench.filling import analyze, fill
from bench.overload import flood, latencies
from bench.stage import Stage, wait_for_web

ROUNDS, PART_SECONDS = 8, 8.0
# Requests of ten executions (about 100 steps) a second: a fifth to a quarter of what the server sustains on two cores.
LIMIT, FACTOR, CONNECTIONS = 20, 2, 8
EXECUTIONS = 2_000
PAGE_PAUSE_SECONDS = 0.2
LIMIT_P99_RISE = 0.2
RESAMPLES = 2_000


@dataclass(slots=True)
class Heard:
    """Milliseconds of the quiet team's requests, round by round: alone, and beside the other team."""

    alone: list[list[float]] = field(default_factory=list)
    beside: list[list[float]] = field(default_factory=list)


def measure(stage: Stage, noisy: Any, quiet: Any) -> dict[str, Any]:
    """Both kinds of requests of the quiet team, and what became of the noisy one's."""
    from accounts.models import TeamLimits

    TeamLimits.objects.create(team=noisy.team, requests_per_second=LIMIT)
    fill(quiet.team.id, 0, EXECUTIONS, datetime.now(UTC))
    analyze()
    heard, answers = {"reports": Heard(), "pages": Heard()}, Counter[str]()
    pages = _pages(quiet)
    web = stage.spawn("web")
    try:
        wait_for_web(stage.port)
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            _part(stage.port, quiet, pages, "warm", PART_SECONDS)
            for number in range(ROUNDS):
                for is_beside in (True, False) if number % 2 else (False, True):
                    name = f"round-{number}-{is_beside}"
                    about = (stage.port, noisy.api_key, name, LIMIT * FACTOR, CONNECTIONS, PART_SECONDS + 1)
                    flooding = pool.apply_async(flood, about) if is_beside else None
                    found = _part(stage.port, quiet, pages, name, PART_SECONDS)
                    for kind, times in found.items():
                        (heard[kind].beside if is_beside else heard[kind].alone).append(times)
                    if flooding:
                        answers += flooding.get()
    finally:
        web.terminate()
        web.wait()
    return {
        **{kind: compared(one) for kind, one in heard.items()},
        "noisy_team": {
            "limit_requests_per_s": LIMIT,
            "offered_requests_per_s": LIMIT * FACTOR,
            "answers": dict(answers),
        },
        "rounds": ROUNDS,
        "limit_p99_rise": LIMIT_P99_RISE,
    }


def _pages(quiet: Any) -> dict[str, Any]:
    """The addresses of the quiet team's pages, and the header that opens them."""
    from django.conf import settings

    from bench.filling import Filled
    from bench.pages import addresses, visitor

    filled = Filled(quiet, EXECUTIONS, datetime.now(UTC))
    session = visitor(filled).cookies[settings.SESSION_COOKIE_NAME]
    paths = addresses(filled)
    return {
        "paths": [paths[name] for name in ("trends_30d", "failed_list", "execution_detail")],
        "headers": {"Cookie": f"{session.key}={session.value}"},
    }


def _part(port: int, quiet: Any, pages: dict[str, Any], name: str, seconds: float) -> dict[str, list[float]]:
    """The quiet team reports and opens pages for so long, over a connection each."""
    found: dict[str, list[float]] = {}
    errors: list[BaseException] = []

    def run(kind: str, work: Callable[[], list[float]]) -> None:
        try:
            found[kind] = work()
        except BaseException as error:
            errors.append(error)

    works = {
        "reports": lambda: latencies(port, quiet.api_key, name, seconds),
        "pages": lambda: _open(port, pages["paths"], pages["headers"], seconds),
    }
    threads = [threading.Thread(target=run, args=one) for one in works.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]
    return found


def _open(port: int, paths: Sequence[str], headers: dict[str, str], seconds: float) -> list[float]:
    """Milliseconds of pages opened in turn."""
    found: list[float] = []
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        began = time.perf_counter()
        connection.request("GET", paths[len(found) % len(paths)], headers=headers)
        answer = connection.getresponse()
        answer.read()
        found.append((time.perf_counter() - began) * 1e3)
        if answer.status != 200:
            raise RuntimeError(f"a page of the quiet team answered {answer.status}")
        time.sleep(PAGE_PAUSE_SECONDS)
    connection.close()
    return found


def compared(heard: Heard) -> dict[str, Any]:
    """Percentiles of both, how far the 99th rises, and between what values that is in 95 of 100 resamples of rounds."""
    chance, rises = random.Random(7), []
    rounds = range(len(heard.alone))
    for _ in range(RESAMPLES):
        chosen = chance.choices(rounds, k=len(rounds))
        rises.append(_p99([heard.beside[n] for n in chosen]) / _p99([heard.alone[n] for n in chosen]) - 1)
    rises.sort()
    return {
        "count": sum(map(len, heard.alone)) + sum(map(len, heard.beside)),
        "alone_p50_ms": statistics.median(_all(heard.alone)),
        "beside_p50_ms": statistics.median(_all(heard.beside)),
        "alone_p99_ms": _p99(heard.alone),
        "beside_p99_ms": _p99(heard.beside),
        "p99_rise": _p99(heard.beside) / _p99(heard.alone) - 1,
        "p99_rise_low": rises[int(0.025 * RESAMPLES)],
        "p99_rise_high": rises[int(0.975 * RESAMPLES) - 1],
        "p99_rise_by_round": [_p99([b]) / _p99([a]) - 1 for a, b in zip(heard.alone, heard.beside, strict=True)],
    }


def _all(parts: list[list[float]]) -> list[float]:
    return [value for part in parts for value in part]


def _p99(parts: list[list[float]]) -> float:
    """The nearest rank, so that no value is made up."""
    values = sorted(_all(parts))
    return values[min(len(values) - 1, int(0.99 * len(values)))]
