"""Teams that wait for their end or are suspended: nothing is evaluated, sent or reminded of for them until they are
restored or resumed."""

from datetime import datetime

from accounts import formats
from accounts.models import Team

# Part of the queries that claim work from queues: `... WHERE due_at <= now AND {NOT_CLOSED}`.
NOT_CLOSED = f"""team_id NOT IN (
    SELECT id FROM {Team._meta.db_table} WHERE erased_from IS NOT NULL OR suspended_at IS NOT NULL)"""
SUSPENDED = "This team is suspended by the people who run this installation. Ask them to open it again."


def closed_words(erased_from: datetime) -> str:
    """Why a team that is being deleted takes and tells nothing."""
    return f"This team is deleted on {formats.moment(erased_from)} UTC. Until then an owner can restore it."
