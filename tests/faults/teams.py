"""A fresh team for a fault: its key, and a webhook of its own with a mapping. Nothing else reports to it."""

import json
from dataclasses import dataclass

from tests.faults.house import House

MAPPING = {
    "id": "run.id",
    "workflow": "run.flow",
    "status": "run.state",
    "started_at": "run.began",
    "finished_at": "run.ended",
    "input": "run.asked",
    "steps": "run.parts",
    "steps.id": "name",
    "steps.node": "name",
    "steps.status": "state",
    "steps.started_at": "began",
    "steps.finished_at": "ended",
    "steps.cost_usd": "usd",
}
_MAKE = """
import json
from uuid import uuid4
from accounts.services.teams import create_team_with_owner
from accounts.tenancy import team_context
from ingestion.kinds import SourceKind
from ingestion.services.sources import create_source, change_source

for name in {names!r}:
    made = create_team_with_owner(name=name, email=f"{{uuid4().hex}}@example.com")
    with team_context(made.team.id):
        hook = create_source(team=made.team, kind=SourceKind.GENERIC, name="Runs")
        change_source(source_id=hook.source.id, mapping={mapping!r})
        print(json.dumps([str(made.team.id), made.api_key, hook.source.address]))
"""


@dataclass(frozen=True)
class Team:
    """Who reports: the id, an API key that may do everything, and the secret part of the webhook's address."""

    id: str
    key: str
    hook: str


def make_teams(house: House, *names: str) -> list[Team]:
    """Teams of these names, which must be new."""
    told = house.run(_MAKE.format(names=names, mapping=MAPPING))
    return [Team(*json.loads(line)) for line in told.splitlines()]
