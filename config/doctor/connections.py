"""Looks at how we are connected to PostgreSQL: pooler, number of connections, TLS, replica."""

import time
from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection, connections
from psycopg_pool import PoolTimeout

from accounts.addresses import is_public
from accounts.replica import ALIAS, Freshness, ask
from config.connecting import TRANSACTION
from config.doctor.finding import Finding, broken, caution, ok
from config.pooling import is_pooled

# Above this share of the server's connections there is no room for a restart beside those that run.
MOST_CONNECTIONS = 0.8
_CONNECTIONS = """SELECT (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'),
    current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int"""
_TLS = "SELECT COALESCE((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false), inet_server_addr()"
# Looks at the replica until it has caught up with the moment of the first one (seconds between them).
LOOKS, PAUSE = 6, 0.5


def see_pooling(_now: datetime) -> Sequence[Finding]:
    """Whether what stands between us and the server is what the settings say."""
    connection.ensure_connection()
    is_told = bool(connection.settings_dict.get("TRANSACTION_POOLED"))
    if is_pooled(connection):
        if is_told:
            return [ok("pooling", "a pooler stands before PostgreSQL, and nothing is left in its sessions")]
        mend = f"Set DATABASE_POOLER={TRANSACTION}, or let DATABASE_URL name PostgreSQL itself."
        return [broken("pooling", "a pooler stands before PostgreSQL, and we use sessions as our own", mend)]
    if is_told:
        mend = "Unset DATABASE_POOLER: without a pooler it makes every small read dearer."
        return [caution("pooling", "DATABASE_POOLER is set, and PostgreSQL answers itself", mend)]
    return [ok("pooling", "none: each process keeps its connections")]


def see_connections(_now: datetime) -> Sequence[Finding]:
    """Whether the server has room for more connections, and whether ours is closed to others on the way."""
    with connection.cursor() as cursor:
        cursor.execute(_CONNECTIONS)
        used, most = cursor.fetchone()
        cursor.execute(_TLS)
        is_tls, address = cursor.fetchone()
    told = f"{used} of {most} are in use"
    found = [ok("connections", told)]
    if used > most * MOST_CONNECTIONS:
        mend = "Lower DATABASE_POOL_SIZE, raise max_connections, or put PgBouncer before it (docs/deployment.md)."
        found = [caution("connections", told, mend)]
    if not is_tls and address is not None and is_public(str(address).partition("/")[0]):
        mend = "Add ?sslmode=verify-full&sslrootcert=/path/ca.pem to DATABASE_URL."
        found.append(broken("connections", f"rows travel to {address} in the clear", mend))
    return found


def see_replica(_now: datetime) -> Sequence[Finding]:
    """Whether the replica follows, and how far behind it is."""
    if ALIAS not in connections.settings:
        return [ok("replica", "none: pages are read on the primary")]
    try:
        if not ask(ALIAS, "SELECT pg_is_in_recovery()"):
            mend = "Let DATABASE_REPLICA_URL name a server that follows the primary. Until then it is not used."
            return [broken("replica", "it follows nobody", mend)]
        age = _behind()
    except (DatabaseError, InterfaceError, PoolTimeout) as error:
        mend = "Start it, or mend DATABASE_REPLICA_URL. Until then the primary does its work."
        return [caution("replica", f"not reachable ({type(error).__name__})", mend)]
    if age > settings.REPLICA_LAG_SECONDS:
        mend = "See pg_stat_replication on the primary, and long reads on the replica. Until then it is not used."
        return [caution("replica", f"more than {settings.REPLICA_LAG_SECONDS:.0f} s behind", mend)]
    return [ok("replica", f"at most {age:.1f} s behind")]


def _behind() -> float:
    """By how much (seconds) at most, after some looks; infinite when it did not come so far meanwhile."""
    freshness = Freshness()
    for _ in range(LOOKS):
        freshness.next_look = 0.0
        if (age := freshness.age(time.monotonic())) <= settings.REPLICA_LAG_SECONDS:
            return age
        time.sleep(PAUSE)
    return age
