"""Workflows of which only failures, or samples, are reported: no figure pretends to know the rest."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Team
from accounts.tenancy import team_context
from ingestion.completeness import forget_notes
from ingestion.intake import take_in
from ingestion.kinds import Completeness, SourceKind
from ingestion.models import Source
from ingestion.records import Decoded, ExecutionReport
from ingestion.services.sources import change_source, create_source, delete_source
from ingestion.sources import SourceInfo, info_of
from monitoring.models import Workflow
from monitoring.reads import trends
from monitoring.reads.verdict import Kind
from monitoring.reads.workflows import listing
from monitoring.statuses import Status
from monitoring.store.rollups import fold_all
from monitoring.windows import Window
from tests.factories import report

NOW = datetime(2026, 8, 12, 12, 0, tzinfo=UTC)
DAY = Window(NOW - timedelta(hours=24), NOW)
Runs = Callable[..., list[ExecutionReport]]


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    forget_notes()


def made(team: Team, kind: SourceKind, **fields: Any) -> SourceInfo:
    with team_context(team.id):
        return info_of(create_source(team=team, kind=kind, name=kind, **fields).source)


def runs(workflow: str, good: int, failed: int) -> list[ExecutionReport]:
    statuses = [Status.SUCCEEDED] * good + [Status.FAILED] * failed
    return [report(workflow=workflow, status=status) for status in statuses]


def tell(source: SourceInfo, *reports: ExecutionReport) -> None:
    take_in(source, Decoded(reports=list(enumerate(reports))), now=NOW, byte_count=1)
    fold_all(NOW)


def marks(team: Team) -> dict[str, tuple[str, int | None, UUID | None]]:
    with team_context(team.id):
        found = Workflow.objects.order_by("name")
        return {w.name: (w.completeness, w.sample_rate, w.completeness_from) for w in found}


def test_an_error_workflow_gives_counts_but_no_rate(team: Team) -> None:
    errors = made(team, SourceKind.N8N)
    tell(errors, *runs("Orders", 0, 60))
    tell(made(team, SourceKind.REST), *runs("Billing", 30, 10))
    with team_context(team.id):
        orders, billing = sorted(listing(team.id, DAY, NOW), key=lambda row: row.name, reverse=True)
        whole = trends.totals(team.id, DAY)
        nodes = trends.series(team.id, DAY, workflow_id=orders.id)
    assert marks(team)["Orders"] == ("failures-only", None, errors.id)
    assert (orders.totals.runs, orders.totals.failures, orders.totals.success) == (60, 60, None)
    assert orders.totals.success_rate is None
    assert orders.verdict.kind == Kind.FAILURES_ONLY
    assert billing.totals.success_rate == 0.75
    # The team's rate leaves out what is not known whole, and its counts do not.
    assert (whole.runs, whole.failures, whole.rated, whole.unrated, whole.success_rate) == (100, 70, 40, 60, 0.75)
    assert all(point.totals.success_rate is None for point in nodes.points)


def test_a_success_that_somebody_else_told_makes_no_rate(team: Team) -> None:
    tell(made(team, SourceKind.REST), *runs("Orders", 5, 0))
    tell(made(team, SourceKind.N8N), *runs("Orders", 0, 5))
    tell(made(team, SourceKind.OTLP), *runs("Billing", 3, 1))
    with team_context(team.id):
        assert trends.totals(team.id, DAY).success_rate == 0.75


def test_pages_and_api_say_that_the_rate_is_not_known(
    client: Client, member_client: Client, team: Team, api_key: str
) -> None:
    tell(made(team, SourceKind.N8N), *runs("Orders", 0, 60))
    with team_context(team.id):
        Workflow.objects.update(objective_success_rate=0.9)
    texts = [
        " ".join(member_client.get(f"/t/{team.slug}/workflows/{part}").content.decode().split())
        for part in ("", "orders/", "orders/failures/")
    ]
    assert "1 of 1 workflow" in texts[0]
    assert "only failures reported, so no verdict." in texts[0]
    assert "failures only" in texts[0]
    assert "no success rate and no verdict." in texts[1]
    assert "<b>60 failures</b> were reported. Runs that succeed are not." in texts[1]
    assert "Unknown: only failures are reported, not the runs to compare with." in texts[2]
    for text in texts:
        assert "0.0%" not in text
        assert ">0%" not in text
    headers = {"authorization": f"Bearer {api_key}"}
    (row,) = client.get("/api/v1/workflows/", headers=headers).json()["results"]
    assert (row["completeness"], row["verdict"]) == ("failures-only", "failures_only")
    assert (row["totals"]["success_rate"], row["totals"]["success_interval"]) == (None, None)
    assert (row["totals"]["failed"], row["totals"]["unrated"]) == (60, 60)
    document = member_client.get(f"/t/{team.slug}/workflows/orders/?format=json").json()
    assert document["totals"]["success_rate"] is None


def test_sampled_figures_say_so(member_client: Client, team: Team) -> None:
    source = made(team, SourceKind.OTLP, completeness=Completeness.SAMPLED, sample_rate=20)
    tell(source, *runs("Agent", 3, 1))
    assert marks(team)["Agent"] == ("sampled", 20, source.id)
    with team_context(team.id):
        assert trends.totals(team.id, DAY).success_rate == 0.75
    for part in ("", "agent/"):
        assert "sampled at 1 in 20" in member_client.get(f"/t/{team.slug}/workflows/{part}").content.decode()


def test_failures_only_is_the_stricter_word(team: Team) -> None:
    errors = made(team, SourceKind.N8N)
    sampled = made(team, SourceKind.OTLP, completeness=Completeness.SAMPLED, sample_rate=2)
    for source in (sampled, errors, sampled):
        forget_notes()
        tell(source, *runs("Orders", 0, 1))
    assert marks(team)["Orders"] == ("failures-only", None, errors.id)


def test_declaring_a_source_complete_clears_its_workflows(team: Team) -> None:
    errors, other = made(team, SourceKind.N8N), made(team, SourceKind.GITHUB, completeness=Completeness.FAILURES_ONLY)
    tell(errors, *runs("Orders", 0, 1))
    tell(other, *runs("CI", 0, 1))
    with team_context(team.id):
        change_source(source_id=other.id, completeness="")
    assert marks(team) == {"CI": ("", None, None), "Orders": ("failures-only", None, errors.id)}
    # A process that still remembers the source as it was does not mark it again.
    forget_notes()
    tell(other, *runs("CI", 1, 0))
    assert marks(team)["CI"] == ("", None, None)


def test_removing_a_source_clears_its_workflows(team: Team) -> None:
    errors = made(team, SourceKind.N8N)
    tell(errors, *runs("Orders", 0, 1))
    with team_context(team.id):
        delete_source(source_id=errors.id, now=NOW)
    assert marks(team)["Orders"] == ("", None, None)
    forget_notes()
    tell(errors, *runs("Orders", 0, 1))
    assert marks(team)["Orders"] == ("", None, None)


def test_another_rate_is_told_with_the_next_report(team: Team) -> None:
    source = made(team, SourceKind.OTLP, completeness=Completeness.SAMPLED, sample_rate=20)
    tell(source, *runs("Agent", 1, 0))
    with team_context(team.id):
        change_source(source_id=source.id, sample_rate=50)
        source = info_of(Source.objects.get(id=source.id))
    forget_notes()
    tell(source, *runs("Agent", 1, 0))
    assert marks(team)["Agent"] == ("sampled", 50, source.id)


def test_complete_sources_pay_nothing_and_others_once(team: Team) -> None:
    complete, errors = made(team, SourceKind.REST), made(team, SourceKind.N8N)

    def statements(source: SourceInfo, name: str) -> int:
        with CaptureQueriesContext(connection) as found:
            take_in(source, Decoded(reports=[(0, runs(name, 0, 1)[0])]), now=NOW, byte_count=1)
        return len(found.captured_queries)

    for source, name in ((complete, "A"), (errors, "B")):
        statements(source, name)
    assert statements(complete, "A") == statements(errors, "B")
