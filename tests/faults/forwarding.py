"""Destinations of a team, on this machine: what they were sent, by the ids of the documents."""

import json
from collections import Counter
from collections.abc import Sequence

from tests.faults.house import House, until
from tests.faults.reports import Batch
from tests.faults.teams import Team
from tests.receivers import TestReceiver

_ADD = """
from uuid import UUID
from django.utils import timezone
from accounts.tenancy import team_context
from ingestion.services.destinations import Wanted, add_destination

with team_context(UUID({team!r})):
    add_destination(UUID({team!r}), Wanted(kind="elastic", name={name!r}, url={url!r}), timezone.now())
"""


def add_destination(house: House, team: Team, name: str, url: str) -> None:
    """From now on what the team reports is sent there, as Elasticsearch takes it."""
    house.run(_ADD.format(team=team.id, name=name, url=url))


def documents_of(receiver: TestReceiver) -> Counter[str]:
    """How often each document was taken, by its id."""
    found: Counter[str] = Counter()
    for one in list(receiver.got):
        for line in one.body.splitlines()[::2]:
            (about,) = json.loads(line).values()
            found[about["_id"]] += 1
    return found


def wait_for_documents(receiver: TestReceiver, batches: Sequence[Batch], seconds: float = 60.0) -> None:
    """Waits until a document of each execution and each step has come; lines of executions are further ones."""
    expected = [one for batch in batches for one in batch.expected.values()]
    least = sum(1 + one.steps + one.lines for one in expected)

    def have_come() -> bool:
        return len(documents_of(receiver)) >= least

    until(have_come, f"{least} documents at the receiver", seconds)
