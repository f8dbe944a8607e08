"""How fresh costs are: every page and export of costs carries this instant."""

from datetime import datetime
from uuid import UUID

from accounts.statements import run_prepared
from billing.store.due import DELAY
from monitoring.reads.trends import as_of

_OLDEST = "SELECT min(due_at) FROM cost_due WHERE team_id = %s"


def costs_as_of(team_id: UUID, now: datetime) -> datetime:
    """The instant up to which everything reported is in the team's cost lines; `now` when nothing waits.

    An hour is due `DELAY` after it was marked; before that, minutes wait to be folded. Inside the team's context.
    """
    ((oldest,),) = run_prepared(_OLDEST, [team_id])
    marked = now if oldest is None else oldest - DELAY
    return min(now, marked, as_of(team_id, now))
