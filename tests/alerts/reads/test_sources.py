"""Sources that fell silent: through the port, as the running application wires it."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Team
from accounts.services.teams import issue_key, revoke_key
from alerts import ports
from alerts.analysis.readings import Reading, Subject
from alerts.reads import sources
from ingestion import ledger
from ingestion.kinds import SourceKind
from ingestion.ledger import Receipt
from ingestion.models import Source, SourceHour
from ingestion.sources import SourceInfo
from tests.alerts.rules import rule
from tests.factories import NOW

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
HOUR_MS = 3_600_000


def source(team: Team, name: str = "hooks", silent: timedelta | None = None, **fields: Any) -> Source:
    """A source that reported so long ago for the last time, or never."""
    last = None if silent is None else NOW - silent
    told = {"kind": SourceKind.REST.value, "name": name, "last_report_at": last, **fields}
    return Source.objects.create(team=team, **told)


def reported(one: Source, hours: list[int]) -> None:
    """Hours before `NOW` in which something came."""
    SourceHour.objects.bulk_create(
        SourceHour(team_id=one.team_id, source_id=one.id, hour=NOW - hour * HOUR, request_count=1, stored_count=1)
        for hour in hours
    )


def read(team: Team, **fields: Any) -> list[Reading]:
    made = rule(team, "source_silent", **{"scope": "source", "environment": "", "is_per_workflow": False, **fields})
    return sources.read(team.id, [made], NOW)[made.id]


def test_each_source_with_its_own_silence(in_team: Team) -> None:
    source(in_team, "a", 2 * HOUR)
    source(in_team, "b", timedelta(minutes=1))
    first, second = read(in_team)
    assert (first.subject, first.value, first.since) == (Subject(value="a"), 2 * HOUR_MS, NOW - 2 * HOUR)
    assert (second.subject, second.value) == (Subject(value="b"), 60_000)


def test_against_the_silence_that_is_usual_of_it(in_team: Team) -> None:
    # It reports by day, from 03:00 to 13:00: fourteen hours of night are usual.
    by_day = source(in_team, "by day", 23 * HOUR)
    reported(by_day, [day * 24 + hour for day in range(1, 28) for hour in range(-1, 9)])
    steady = source(in_team, "steady", 23 * HOUR)
    reported(steady, list(range(23, 27 * 24)))
    first, second = read(in_team, comparison="unusual", threshold=None)
    assert first.high == pytest.approx(1.5 * 13.75 * HOUR_MS, rel=0.01)
    assert (second.low, second.high) == (0, 1.5 * HOUR_MS)
    assert second.words == "Source steady reported nothing for 23 h, usually at most 1 h 30 min"


def test_nothing_is_usual_of_a_week(in_team: Team) -> None:
    reported(source(in_team, "new", 5 * HOUR), list(range(5, 170)))
    (found,) = read(in_team)
    assert (found.value, found.high) == (5 * HOUR_MS, None)


def test_what_reports_is_not_unusual_however_little_is_known(in_team: Team) -> None:
    source(in_team, "new", timedelta(minutes=59))
    (found,) = read(in_team)
    assert (found.low, found.high) == (0, 1.5 * HOUR_MS)


def test_a_receipt_that_is_not_folded_yet_is_a_report_and_a_refused_one_is_none(in_team: Team) -> None:
    one, refused = source(in_team, "a", 9 * HOUR), source(in_team, "b", 9 * HOUR)
    for which, counts in ((one, {"stored": 1}), (refused, {"refused": 1})):
        info = SourceInfo(team_id=in_team.id, id=which.id, kind=SourceKind.REST)
        ledger.record(Receipt(info, NOW - timedelta(seconds=5), 10, **counts))
    assert [found.value for found in read(in_team)] == [5_000, 9 * HOUR_MS]


def test_sources_that_should_not_report_are_left_out(in_team: Team) -> None:
    key, _ = issue_key(team=in_team, name="Old", scopes=["ingest"])
    revoke_key(key=key, now=NOW - DAY)
    source(in_team, "off", 9 * HOUR, is_active=False)
    source(in_team, "never")
    source(in_team, "revoked", 9 * HOUR, api_key=key)
    assert read(in_team) == []


def test_one_source_by_its_name_or_id(in_team: Team) -> None:
    one = source(in_team, "a", 2 * HOUR)
    source(in_team, "b", 3 * HOUR)
    assert [found.value for found in read(in_team, value="a")] == [2 * HOUR_MS]
    assert [found.subject.value for found in read(in_team, value=str(one.id))] == ["a"]
    assert read(in_team, value="gone") == []


def test_sources_of_one_name_are_told_apart(in_team: Team) -> None:
    ids = [source(in_team, "a", HOUR, id=UUID(int=number << 96)).id for number in (1, 2)]
    assert [found.subject.value for found in read(in_team)] == [f"a ({str(id)[:8]})" for id in ids]


def test_another_team_is_never_seen(in_team: Team, other_team: Any) -> None:
    source(in_team, "a", 2 * HOUR)
    made = rule(in_team, "source_silent", scope="source")
    assert sources.read(other_team.team.id, [made], NOW)[made.id] == []


def test_without_a_provider_nothing_is_known(in_team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "_source_states", [])
    (found,) = read(in_team)
    assert (found.value, found.words) == (None, "Nothing is known of sources.")


@pytest.mark.parametrize("count", [1, 20])
def test_two_queries_for_all_rules(in_team: Team, count: int) -> None:
    for number in range(count):
        reported(source(in_team, f"s{number}", 30 * HOUR), list(range(30, 600)))
    rules = [rule(in_team, "source_silent", scope="source", value=f"s{number}") for number in range(count)]
    with CaptureQueriesContext(connection) as queries:
        found = sources.read(in_team.id, rules, NOW)
    assert [len(told) for told in found.values()] == [1] * count
    assert len(queries) == 2
