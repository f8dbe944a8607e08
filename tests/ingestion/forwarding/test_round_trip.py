"""What is sent on by OTLP can be taken in again: one installation forwards to another (here: a team to another)."""

from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone
from pytest_django.live_server_helper import LiveServer

from accounts.models import Team
from accounts.services.teams import NewTeam
from accounts.tenancy import team_context
from ingestion.forwarding.outbox import forget_destinations
from ingestion.forwarding.sending import send_due
from ingestion.intake import take_in
from ingestion.kinds import SourceKind
from ingestion.models import Destination, DestinationKind, SourceLine
from ingestion.records import Decoded, LogReport, LooseLine, Tokens
from ingestion.services.destinations import Wanted, add_destination
from ingestion.sources import SourceInfo, forget_sources
from monitoring.identity import step_id
from monitoring.models import Execution, LogLine, Step, Workflow
from monitoring.statuses import Status
from tests.factories import report, step

pytestmark = pytest.mark.django_db(transaction=True)
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture(autouse=True)
def _fresh(settings: Any) -> None:
    settings.STEADYRUN_ALLOW_PRIVATE_DESTINATIONS = ("localhost", "127.0.0.1")
    forget_destinations()
    forget_sources()


def test_a_team_forwards_to_another(team: Team, other_team: NewTeam, live_server: LiveServer) -> None:
    now = timezone.now()
    headers = {"Authorization": f"Bearer {other_team.api_key}"}
    with team_context(team.id):
        add_destination(team.id, Wanted(DestinationKind.OTLP, "other", live_server.url, headers=headers), now)
    call = step(
        id="00f067aa0ba902b7", node="answer", kind="llm", provider="openai", model="gpt-4o",
        started_at=now, ended_at=now, tokens=Tokens(input=10, cache_read=5, output=7),
    )  # fmt: skip
    broken = report(
        id=TRACE, workflow="support", environment="production", status=Status.FAILED, started_at=now,
        finished_at=now, steps=[call], logs=[LogReport(message="it broke", at=now, step_id="00f067aa0ba902b7")],
    )  # fmt: skip
    decoded = Decoded(reports=[(0, broken)], lines=[(1, LooseLine(message="loose", at=now))])
    take_in(SourceInfo(team_id=team.id, id=uuid4(), kind=SourceKind.REST), decoded, now=now, byte_count=0)

    assert send_due() == 1
    with team_context(team.id):
        assert Destination.objects.get().last_error == ""
    with team_context(other_team.team.id):
        (execution,) = Execution.objects.all()
        assert (execution.external_id, execution.status) == (TRACE, Status.FAILED)
        assert Workflow.objects.get().id == execution.workflow_id
        assert Workflow.objects.get().name == "support"
        assert (execution.input_tokens, execution.cache_read_tokens, execution.output_tokens) == (10, 5, 7)
        assert step_id(execution.id, "00f067aa0ba902b7") in set(Step.objects.values_list("id", flat=True))
        assert list(LogLine.objects.values_list("message", flat=True)) == ["it broke"]
        assert list(SourceLine.objects.values_list("message", flat=True)) == ["loose"]
