"""Teams that wait for their end: nothing is evaluated, sent or reminded of for them until an owner restores them."""

from datetime import datetime

from accounts.models import Team

# Part of the queries that claim work from queues: `... WHERE due_at <= now AND {NOT_CLOSED}`.
NOT_CLOSED = f"team_id NOT IN (SELECT id FROM {Team._meta.db_table} WHERE erased_from IS NOT NULL)"


def closed_words(erased_from: datetime) -> str:
    """Why a team that is being deleted takes and tells nothing."""
    return f"This team is deleted on {erased_from:%-d %b %Y, %H:%M} UTC. Until then an owner can restore it."
