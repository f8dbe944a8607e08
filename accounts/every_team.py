"""The same short statement for many teams, in one round trip: what the administration shows of all of them.

In a cluster it is one round trip for each part.

Row-level security shows the rows of the team in force and of no other; so each team is put in force before its
statement. Nothing of a team is joined with anything of another one.
"""

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from itertools import chain
from typing import Any
from uuid import UUID

import psycopg
from django.db import connection, transaction
from django.db.backends.utils import CursorDebugWrapper

from accounts.cluster import is_cluster
from accounts.statements import Row

MOST = 500


def read_each(team_ids: Sequence[UUID], statement: str) -> dict[UUID, Row]:
    """The one row that `statement` gives for each team (at most `MOST`); `{team}` in it is the team's id.

    Not inside a team's context.
    """
    ids = [UUID(str(one)) for one in team_ids[:MOST]]
    if not ids:
        return {}
    told = [(f"SET LOCAL app.team_id = '{one}'", statement.format(team=f"'{one}'::uuid")) for one in ids]
    texts = [*chain.from_iterable(told), "SET LOCAL app.team_id = ''"]
    # Citus hands the whole text that sets something on to other machines.
    texts = texts if is_cluster() else ["; ".join(texts)]
    with transaction.atomic(), connection.wrap_database_errors, _cursor() as cursor:
        counted = CursorDebugWrapper(cursor, connection).debug_sql if connection.queries_logged else nullcontext
        with counted("the statement of each team"):
            rows = [row for text in texts for row in _rows(cursor, text)]
    return {id: row for id, row in zip(ids, rows, strict=True) if row is not None}


def _rows(cursor: psycopg.ClientCursor[Any], text: str) -> Iterator[Row | None]:
    """The first row of each statement of a text that answers with rows."""
    cursor.execute(text)
    while True:
        if cursor.description is not None:
            yield cursor.fetchone()
        if not cursor.nextset():
            return


def _cursor() -> psycopg.ClientCursor[Any]:
    """A cursor that sends texts as they are: only such may hold several statements."""
    connection.ensure_connection()
    return psycopg.ClientCursor(connection.connection)
