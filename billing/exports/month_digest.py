"""What a closed month's export must always be: the SHA-256 of its machine export."""

import tempfile
from datetime import date
from pathlib import Path
from uuid import UUID

from accounts.models import Team
from billing.analysis.allocation import next_month
from billing.exports.files import Format, Table, write
from billing.reads.cost_lines import Chosen


def month_digest(team_id: UUID, month: date) -> str:
    """The SHA-256 of the machine export of a month's lines (its first day), written as anybody exports it."""
    chosen = Chosen(first=month, end=next_month(month))
    with tempfile.TemporaryDirectory() as folder:
        return write(Team.objects.get(id=team_id), Table.LINES, Format.MACHINE, chosen, Path(folder) / "month").digest
