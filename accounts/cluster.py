"""Whether the database is spread over machines (docs/scaling.md): a few statements are then written otherwise."""

from typing import cast

from django.db import connections

from accounts.postgresql.base import DatabaseWrapper

# Citus carries an INSERT ... SELECT without a conflict clause out by COPY, which row-level security refuses.
_BY_INSERT = " ON CONFLICT DO NOTHING"


def is_cluster(using: str = "default") -> bool:
    """True in a Citus cluster. A connection asks once, and the answer costs nothing after that."""
    return cast(DatabaseWrapper, connections[using]).is_cluster


def by_insert() -> str:
    """The end of an `INSERT ... SELECT` into rows of a team that cannot conflict: a clause in a cluster, else nothing.

    Elsewhere the clause would have each row looked up once more.
    """
    return _BY_INSERT if is_cluster() else ""
