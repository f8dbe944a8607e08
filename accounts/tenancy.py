"""Tenancy: the team in force, and models whose rows belong to one team.

The database enforces what is set here: every tenant table has forced row-level security on
`app.team_id`, and its primary key is `(team_id, id)` although Django sees a plain `id`.
"""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any, TypeVar, cast

import psycopg
from django.db import DatabaseError, connections, models, transaction
from django.db.models.expressions import Col
from django.db.models.lookups import Exact
from psycopg.pq import ExecStatus, TransactionStatus

from accounts.postgresql.base import DatabaseWrapper

_current_team: ContextVar[uuid.UUID | None] = ContextVar("current_team", default=None)
M = TypeVar("M", bound=models.Model)


class NoTeamContext(RuntimeError):
    """Rows of a team were asked for while no team was in force."""


def current_team_id() -> uuid.UUID:
    """The team in force. Raises `NoTeamContext` when there is none."""
    team_id = _current_team.get()
    if team_id is None:
        raise NoTeamContext("open a team_context() first: tenant tables are empty outside one")
    return team_id


def _set_team(team_id: uuid.UUID | None, using: str) -> None:
    """Tells the transaction its team, and begins it if need be: both in one round trip, as every request does this.

    The value is a validated UUID: `SET` takes no parameters.
    """
    value = str(uuid.UUID(str(team_id))) if team_id else ""
    statement = f"SET LOCAL app.team_id = '{value}'"
    connection = connections[using]
    connection.ensure_connection()
    raw: psycopg.Connection[Any] = connection.connection
    with connection.wrap_database_errors:
        if raw.pgconn.transaction_status == TransactionStatus.IDLE:
            if cast("DatabaseWrapper", connection).is_cluster:
                # Citus hands the whole text on to machines where a transaction has begun already.
                raw.pgconn.exec_(b"BEGIN")
            else:
                statement = f"BEGIN; {statement}"
        result = raw.pgconn.exec_(statement.encode())
        if result.status != ExecStatus.COMMAND_OK:
            raise psycopg.OperationalError(raw.pgconn.get_error_message())


@contextmanager
def team_context(team_id: uuid.UUID, *, using: str = "default") -> Iterator[uuid.UUID]:
    """Runs its body in a transaction that sees the rows of this team and of no other.

    Nested contexts are savepoints; leaving one restores the outer team.
    """
    outer = _current_team.get()
    token = _current_team.set(team_id)
    try:
        with transaction.atomic(using=using):
            _set_team(team_id, using)
            yield team_id
            if connections[using].savepoint_ids or outer:
                _set_team(outer, using)
    finally:
        _current_team.reset(token)


@contextmanager
def in_team(team_id: uuid.UUID) -> Iterator[None]:
    """As `team_context`, without a savepoint where this team is in force already."""
    if _current_team.get() == team_id:
        yield
        return
    with team_context(team_id):
        yield


@contextmanager
def team_cursor_apart(team_id: uuid.UUID) -> Iterator[Any]:
    """A cursor over a connection of its own, in a transaction that sees the rows of this team and changes nothing.

    For long reads that must not keep the thread's own transaction open, where nothing may be left in a session.
    """
    apart = connections.create_connection("default")
    try:
        with apart.cursor() as cursor:
            cursor.execute(f"BEGIN READ ONLY; SET LOCAL app.team_id = '{uuid.UUID(str(team_id))}'")
            try:
                yield cursor
            finally:
                # Where the connection is gone, so is the transaction.
                with suppress(DatabaseError):
                    cursor.execute("ROLLBACK")
    finally:
        apart.close()


class TenantManager(models.Manager[M]):
    """A manager that refuses to work outside a team context and filters by the team inside one."""

    def get_queryset(self) -> models.QuerySet[M]:
        """Rows of the team in force. Raises `NoTeamContext`."""
        return super().get_queryset().filter(team_id=current_team_id())

    def none(self) -> models.QuerySet[M]:
        """No rows at all, of no team: allowed everywhere."""
        return super().get_queryset().none()


class TeamForeignKey(models.ForeignKey[Any, Any]):
    """A foreign key to a row of the same team.

    Joins carry `remote.team_id = local.team_id`; the database's own constraint `(team_id, x_id)` is
    made by `accounts.operations.AddTeamForeignKey`.
    """

    def __init__(self, to: Any, on_delete: Any, **kwargs: Any) -> None:
        kwargs["db_constraint"] = False
        super().__init__(to, on_delete, **kwargs)

    def get_extra_restriction(self, alias: str | None, related_alias: str | None) -> Any:
        """The part of every join that keeps both sides in one team."""
        remote = cast("models.Field[Any, Any]", self.remote_field.model._meta.get_field("team"))
        local = cast("models.Field[Any, Any]", self.model._meta.get_field("team"))
        # Django passes the alias of the table that is joined first, whichever way it walks.
        return Exact(Col(related_alias or "", local), Col(alias or "", remote))


class TenantModel(models.Model):
    """A row that belongs to one team."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey("accounts.Team", on_delete=models.CASCADE, related_name="+", db_index=False)

    objects = TenantManager()

    class Meta:
        abstract = True
        base_manager_name = "objects"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Saves the row in the team in force; a row without a team gets that one."""
        if not getattr(self, "team_id", None):
            self.team_id = current_team_id()
        super().save(*args, **kwargs)
