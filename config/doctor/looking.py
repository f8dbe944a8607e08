"""All looks at the installation, in the order in which a fault explains the next."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import DatabaseError, InterfaceError
from psycopg_pool import PoolTimeout
from redis import RedisError

from config.doctor import address, connections, database, processes, surroundings
from config.doctor.finding import Finding, unknown


@dataclass(frozen=True, slots=True)
class Look:
    """A look at one part: `see` tells its findings at a moment."""

    part: str
    see: Callable[[datetime], Sequence[Finding]]


LOOKS: tuple[Look, ...] = (
    Look("settings", surroundings.see_settings),
    Look("database", database.see_server),
    Look("migrations", database.see_migrations),
    Look("pooling", connections.see_pooling),
    Look("connections", connections.see_connections),
    Look("replica", connections.see_replica),
    Look("role", database.see_role),
    Look("row-level security", database.see_policies),
    Look("partitions", database.see_partitions),
    Look("secrets", database.see_secrets),
    Look("broker", processes.see_broker),
    Look("workers", processes.see_workers),
    Look("beat", processes.see_beat),
    Look("queues", processes.see_queues),
    Look("given up", processes.see_given_up),
    Look("pages", surroundings.see_pages),
    Look("address", address.see_address),
    Look("disk", surroundings.see_disk),
    Look("backup", surroundings.see_backup),
    Look("e-mail", surroundings.see_mail),
    Look("outgoing connections", surroundings.see_outgoing),
)


def examine(now: datetime, looks: Sequence[Look] = LOOKS) -> Iterator[Finding]:
    """What each look finds. One that needs a server which is away says so, and the others go on."""
    for look in looks:
        try:
            yield from look.see(now)
        except (DatabaseError, InterfaceError, PoolTimeout, RedisError, OSError) as error:
            yield unknown(look.part, f"not to be told: {type(error).__name__}", "Mend what is broken above first.")
