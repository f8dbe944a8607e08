"""Ingest over HTTP against plain COPY of the same final rows: CPU seconds per million steps, in interleaved pairs.

Both sides write to the same PostgreSQL with fsync on. Our side counts the web process tree and PostgreSQL, the
other PostgreSQL alone: the rows are there, formatted, before its clock starts.
"""

import http.client
import statistics
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import psycopg

from bench.reports import bodies
from bench.stage import Stage, wait_for_web
from bench.usage import cpu_seconds

CONNECTIONS = 4
BATCHES = 400
PAIRS = 5
LIMIT_RATIO = 3.0
EXECUTIONS = 10
TABLES = ("execution", "step", "payload")
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


def columns(connection: psycopg.Connection, table: str) -> list[str]:
    """The columns that COPY may fill (generated ones are computed)."""
    rows = connection.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_name = %s AND is_generated = 'NEVER' "
        "ORDER BY ordinal_position",
        [table],
    ).fetchall()
    return [str(name) for (name,) in rows]


def make_copies(connection: psycopg.Connection) -> None:
    """Tables with the same columns, keys and indexes, without partitions and without row-level security."""
    for table in TABLES:
        connection.execute(f"DROP TABLE IF EXISTS copy_{table}")
        connection.execute(f"CREATE TABLE copy_{table} (LIKE {table} INCLUDING ALL)")


def read_batches(connection: psycopg.Connection, first: int, number: str) -> list[dict[str, bytes]]:
    """The final rows of one round as COPY text, cut into batches of ten executions (about 100 steps).

    `number` is SQL for the number of an execution.
    """
    lists = {table: ", ".join(columns(connection, table)) for table in TABLES}
    connection.execute(
        f"CREATE TEMP TABLE chosen ON COMMIT DROP AS SELECT team_id, id, (number - {first}) / {EXECUTIONS} AS batch "
        f"FROM (SELECT team_id, id, {number} AS number FROM execution) AS numbered "
        f"WHERE number BETWEEN {first} AND {first + BATCHES * EXECUTIONS - 1}"
    )
    connection.execute("CREATE INDEX ON chosen (batch)")
    connection.execute("ANALYZE chosen")
    result = []
    for batch in range(BATCHES):
        result.append({t: copy_out(connection, t, lists[t], batch) for t in TABLES})
    return result


def copy_out(connection: psycopg.Connection, table: str, names: str, batch: int) -> bytes:
    """One table's rows of one batch as COPY text."""
    key = "id" if table == "execution" else "execution_id"
    listed = ", ".join(f"t.{name}" for name in names.split(", "))
    sql = f"COPY (SELECT {listed} FROM chosen c JOIN {table} t ON t.team_id = c.team_id AND t.{key} = c.id "
    with connection.cursor().copy(sql + f"WHERE c.batch = {int(batch)}) TO STDOUT") as out:
        return b"".join(bytes(part) for part in out)


def copy_in(url: str, lists: dict[str, str]) -> Callable[[Sequence[dict[str, bytes]]], None]:
    """Writes batches by COPY over one connection, a commit each."""

    def work(part: Sequence[dict[str, bytes]]) -> None:
        with psycopg.connect(url) as connection:
            for batch in part:
                for table in TABLES:
                    with connection.cursor().copy(f"COPY copy_{table} ({lists[table]}) FROM STDIN") as into:
                        into.write(batch[table])
                connection.commit()

    return work


def theirs(stage: Stage, first: int, steps: int, number: str = NUMBER) -> Side:
    """One run of plain COPY with the rows that our side has just written."""
    with psycopg.connect(stage.admin_url(), autocommit=False) as connection:
        make_copies(connection)
        lists = {table: ", ".join(columns(connection, table)) for table in TABLES}
        batches = read_batches(connection, first, number)
        connection.commit()
    before = cpu_seconds(stage.postgres_pid())
    in_parallel(copy_in(stage.admin_url(), lists), batches)
    side = Side(0.0, cpu_seconds(stage.postgres_pid()) - before, steps)
    with psycopg.connect(stage.admin_url()) as connection:
        row = connection.execute("SELECT count(*) FROM copy_step").fetchone()
    if row is None or row[0] != steps:
        raise RuntimeError(f"COPY wrote {row} steps, not {steps}")
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
        mine = ours(stage, web, key, number)
        sides.append((mine, theirs(stage, number * 1_000_000, mine.steps)))
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
