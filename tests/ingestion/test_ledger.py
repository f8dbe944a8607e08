"""The ledger: accepted is stored and known already together, whoever folds it and when."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from accounts.models import ApiKey, Team
from accounts.services.teams import NewTeam, issue_key
from accounts.tenancy import team_context
from ingestion import ledger
from ingestion.intake import take_in
from ingestion.kinds import SourceKind
from ingestion.models import (
    Source,
    SourceAttribute,
    SourceHour,
    SourceLine,
    SourceMetric,
    SourceReceipt,
    SourceRejection,
)
from ingestion.records import Decoded, LooseLine, MetricPoint, Rejection
from ingestion.sources import SourceInfo, find_by_key
from monitoring.identity import execution_id
from monitoring.models import Execution
from monitoring.models.execution import RetentionClass
from monitoring.store.seals import seal
from tests.factories import NOW, report

pytestmark = pytest.mark.django_db
COUNTS = ("request_count", "stored_count", "duplicate_count", "rejected_count", "ignored_count", "refused_count")


@pytest.fixture
def source(team: Team) -> SourceInfo:
    """A source of the team."""
    key: ApiKey = issue_key(team=team, name="Crane", scopes=["ingest"])[0]
    return find_by_key(key, SourceKind.OTLP, NOW)


def told(**fields: Any) -> Decoded:
    """What one request brought."""
    return Decoded(**fields)


def reports(*ids: str, items: int = 1) -> list[tuple[int, Any]]:
    """One report for each id."""
    return [(index, report(id=one, items=items)) for index, one in enumerate(ids)]


def hours(source: SourceInfo) -> Sequence[tuple[Any, ...]]:
    """The folded counts of the source."""
    with team_context(source.team_id):
        return list(SourceHour.objects.filter(source_id=source.id).order_by("hour").values_list(*COUNTS))


def test_items_are_counted_where_their_report_ends_up(source: SourceInfo) -> None:
    first = take_in(source, told(reports=reports("a", "b", items=3), ignored=2), now=NOW, byte_count=10)
    again = take_in(source, told(reports=reports("a", "c", items=3)), now=NOW, byte_count=10)
    assert (first.stored, first.duplicate) == (6, 0)
    assert (again.stored, again.duplicate) == (3, 3)
    assert ledger.fold() == 2
    assert hours(source) == [(2, 9, 3, 0, 2, 0)]
    assert ledger.fold() == 0
    assert SourceReceipt.objects.count() == 0


def test_the_source_knows_its_first_execution_and_its_reports(source: SourceInfo) -> None:
    for minutes, name in ((5, "b"), (0, "a")):
        take_in(source, told(reports=reports(name)), now=NOW + timedelta(minutes=minutes), byte_count=1)
    ledger.fold()
    with team_context(source.team_id):
        row = Source.objects.get(id=source.id)
    assert (row.first_report_at, row.last_report_at) == (NOW, NOW + timedelta(minutes=5))
    assert row.first_execution_id == execution_id(source.team_id, "b")


def test_lag_is_the_age_of_the_newest_record(source: SourceInfo) -> None:
    take_in(source, told(reports=reports("a")), now=NOW, byte_count=1)
    take_in(source, told(lines=[(0, LooseLine(message="x"))]), now=NOW, byte_count=1)
    ledger.fold()
    with team_context(source.team_id):
        hour = SourceHour.objects.get()
    assert (hour.lag_sum_ms, hour.lag_max_ms, hour.lag_count) == (60_000, 60_000, 1)


def test_reasons_are_counted_by_day_with_the_last_sample(source: SourceInfo) -> None:
    bad = [Rejection(index=n, field="spanId", reason="must not be zero", sample=f"span {n}\0") for n in range(3)]
    for hour in (0, 1):
        take_in(source, told(rejected=bad), now=NOW + timedelta(hours=hour), byte_count=1)
    with team_context(source.team_id):
        (kept,) = SourceRejection.objects.all()
    assert (kept.field, kept.reason, kept.item_count) == ("spanId", "must not be zero", 6)
    assert kept.sample == "span 2\N{SYMBOL FOR NULL}"
    ledger.fold()
    assert [row[3] for row in hours(source)] == [3, 3]


def test_unknown_attributes_are_listed_once(source: SourceInfo) -> None:
    for _ in range(2):
        take_in(source, told(unknown={"acme.depth": "int", "acme.berth": "string"}), now=NOW, byte_count=1)
    with team_context(source.team_id):
        names = SourceAttribute.objects.order_by("name").values_list("name", "example_type")
        assert list(names) == [("acme.berth", "string"), ("acme.depth", "int")]


def test_a_flood_of_attribute_names_is_cut(source: SourceInfo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "MAX_ATTRIBUTES", 10)
    for start in (0, 8, 100):
        unknown = {f"name.{n:03}": "int" for n in range(start, start + 8)}
        take_in(source, told(unknown=unknown), now=NOW, byte_count=1)
    with team_context(source.team_id):
        assert SourceAttribute.objects.count() <= 10


def test_loose_lines_and_metrics_are_stored_once(source: SourceInfo) -> None:
    line = LooseLine(message="lock\nopened", at=NOW, level="info", labels={"gate": "4"})
    again = LooseLine(message="lock\nopened", at=NOW, level="info", labels={"gate": "4"}, position=2)
    point = MetricPoint(name="water.level", at=NOW, value=4.5, unit="m", kind="gauge", labels={"gate": "4"})
    decoded = told(lines=[(0, line), (1, line), (2, again)], metrics=[(3, point)])
    first = take_in(source, decoded, now=NOW, byte_count=1)
    assert (first.stored, first.duplicate) == (3, 1)
    second = take_in(source, told(lines=[(0, line)], metrics=[(1, point)]), now=NOW + timedelta(hours=1), byte_count=1)
    assert (second.stored, second.duplicate) == (0, 2)
    with team_context(source.team_id):
        assert list(SourceLine.objects.values_list("message", "labels").distinct()) == [("lock\nopened", {"gate": "4"})]
        (kept,) = SourceMetric.objects.all()
        assert (kept.name, kept.value, kept.unit, kept.kind, kept.measured_at) == (
            "water.level",
            4.5,
            "m",
            "gauge",
            NOW,
        )


def test_the_sources_environment_fills_in_what_reports_do_not_tell(source: SourceInfo) -> None:
    staging = replace(source, environment="staging")
    decoded = told(reports=[(0, report(id="a")), (1, report(id="b", environment="canary"))])
    take_in(staging, decoded, now=NOW, byte_count=1)
    assert [one.environment for _, one in decoded.reports] == ["staging", "canary"]
    with team_context(source.team_id):
        assert Execution.objects.count() == 2


def test_another_teams_fold_sees_nothing(source: SourceInfo, other_team: NewTeam) -> None:
    take_in(source, told(reports=reports("a")), now=NOW, byte_count=1)
    assert ledger.fold_team(other_team.team.id) == 0
    with team_context(other_team.team.id):
        assert SourceHour.objects.count() == 0


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.lists(st.sampled_from("abcdef"), min_size=1, max_size=4, unique=True), st.booleans()), max_size=8
    )
)
def test_accepted_is_stored_and_known_however_requests_and_folds_fall(
    source: SourceInfo, requests: list[tuple[list[str], bool]]
) -> None:
    def totals() -> tuple[int, ...]:
        return tuple(sum(row[place] for row in hours(source)) for place in range(3))

    with team_context(source.team_id):
        known = set(Execution.objects.values_list("external_id", flat=True))
    ledger.fold()
    before = totals()
    sent = 0
    for ids, is_folded in requests:
        take_in(source, told(reports=reports(*ids)), now=NOW, byte_count=1)
        sent += len(ids)
        if is_folded:
            ledger.fold_team(source.team_id, limit=1)
    ledger.fold()
    new = {one for ids, _ in requests for one in ids} - known
    changes = tuple(after - was for after, was in zip(totals(), before, strict=True))
    assert changes == (len(requests), len(new), sent - len(new))


def test_a_sender_that_makes_up_reasons_fills_no_table(source: SourceInfo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "MAX_REASONS_A_DAY", 30)
    for start in range(0, 200, 50):
        bad = [Rejection(index=n, field="id", reason=f"must not be {start + n}") for n in range(50)]
        take_in(source, told(rejected=bad), now=NOW, byte_count=1)
    with team_context(source.team_id):
        kept = dict(SourceRejection.objects.values_list("reason", "item_count"))
    assert len(kept) <= 30 + ledger.MAX_REASONS + 1
    assert sum(kept.values()) == 200
    assert kept[ledger.OTHER_REASONS[1]] >= 100


def test_a_long_unit_is_cut_and_costs_nothing_else(source: SourceInfo) -> None:
    points = [MetricPoint(name=f"m{n}", at=NOW, value=1.0, unit="{" + "u" * 60 + "}" if n else "s") for n in range(2)]
    outcome = take_in(source, told(metrics=list(enumerate(points))), now=NOW, byte_count=1)
    assert outcome.stored == 2
    with team_context(source.team_id):
        assert [len(one.unit) for one in SourceMetric.objects.order_by("name")] == [1, 40]


def test_a_refused_report_is_no_first_execution(source: SourceInfo) -> None:
    old = NOW - timedelta(days=200)
    with team_context(source.team_id):
        seal(source.team_id, RetentionClass.PRODUCTION, [old.date()], NOW)
    late = report(id="late", started_at=old, finished_at=old)

    def first() -> UUID | None:
        ledger.fold()
        with team_context(source.team_id):
            return Source.objects.get(id=source.id).first_execution_id

    assert len(take_in(source, told(reports=[(0, late)]), now=NOW, byte_count=1).rejected) == 1
    assert first() is None
    take_in(source, told(reports=[(0, late), (1, report(id="good"))]), now=NOW, byte_count=1)
    assert first() == execution_id(source.team_id, "good")
