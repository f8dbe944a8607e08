"""What sources keep goes after its time, in batches, and no sooner."""

from datetime import timedelta

import pytest

from accounts.models import Team
from accounts.services.teams import NewTeam, issue_key
from accounts.tenancy import team_context
from ingestion import ledger
from ingestion.intake import take_in
from ingestion.kinds import SourceKind
from ingestion.models import SourceHour, SourceLine, SourceMetric, SourceRejection
from ingestion.records import Decoded, LooseLine, MetricPoint, Rejection
from ingestion.services.expiry import remove_old
from ingestion.sources import find_by_key
from tests.factories import NOW

pytestmark = pytest.mark.django_db
MODELS = (SourceLine, SourceMetric, SourceRejection, SourceHour)


def fill(team: Team, days: int, *, late: int = 0) -> None:
    """One request of `days` ago; its line was logged `late` days earlier."""
    at = NOW - timedelta(days=days)
    source = find_by_key(issue_key(team=team, name="Crane", scopes=["ingest"])[0], SourceKind.OTLP, NOW)
    lines = [(0, LooseLine(message=f"line {n}", at=at - timedelta(days=late))) for n in range(3)]
    decoded = Decoded(
        lines=lines,
        metrics=[(3, MetricPoint(name="depth", at=at, value=1.0))],
        rejected=[Rejection(index=4, field="spanId", reason="must not be zero")],
    )
    take_in(source, decoded, now=at, byte_count=1)
    ledger.fold()


def counts(team: Team) -> list[int]:
    """Rows of each kind."""
    with team_context(team.id):
        return [model.objects.count() for model in MODELS]


@pytest.mark.parametrize(
    ("days", "left"),
    [(29, [3, 1, 1, 1]), (31, [0, 1, 1, 1]), (89, [0, 1, 1, 1]), (92, [0, 0, 0, 1]), (367, [0, 0, 0, 0])],
)
def test_each_kind_has_its_time(team: Team, days: int, left: list[int]) -> None:
    fill(team, days)
    remove_old(team.id, NOW, batch=2)
    assert counts(team) == left
    assert remove_old(team.id, NOW) == 0


def test_a_line_that_came_late_stays_as_long_as_others(team: Team) -> None:
    fill(team, 1, late=60)
    remove_old(team.id, NOW)
    assert counts(team)[0] == 3


def test_another_teams_rows_stay(team: Team, other_team: NewTeam) -> None:
    fill(other_team.team, 400)
    assert remove_old(team.id, NOW) == 0
    assert counts(other_team.team) == [3, 1, 1, 1]
