"""One at a time: what two processes must not do at once for the same thing of a source."""

from uuid import UUID

from django.db import connection

from monitoring.identity import derive_number


def wait_turn(source_id: UUID, *about: str) -> None:
    """Waits until nobody else is at work on this of a source; held until the open transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [derive_number(source_id.bytes, *about)])
