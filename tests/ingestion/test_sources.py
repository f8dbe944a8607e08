"""A source is found by key and protocol or by its address, and by nobody else's."""

from datetime import timedelta

import pytest

from accounts.models import ApiKey, Team
from accounts.services.teams import NewTeam, issue_key
from accounts.tenancy import team_context
from ingestion.kinds import KINDS, SourceKind
from ingestion.models import Source, SourceAddress
from ingestion.sources import (
    add_source,
    find_by_address,
    find_by_key,
    forget_sources,
    source_id_of_key,
)
from tests.factories import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def key(team: Team) -> ApiKey:
    """A key of the team."""
    return issue_key(team=team, name="Crane", scopes=["ingest"])[0]


def test_every_kind_says_where_it_reports() -> None:
    assert set(KINDS) == set(SourceKind)
    assert {kind for kind in SourceKind if KINDS[kind].has_address} == {
        kind for kind in SourceKind if KINDS[kind].path.endswith("/{address}")
    }


def test_a_key_makes_one_source_for_each_protocol(key: ApiKey) -> None:
    first = find_by_key(key, SourceKind.OTLP, NOW)
    forget_sources()
    assert find_by_key(key, SourceKind.OTLP, NOW + timedelta(days=1)) == first
    other = find_by_key(key, SourceKind.LOKI, NOW)
    assert (first.name, other.name) == ("OpenTelemetry · Crane", "Loki push · Crane")
    with team_context(key.team_id):
        assert set(Source.objects.values_list("id", flat=True)) == {first.id, other.id}
        assert set(Source.objects.values_list("created_at", flat=True)) == {NOW}


def test_what_is_remembered_is_asked_for_once(key: ApiKey, django_assert_num_queries: object) -> None:
    find_by_key(key, SourceKind.OTLP, NOW)
    with django_assert_num_queries(0):  # type: ignore[operator]
        find_by_key(key, SourceKind.OTLP, NOW)


def test_an_address_finds_its_source_with_its_secret_and_defaults(team: Team) -> None:
    with team_context(team.id):
        made = add_source(
            team_id=team.id, kind=SourceKind.GITHUB, name="Builds", secret="hush", environment="staging", workflow="CI"
        )
        assert b"hush" not in bytes(made.secret or b"")
    found = find_by_address(made.address)
    assert found is not None
    assert (found.team_id, found.id, found.kind) == (team.id, made.id, SourceKind.GITHUB)
    assert (found.secret, found.environment, found.workflow) == ("hush", "staging", "CI")
    assert len(made.address) >= 22


@pytest.mark.parametrize("address", ["", "nothing", "x" * 65, "a/../b"])
def test_an_unknown_address_finds_nothing(db: None, address: str) -> None:
    assert find_by_address(address) is None


def test_a_source_added_for_a_key_is_the_one_that_its_reports_find(key: ApiKey) -> None:
    with team_context(key.team_id):
        made = add_source(team_id=key.team_id, kind=SourceKind.HEC, name="Splunk forwarders", api_key=key)
    assert made.id == source_id_of_key(key.id, SourceKind.HEC)
    assert find_by_key(key, SourceKind.HEC, NOW).name == "Splunk forwarders"
    assert SourceAddress.objects.count() == 0


def test_a_deleted_source_is_found_no_longer(team: Team) -> None:
    with team_context(team.id):
        made = add_source(team_id=team.id, kind=SourceKind.PING, name="Backup")
        Source.objects.filter(id=made.id).delete()
    assert find_by_address(made.address) is None


def test_another_team_does_not_see_it(team: Team, other_team: NewTeam) -> None:
    with team_context(team.id):
        add_source(team_id=team.id, kind=SourceKind.PING, name="Backup")
    with team_context(other_team.team.id):
        assert list(Source.objects.all()) == []


@pytest.mark.parametrize("address", ["\0", "a\0b", "é" * 24, "a/b", "", "x" * 65])
def test_what_cannot_be_an_address_is_nobodys(address: str) -> None:
    assert find_by_address(address) is None
