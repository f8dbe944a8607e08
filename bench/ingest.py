"""Ingest over HTTP against plain COPY of the same final rows: CPU seconds per million steps, in interleaved pairs.

Both sides write to the same PostgreSQL with fsync on, over four connections, a commit for each 100 steps. Our side
counts the web process tree and PostgreSQL, the other PostgreSQL alone: the rows are there, formatted, before its clock
starts. `bench.copying` says which rows.
"""

import http.client
import statistics
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from bench import copying
from bench.reports import bodies
from bench.stage import Stage, wait_for_web
from bench.usage import cpu_seconds

CONNECTIONS = 4
BATCHES = 400
PAIRS = 5
LIMIT_RATIO = 3.0
EXECUTIONS = 10
# The number of an execution that this measurement sent.
NUMBER = "substring(external_id from 'bench-([0-9]+)$')::bigint"


@dataclass(frozen=True, slots=True)
class Side:
    """What one side of a pair used: CPU seconds of web and PostgreSQL, and the steps it wrote."""

    web: float
    postgres: float
    steps: int

    @property
    def per_million(self) -> float:
        """CPU seconds per million steps."""
        return (self.web + self.postgres) / self.steps * 1e6


def in_parallel(work: Callable[[Sequence[Any]], None], items: Sequence[Any]) -> None:
    """Splits the items among CONNECTIONS threads; an error in one is raised here."""
    errors: list[BaseException] = []

    def guarded(part: Sequence[Any]) -> None:
        try:
            work(part)
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(items[i::CONNECTIONS],)) for i in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def send(port: int, key: str) -> Callable[[Sequence[bytes]], None]:
    """Sends bodies over one kept connection; each must be stored whole."""
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

    def work(part: Sequence[bytes]) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        for body in part:
            connection.request("POST", "/api/v1/executions", body, headers)
            answer = connection.getresponse()
            told = msgspec.json.decode(answer.read())
            if answer.status != 200 or told["rejected"] or told["duplicate"]:
                raise RuntimeError(f"not stored: {answer.status} {told}")
        connection.close()

    return work


def ours(stage: Stage, web: int, key: str, round_number: int) -> Side:
    """One run of our side."""
    sent = bodies(BATCHES, round_number * 1_000_000)
    steps = sum(len(item["steps"]) for body in sent for item in msgspec.json.decode(body))
    before = cpu_seconds(web), cpu_seconds(stage.postgres_pid())
    in_parallel(send(stage.port, key), sent)
    return Side(cpu_seconds(web) - before[0], cpu_seconds(stage.postgres_pid()) - before[1], steps)


def theirs(stage: Stage, round: copying.Round, steps: int) -> Side:
    """One run of plain COPY with the rows that our side has just written."""
    url = stage.admin_url()
    batches = copying.read_batches(url, round)
    work, already = copying.copy_in(url), copying.count(url, "step")
    before = cpu_seconds(stage.postgres_pid())
    in_parallel(work, batches)
    side = Side(0.0, cpu_seconds(stage.postgres_pid()) - before, steps)
    if (written := copying.count(url, "step") - already) != steps:
        raise RuntimeError(f"COPY wrote {written} steps, not {steps}")
    return side


def counted_back(port: int, key: str) -> int:
    """The steps of all executions, added up through the API."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    total, path = 0, "/api/v1/executions/?limit=500&from=now-1d"
    while path:
        connection.request("GET", path, headers={"Authorization": f"Bearer {key}"})
        told = msgspec.json.decode(connection.getresponse().read())
        total += sum(row["step_count"] for row in told["results"])
        path = (told["next"] or "").removeprefix(f"http://127.0.0.1:{port}")
    return total


def measure(stage: Stage, key: str) -> dict[str, Any]:
    """Runs the pairs and returns the figures."""
    web = stage.spawn("web")
    copying.make_copies(stage.admin_url())
    try:
        wait_for_web(stage.port)
        found = compare(stage, web.pid, key)
        stored = counted_back(stage.port, key)
    finally:
        web.terminate()
        web.wait()
    return {**found, "steps_counted_back": stored, "limit_ratio": LIMIT_RATIO}


def compare(stage: Stage, web: int, key: str, *, first_round: int = 1, pairs: int = PAIRS) -> dict[str, Any]:
    """So many pairs, after a round that only warms up; `web` is the process that takes the reports in."""
    sent, sides = ours(stage, web, key, first_round).steps, []
    for number in range(first_round + 1, first_round + 1 + pairs):
        floors = copying.floors(stage.admin_url())
        mine = ours(stage, web, key, number)
        round = copying.Round(number * 1_000_000, BATCHES, EXECUTIONS, NUMBER, floors)
        sides.append((mine, theirs(stage, round, mine.steps)))
        sent += mine.steps
    return {"steps_sent": sent, **_figures(sides)}


def _figures(pairs: Sequence[tuple[Side, Side]]) -> dict[str, Any]:
    ratios = [mine.per_million / copy.per_million for mine, copy in pairs]
    return {
        "cpu_s_per_million_steps": statistics.median(mine.per_million for mine, _ in pairs),
        "of_which_web": statistics.median(mine.web / mine.steps * 1e6 for mine, _ in pairs),
        "of_which_postgres": statistics.median(mine.postgres / mine.steps * 1e6 for mine, _ in pairs),
        "copy_cpu_s_per_million_steps": statistics.median(copy.per_million for _, copy in pairs),
        "ratio_to_copy": statistics.median(ratios),
        "ratios": ratios,
    }
