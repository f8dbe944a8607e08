"""Whether a pooler stands between us and PostgreSQL."""

from django.db.backends.base.base import BaseDatabaseWrapper


def is_pooled(connection: BaseDatabaseWrapper) -> bool:
    """Whether another program answers for the server.

    A pooler cannot pass on the number of the server's process that the protocol tells at connect, because it gives us
    another process with each transaction. PgBouncer makes a number up.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (told,) = cursor.fetchone()
    return bool(told != connection.connection.info.backend_pid)
