"""Sampling that reports tell themselves: which workflows it marks, what goes before it, and when it is forgotten."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Team
from accounts.services.teams import NewTeam
from accounts.tenancy import team_context
from ingestion import completeness, sampling
from ingestion.intake import take_in
from ingestion.kinds import Completeness, SourceKind
from ingestion.models import Source, SourceSampling
from ingestion.records import Decoded, Rate, Sampled, SamplingOrigin
from ingestion.services.expiry import remove_old
from ingestion.services.sources import change_source, create_source, delete_source
from ingestion.sources import SourceInfo, info_of
from monitoring.models import Workflow
from monitoring.statuses import Status
from monitoring.store.rollups import fold_all
from tests.factories import report

NOW = datetime(2026, 8, 12, 12, 0, tzinfo=UTC)
pytestmark = pytest.mark.django_db
Mark = tuple[str, float | None, float | None]


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    completeness.forget_notes()
    sampling.forget_notes()


def made(team: Team, kind: SourceKind = SourceKind.OTLP, **fields: Any) -> SourceInfo:
    with team_context(team.id):
        return info_of(create_source(team=team, kind=kind, name=f"My {kind}", **fields).source)


def tell(source: SourceInfo, workflow: str, *rates: float, now: datetime = NOW, failed: int = 0) -> None:
    """One execution for each rate, each of which says it."""
    sampled = [Sampled(workflow, Rate(one, SamplingOrigin.TRACE_STATE, f"ot=of {one:g}")) for one in rates]
    statuses = [Status.FAILED] * failed + [Status.SUCCEEDED] * (max(len(rates), 1) - failed)
    reports = list(enumerate(report(workflow=workflow, status=status) for status in statuses))
    take_in(source, Decoded(reports=reports, sampled=sampled), now=now, byte_count=1)
    fold_all(NOW)


def marks(team: Team) -> dict[str, Mark]:
    with team_context(team.id):
        return {w.name: (w.completeness, w.sample_rate, w.sample_rate_max) for w in Workflow.objects.order_by("name")}


def evidence(team: Team) -> list[tuple[float, float, str]]:
    with team_context(team.id):
        return list(SourceSampling.objects.order_by("day", "origin").values_list("lowest", "highest", "told"))


def declare(source: SourceInfo, told: str, rate: int | None = None) -> SourceInfo:
    with team_context(source.team_id):
        change_source(source_id=source.id, completeness=told, sample_rate=rate)
        found = info_of(Source.objects.get(id=source.id))
    completeness.forget_notes()
    sampling.forget_notes()
    return found


def page(client: Client, team: Team, part: str) -> str:
    response = client.get(f"/t/{team.slug}/{part}")
    assert response.status_code == 200
    return " ".join(response.content.decode().replace("&#x27;", "'").split())


def test_a_detected_rate_is_told_by_workflow_page_api_and_source(
    client: Client, member_client: Client, team: Team, api_key: str
) -> None:
    source = made(team)
    tell(source, "Agent", 10.0, 10.0)
    tell(source, "Billing")
    assert marks(team) == {"Agent": ("sampled", 10.0, 10.0), "Billing": ("", None, None)}
    for part in ("workflows/", "workflows/agent/"):
        assert "sampled at 1 in 10" in page(member_client, team, part)
    assert "sampled" not in page(member_client, team, "workflows/billing/")
    shown = page(member_client, team, f"sources/{source.id}/")
    assert "Detected: one in 10, from OpenTelemetry's trace state." in shown
    assert "ot=of 10" in shown
    assert "Sampled at 1 in 10, detected" in shown
    assert "sampled at 1 in 10, detected" in page(member_client, team, "sources/")
    exported = member_client.get(f"/t/{team.slug}/sources/{source.id}/?format=csv&table=sampling")
    head, line = b"".join(exported).decode().splitlines()
    assert head == "workflow,reported,told_by,said_last,last_seen_at"
    assert line.startswith("Agent,1 in 10,OpenTelemetry's trace state,ot=of 10,")
    rows = client.get("/api/v1/workflows/", headers={"authorization": f"Bearer {api_key}"}).json()["results"]
    (row,) = [row for row in rows if row["name"] == "Agent"]
    assert (row["completeness"], row["sample_rate"], row["sample_rate_max"]) == ("sampled", 10.0, 10.0)


def test_different_rates_of_one_workflow_are_a_range_with_a_caution(member_client: Client, team: Team) -> None:
    source = made(team)
    tell(source, "Agent", 1.0, 10.0, failed=1)
    tell(source, "Agent", 3.33)
    assert marks(team)["Agent"] == ("sampled", 1.0, 10.0)
    shown = page(member_client, team, "workflows/agent/")
    assert "sampled at varying rates, 1 in 1 to 1 in 10" in shown
    assert "the success rate is too low" in shown
    assert "varying rates, one in 1 to one in 10, from" in page(member_client, team, f"sources/{source.id}/")
    tell(source, "Other", 3.33)
    assert "sampled at 1 in 3.3" in page(member_client, team, "workflows/other/")
    assert "too low" not in page(member_client, team, "workflows/other/")


def test_one_in_one_says_that_nothing_is_left_out(member_client: Client, team: Team) -> None:
    source = made(team)
    tell(source, "Agent", 1.0)
    assert marks(team)["Agent"] == ("", None, None)
    shown = page(member_client, team, f"sources/{source.id}/")
    assert 'Detected: one in 1, from OpenTelemetry\'s trace state. <span class="mut">So nothing is left out.' in shown


@pytest.mark.parametrize(
    ("told", "rate", "expected", "said"),
    [
        ("complete", None, ("", None, None), "somebody declared this source complete."),
        ("sampled", 50, ("sampled", 50.0, 50.0), "somebody declared this source sampled at 1 in 50."),
        ("failures-only", None, ("failures-only", None, None), "somebody declared this source failures only."),
    ],
)
def test_what_was_declared_goes_before_what_is_detected(
    member_client: Client, team: Team, told: str, rate: int | None, expected: Mark, said: str
) -> None:
    source = made(team)
    tell(source, "Agent", 10.0)
    source = declare(source, told, rate)
    tell(source, "Agent", 10.0)
    assert marks(team)["Agent"] == expected
    shown = page(member_client, team, f"sources/{source.id}/")
    assert "Detected: one in 10" in shown
    assert f"It does not count: {said}" in shown
    # Taken back, what the reports said counts at once.
    declare(source, "")
    assert marks(team)["Agent"] == ("sampled", 10.0, 10.0)
    assert "Whoever knows better can declare it" in page(member_client, team, f"sources/{source.id}/")


def test_the_settings_say_what_is_automatic(member_client: Client, team: Team) -> None:
    source = made(team)
    path = f"/t/{team.slug}/sources/{source.id}/settings/"
    form = {"name": "Agent", "environment": "", "workflow": "", "sample_rate": ""}
    tell(source, "Agent", 10.0)
    assert "Automatic: complete, unless the reports themselves say" in page(
        member_client, team, f"sources/{source.id}/settings/"
    )
    for told, expected in (("complete", ""), ("", "sampled")):
        assert member_client.post(path, {**form, "completeness": told}).status_code == 302
        assert marks(team)["Agent"][0] == expected


def test_a_kind_that_tells_failures_only_goes_before(member_client: Client, team: Team) -> None:
    source = made(team, SourceKind.N8N)
    tell(source, "Orders", 10.0, failed=1)
    assert marks(team)["Orders"] == ("failures-only", None, None)
    assert "sources of this kind tell failures only." in page(member_client, team, f"sources/{source.id}/")


def test_failures_only_of_another_source_stays_the_stricter_word(team: Team) -> None:
    sampled, errors = made(team), made(team, SourceKind.N8N)
    tell(sampled, "Orders", 10.0)
    tell(errors, "Orders", failed=1)
    sampling.forget_notes()
    tell(sampled, "Orders", 10.0)
    assert marks(team)["Orders"] == ("failures-only", None, None)


def test_a_source_that_goes_takes_its_word_along(team: Team) -> None:
    source = made(team)
    tell(source, "Agent", 10.0)
    with team_context(team.id):
        delete_source(source_id=source.id, now=NOW)
    assert (marks(team)["Agent"], evidence(team)) == (("", None, None), [])
    # A request that was under way meanwhile brings nothing back.
    sampling.forget_notes()
    tell(source, "Agent", 10.0)
    assert (marks(team)["Agent"], evidence(team)) == (("", None, None), [])


def test_the_word_goes_when_no_report_said_it_for_30_days(team: Team) -> None:
    source = made(team)
    tell(source, "Agent", 20.0, now=NOW - timedelta(days=10))
    tell(source, "Agent", 10.0, now=NOW)
    tell(source, "Billing", 5.0, now=NOW - timedelta(days=10))
    expected = [
        (0, ("sampled", 10.0, 20.0), ("sampled", 5.0, 5.0)),
        (19, ("sampled", 10.0, 20.0), ("sampled", 5.0, 5.0)),
        (20, ("sampled", 10.0, 10.0), ("", None, None)),
        (30, ("", None, None), ("", None, None)),
    ]
    for days, agent, billing in expected:
        remove_old(team.id, NOW + timedelta(days=days))
        assert marks(team) == {"Agent": agent, "Billing": billing}, days


def test_declared_marks_do_not_go_with_time(team: Team) -> None:
    source = made(team, completeness=Completeness.SAMPLED, sample_rate=50)
    tell(source, "Agent")
    remove_old(team.id, NOW + timedelta(days=100))
    assert marks(team)["Agent"] == ("sampled", 50.0, 50.0)


def test_requests_that_say_nothing_new_cost_nothing(team: Team) -> None:
    source, other = made(team), made(team, SourceKind.REST)

    def statements(of: SourceInfo, *rates: float) -> int:
        with CaptureQueriesContext(connection) as found:
            tell(of, "Agent", *rates)
        return len(found.captured_queries)

    tell(source, "Agent", 10.0)
    tell(other, "Agent")
    tell(other, "Agent")
    silent = statements(other)
    assert statements(source, 10.0) == silent
    assert statements(source, 40.0) > silent
    assert statements(source, 20.0) == silent
    assert evidence(team) == [(10.0, 40.0, "ot=of 40")]


def test_another_team_sees_nothing_of_it(team: Team, other_team: NewTeam) -> None:
    tell(made(team), "Agent", 10.0)
    assert evidence(other_team.team) == []
