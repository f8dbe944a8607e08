"""The pages of one source: ledger, refusals, attributes, loose lines, metrics, set-up, waiting."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import Membership, Team, User
from accounts.permissions import Role
from accounts.tenancy import team_context
from ingestion import ledger
from ingestion.intake import take_in
from ingestion.kinds import KINDS, SourceKind
from ingestion.ledger import Receipt
from ingestion.models import Source
from ingestion.records import Decoded, LooseLine, MetricPoint, Rejection
from ingestion.services.sources import create_source
from ingestion.snippets import CLIENTS
from ingestion.sources import info_of
from tests.factories import report

NOW = datetime(2026, 8, 12, 12, 30, tzinfo=UTC)
PARTS = ("", "rejected/", "attributes/", "lines/", "metrics/", "set-up/", "waiting/", "settings/")


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOW)


def made(team: Team, kind: SourceKind = SourceKind.OTLP) -> Source:
    with team_context(team.id):
        return create_source(team=team, kind=kind, name="Agent").source


@pytest.fixture
def source(team: Team) -> Source:
    """A source that told one execution, two loose lines, three metric points, and things that were not understood."""
    found = made(team)
    lines = [
        LooseLine(message="disk almost full", at=NOW - timedelta(minutes=5), level="warning", labels={"host": "a1"}),
        LooseLine(message="all is well", at=NOW - timedelta(minutes=4), level="info"),
    ]
    points = [
        MetricPoint(name="queue.depth", at=NOW - timedelta(minutes=2), value=7.0, kind="gauge"),
        MetricPoint(name="queue.depth", at=NOW - timedelta(minutes=1), value=9.5, kind="gauge", unit="jobs"),
        MetricPoint(name="call.seconds", at=NOW, value=12.5, kind="histogram", count=4),
    ]
    sample = Rejection(index=4, field="duration_ms", reason="is negative", sample='{"duration_ms": -1}')
    take_in(
        info_of(found),
        Decoded(
            reports=[(0, report(id="first"))],
            lines=list(enumerate(lines, 1)),
            metrics=list(enumerate(points, 3)),
            rejected=[sample],
            unknown={"acme.colour": "string"},
        ),
        now=NOW,
        byte_count=500,
    )
    return found


def address(source: Source, part: str = "") -> str:
    return f"/t/{source.team.slug}/sources/{source.id}/{part}"


def page(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def test_the_ledger_says_what_came(member_client: Client, source: Source) -> None:
    text = page(member_client, address(source))
    assert "Reporting" in text
    assert "6 stored, 0 known already" in text
    assert "12 Aug 2026" in text
    assert "6 items accepted, 1 rejected." in text
    assert "500 B" in text
    ledger.fold()
    assert "6 stored, 0 known already" in page(member_client, address(source))


@pytest.mark.parametrize(
    "query", ["?from=now-90d", "?from=now-1h", "?from=2020-01-01", "?from=1990-01-01&to=2100-01-01"]
)
def test_any_range_has_a_chart(member_client: Client, source: Source, query: str) -> None:
    text = page(member_client, address(source, query))
    assert "6 items accepted, 1 rejected." in text
    assert text.count('"x": [') == 1


def test_the_ledger_is_exported_by_day_and_by_hour(member_client: Client, source: Source) -> None:
    for query, first in (("?format=csv", "2026-08-12T00:00"), ("?format=csv&table=hours", "2026-08-12T12:00")):
        response = member_client.get(address(source, query))
        lines = b"".join(response).decode().splitlines()  # type: ignore[arg-type]
        assert lines[0].split(",")[1:4] == ["requests", "accepted", "stored"]
        assert lines[1].startswith(f"{first}:00+00:00,1,6,6,0,1,0,0,500,")


def test_rejected_items_have_reason_and_sample(member_client: Client, source: Source) -> None:
    text = page(member_client, address(source, "rejected/"))
    assert "is negative" in text
    assert "{&quot;duration_ms&quot;: -1}" in text


def test_samples_and_lines_are_for_those_who_may_read_payloads(client: Client, source: Source) -> None:
    user = User.objects.create_user("finance@harbour.test", "x")
    Membership.objects.create(team=source.team, user=user, role=Role.FINANCE)
    client.force_login(user)
    text = page(client, address(source, "rejected/"))
    assert "is negative" in text
    assert "duration_ms&quot;: -1" not in text
    csv = b"".join(client.get(address(source, "rejected/?format=csv"))).decode()  # type: ignore[arg-type]
    assert "is negative" in csv
    assert 'duration_ms"' not in csv
    assert client.get(address(source, "lines/")).status_code == 404
    assert client.get(address(source, "settings/")).status_code == 404
    assert "Loose lines" not in text


def test_unknown_attributes_are_listed(member_client: Client, source: Source) -> None:
    text = page(member_client, address(source, "attributes/"))
    assert "acme.colour" in text
    assert "string" in text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", {"disk almost full", "all is well"}),
        ("?q=FULL+disk", {"disk almost full"}),
        ("?level=info", {"all is well"}),
        ("?q=nothing", set()),
        ("?q=%25", set()),
        ("?from=2020-01-01&to=2020-01-02", set()),
        ("?q=%00&level=%00", {"disk almost full", "all is well"}),
    ],
)
def test_loose_lines_are_searched(member_client: Client, source: Source, query: str, found: set[str]) -> None:
    text = page(member_client, address(source, "lines/" + query))
    assert {line for line in ("disk almost full", "all is well") if line in text} == found


def test_metrics_show_their_latest_value(member_client: Client, source: Source) -> None:
    text = page(member_client, address(source, "metrics/"))
    assert "9.5" in text
    assert "7.0" not in text
    assert "sum of 4" in text
    csv = b"".join(member_client.get(address(source, "metrics/?format=csv"))).decode()  # type: ignore[arg-type]
    assert [line.split(",")[0] for line in csv.splitlines()] == ["metric", "call.seconds", "queue.depth"]


@pytest.mark.parametrize("part", ["rejected/", "attributes/", "lines/"])
def test_tables_are_exported(member_client: Client, source: Source, part: str) -> None:
    response = member_client.get(address(source, part + "?format=csv"))
    assert len(b"".join(response).splitlines()) >= 2  # type: ignore[arg-type]


def test_waiting_turns_into_the_replay(member_client: Client, team: Team) -> None:
    found = made(team)
    text = page(member_client, address(found))
    assert "Waiting for the first report" in text
    assert "Set up OpenTelemetry for Python" in text
    assert member_client.get(address(found, "waiting/?refused=0")).status_code == 204
    take_in(info_of(found), Decoded(reports=[(0, report(id="first"))]), now=NOW, byte_count=1)
    answer = page(member_client, address(found, "waiting/?refused=0"))
    assert "Open the replay of it" in answer
    ledger.fold()
    assert page(member_client, address(found, "waiting/")) == answer


def test_waiting_says_why_a_request_was_refused(member_client: Client, team: Team) -> None:
    found = made(team)
    with team_context(team.id):
        ledger.record(Receipt(info_of(found), NOW, 0, refused=1))
        ledger.record_rejections(info_of(found), [Rejection(index=0, field="(request)", reason="No protobuf.")], NOW)
    text = page(member_client, address(found, "waiting/?refused=0"))
    assert "1 request came and was refused. The latest: No protobuf." in text
    assert member_client.get(address(found, "waiting/?refused=1")).status_code == 204


def test_a_first_report_that_was_rejected_whole_leads_to_the_ledger(member_client: Client, team: Team) -> None:
    found = made(team)
    with team_context(team.id):
        ledger.record(Receipt(info_of(found), NOW, 9, rejected=1, execution_id=found.id))
    assert "Open the ledger" in page(member_client, address(found, "waiting/"))


@pytest.mark.parametrize("kind", list(SourceKind))
def test_each_kind_says_how_it_is_set_up(member_client: Client, team: Team, kind: SourceKind) -> None:
    found = made(team, kind)
    text = page(member_client, address(found, "set-up/"))
    for name in ("KEY", "ADDRESS", "BASE", "SECRET"):
        assert f"@{name}@" not in text
    assert KINDS[kind].label in text
    for client in (one for one in CLIENTS.values() if one.kind == kind):
        assert f"Set up {client.label}" in page(member_client, address(found, f"set-up/?client={client.slug}"))


def test_addresses_are_for_those_who_manage_keys(client: Client, team: Team) -> None:
    found = made(team, SourceKind.GITHUB)
    user = User.objects.create_user("viewer@harbour.test", "x")
    Membership.objects.create(team=team, user=user, role=Role.VIEWER)
    client.force_login(user)
    for part in ("", "set-up/", "waiting/"):
        assert found.address not in page(client, address(found, part))
    assert "&lt;address of the source&gt;" in page(client, address(found, "set-up/"))


def test_the_number_of_queries_does_not_grow(
    member_client: Client, source: Source, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    parts = ("", "rejected/", "attributes/", "lines/", "metrics/")
    first = {}
    for part in parts:
        page(member_client, address(source, part))
        with CaptureQueriesContext(connection) as found:
            member_client.get(address(source, part))
        first[part] = len(found.captured_queries)
    for number in range(20):
        take_in(
            info_of(source),
            Decoded(
                lines=[(0, LooseLine(message=f"line {number}", at=NOW))],
                metrics=[(1, MetricPoint(name=f"metric {number}", at=NOW, value=1))],
                rejected=[Rejection(index=2, field="x", reason=f"reason {number}")],
                unknown={f"name {number}": "int"},
            ),
            now=NOW - timedelta(days=number),
            byte_count=1,
        )
    for part in parts:
        with django_assert_num_queries(first[part]):
            member_client.get(address(source, part))


@pytest.mark.parametrize("part", PARTS)
def test_strangers_learn_nothing(
    client: Client, stranger_client: Client, member_client: Client, source: Source, other_team: object, part: str
) -> None:
    assert stranger_client.get(address(source, part)).status_code == 404
    assert client.get(address(source, part))["Location"].startswith("/sign-in/")
    if part != "settings/":
        assert member_client.post(address(source, part)).status_code == 405
    elsewhere = address(source, part).replace(source.team.slug, other_team.team.slug)  # type: ignore[attr-defined]
    assert stranger_client.get(elsewhere).status_code == 404
