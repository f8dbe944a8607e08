"""The yardstick: plain COPY of the final rows of one round, by a superuser, as live as our own side is.

A commit has the rows of one request: 100 steps with their executions, payload chunks, log lines and facets, the marks
of rollups and the receipt. The tables have the same columns, keys and indexes; they are not partitioned and have no
row-level security, which refuses COPY. They stay from round to round, so that they are as full as ours.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import psycopg

# By the executions that they belong to; and by what a request of its own adds, in the order in which it was added.
OF_EXECUTIONS = ("execution", "step", "payload", "log_line", "facet")
OF_REQUESTS = ("dirty_bucket", "source_receipt")
TABLES = (*OF_EXECUTIONS, *OF_REQUESTS)

# The rows of one request as COPY text, by table.
Batch = dict[str, bytes]


@dataclass(frozen=True, slots=True)
class Round:
    """The executions of one round: `number` is SQL for the number of an execution, `size` of them are a request."""

    first: int
    requests: int
    size: int
    number: str
    # The last rows of `OF_REQUESTS` before the round.
    floors: dict[str, int]


def floors(url: str) -> dict[str, int]:
    """The last row of each queue: what comes later belongs to the round that begins now."""
    with psycopg.connect(url) as connection:
        return {table: _number(connection, f"SELECT COALESCE(max(id), 0) FROM {table}") for table in OF_REQUESTS}


def count(url: str, table: str) -> int:
    """The rows that COPY has written."""
    with psycopg.connect(url) as connection:
        return _number(connection, f"SELECT count(*) FROM copy_{table}")


def _number(connection: psycopg.Connection, sql: str) -> int:
    row = connection.execute(sql).fetchone()
    return int(row[0]) if row else 0


def make_copies(url: str) -> None:
    """Empty tables for COPY with the columns, keys and indexes of ours."""
    with psycopg.connect(url) as connection:
        for table in TABLES:
            connection.execute(f"DROP TABLE IF EXISTS copy_{table}")
            connection.execute(f"CREATE TABLE copy_{table} (LIKE {table} INCLUDING ALL)")


def columns(connection: psycopg.Connection, table: str) -> str:
    """The columns that COPY may fill (generated ones are computed)."""
    rows = connection.execute(
        "SELECT column_name FROM information_schema.columns WHERE table_name = %s AND is_generated = 'NEVER' "
        "ORDER BY ordinal_position",
        [table],
    ).fetchall()
    return ", ".join(str(name) for (name,) in rows)


def read_batches(url: str, round: Round) -> list[Batch]:
    """The final rows of a round as COPY text, one batch for each request."""
    with psycopg.connect(url) as connection:
        last = round.first + round.requests * round.size - 1
        connection.execute(
            f"CREATE TEMP TABLE chosen ON COMMIT DROP AS SELECT team_id, id, (number - {round.first}) / {round.size} "
            f"AS batch FROM (SELECT team_id, id, {round.number} AS number FROM execution) AS numbered "
            f"WHERE number BETWEEN {round.first} AND {last}"
        )
        connection.execute("CREATE INDEX ON chosen (batch)")
        for table, floor in round.floors.items():
            connection.execute(
                f"CREATE TEMP TABLE chosen_{table} ON COMMIT DROP AS "
                f"SELECT *, ntile({round.requests}) OVER (ORDER BY id) - 1 AS batch FROM {table} WHERE id > {floor}"
            )
            connection.execute(f"CREATE INDEX ON chosen_{table} (batch)")
        connection.execute("ANALYZE chosen")
        lists = {table: columns(connection, table) for table in TABLES}
        return [
            {table: _copy_out(connection, table, lists[table], batch) for table in TABLES}
            for batch in range(round.requests)
        ]


def _copy_out(connection: psycopg.Connection, table: str, names: str, batch: int) -> bytes:
    """One table's rows of one batch as COPY text."""
    if table in OF_REQUESTS:
        query = f"SELECT {names} FROM chosen_{table} WHERE batch = {int(batch)}"
    else:
        key = "id" if table == "execution" else "execution_id"
        listed = ", ".join(f"t.{name}" for name in names.split(", "))
        joined = f"chosen c JOIN {table} t ON t.team_id = c.team_id AND t.{key} = c.id"
        query = f"SELECT {listed} FROM {joined} WHERE c.batch = {int(batch)}"
    with connection.cursor().copy(f"COPY ({query}) TO STDOUT") as out:
        return b"".join(bytes(part) for part in out)


def copy_in(url: str) -> Callable[[Sequence[Batch]], None]:
    """Writes batches by COPY over one connection, a commit each; tables of which a batch has no row are left out."""
    with psycopg.connect(url) as connection:
        lists = {table: columns(connection, table) for table in TABLES}

    def work(part: Sequence[Batch]) -> None:
        with psycopg.connect(url) as connection:
            for batch in part:
                for table in TABLES:
                    if not batch[table]:
                        continue
                    with connection.cursor().copy(f"COPY copy_{table} ({lists[table]}) FROM STDIN") as into:
                        into.write(batch[table])
                connection.commit()

    return work
