"""The door of the ways in: who may report, what is kept of a refusal, and that one team's flood stops at its limit."""

import base64
import threading
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from django.db.models import Sum
from django.test import Client

from accounts.models import Team
from accounts.services.teams import NewTeam
from accounts.tenancy import team_context
from ingestion import ledger
from ingestion.api import admission
from ingestion.api.admission import Overloaded, admitted
from ingestion.kinds import SourceKind
from ingestion.models import Source, SourceHour, SourceRejection
from ingestion.sources import add_source, forget_sources

ADDRESS = "/api/v1/executions"
pytestmark = pytest.mark.django_db


def send(headers: dict[str, str], body: bytes = b'{"id":"e1"}') -> Any:
    """Reports one execution."""
    return Client().post(ADDRESS, body, content_type="application/json", headers=headers)


def basic(key: str) -> str:
    """The header of HTTP basic authentication, with the key as its password."""
    return "Basic " + base64.b64encode(f"anybody:{key}".encode()).decode()


@pytest.mark.parametrize(
    "headers",
    [
        lambda key: {"authorization": f"Bearer {key}"},
        lambda key: {"authorization": f"bearer  {key}"},
        lambda key: {"authorization": f"Splunk {key}"},
        lambda key: {"authorization": basic(key)},
        lambda key: {"x-api-key": key},
        lambda key: {"x-amz-firehose-access-key": key},
    ],
)
def test_a_key_is_taken_from_every_header_that_clients_use(
    api_key: str, headers: Callable[[str], dict[str, str]]
) -> None:
    assert send(headers(api_key)).json()["stored"] == 1


@pytest.mark.parametrize("header", ["Basic", "Basic !!", "Basic " + base64.b64encode(b"nobody").decode(), "Digest x"])
def test_a_header_without_a_key_is_a_401_that_says_how(db: None, header: str) -> None:
    answer = send({"authorization": header})
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == 'Bearer realm="steadyrun"'
    assert "Authorization: Bearer" in answer.json()["detail"]


def test_another_method_is_a_405_that_names_the_right_one(api_key: str) -> None:
    answer = Client().get(ADDRESS, headers={"x-api-key": api_key})
    assert (answer.status_code, answer["Allow"]) == (405, "POST")


def test_a_request_leaves_a_receipt_with_its_source(api_key: str, team: Team) -> None:
    for _ in range(2):
        send({"x-api-key": api_key})
    ledger.fold()
    with team_context(team.id):
        (source,) = Source.objects.all()
        # The clock may strike between the two requests.
        totals = SourceHour.objects.aggregate(*map(Sum, ("request_count", "stored_count", "duplicate_count")))
    assert (source.kind, source.name) == ("rest", "REST API · First key")
    assert source.first_report_at is not None
    assert list(totals.values()) == [2, 1, 1]


def test_a_refused_request_is_in_the_ledger_with_its_reason(api_key: str, team: Team) -> None:
    assert send({"x-api-key": api_key}, b"{").status_code == 400
    ledger.fold()
    with team_context(team.id):
        (hour,) = SourceHour.objects.all()
        (reason,) = SourceRejection.objects.all()
        assert Source.objects.get().first_report_at is None
    assert (hour.refused_count, hour.stored_count) == (1, 0)
    assert "Nothing was stored" in reason.reason


def test_a_source_that_was_switched_off_takes_nothing(api_key: str, team: Team) -> None:
    send({"x-api-key": api_key})
    with team_context(team.id):
        Source.objects.update(is_active=False)
    forget_sources()
    answer = send({"x-api-key": api_key}, b'{"id":"e2"}')
    assert (answer.status_code, answer.json()["title"]) == (410, "Switched off")


def test_a_flood_of_one_team_is_told_to_come_again_and_leaves_the_others_alone(
    new_team: NewTeam, other_team: NewTeam, settings: Any
) -> None:
    settings.INGEST_MAX_CONCURRENT_PER_TEAM = 1
    with admitted(new_team.team.id):
        answer = send({"x-api-key": new_team.api_key})
        assert (answer.status_code, answer["Retry-After"]) == (503, "1")
        assert "Nothing was stored" in answer.json()["detail"]
        assert send({"x-api-key": other_team.api_key}).status_code == 200
    assert send({"x-api-key": new_team.api_key}).status_code == 200


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Teams of tests before this one do not count as sharing the places."""
    monkeypatch.setattr(admission, "_shares", {})


def test_places_are_given_back_whatever_happens(team: Team, settings: Any, alone: None) -> None:
    settings.INGEST_MAX_CONCURRENT_PER_TEAM = 2
    refused = []

    def work() -> None:
        for _ in range(200):
            try:
                with admitted(team.id):
                    raise ZeroDivisionError
            except ZeroDivisionError:
                pass
            except Overloaded:
                refused.append(1)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with admitted(team.id), admitted(team.id), pytest.raises(Overloaded), admitted(team.id):
        pass


def test_a_team_alone_has_all_places_and_shares_them_with_another(
    new_team: NewTeam, other_team: NewTeam, settings: Any, alone: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.INGEST_SHARED_PLACES = 2
    monkeypatch.setattr(admission, "WAIT_SECONDS", 0.01)
    mine, others = new_team.team.id, other_team.team.id
    # The other team has its place at once; the first gets no third one beside it.
    with admitted(mine), admitted(mine), admitted(others), pytest.raises(Overloaded), admitted(mine):
        pass
    monkeypatch.setattr(admission, "SHARING_SECONDS", -1.0)
    with admitted(new_team.team.id), admitted(new_team.team.id), admitted(new_team.team.id):
        pass


def test_a_request_waits_for_a_place_that_gets_free(new_team: NewTeam, other_team: NewTeam, alone: None) -> None:
    order: list[str] = []
    inside, leave = threading.Event(), threading.Event()

    def first() -> None:
        with admitted(new_team.team.id):
            inside.set()
            leave.wait(5)
            order.append("first")

    def second() -> None:
        with admitted(new_team.team.id):
            order.append("second")

    with admitted(other_team.team.id):
        threads = [threading.Thread(target=first), threading.Thread(target=second)]
        threads[0].start()
        inside.wait(5)
        threads[1].start()
        leave.set()
        for thread in threads:
            thread.join(5)
    assert order == ["first", "second"]


def test_a_secret_of_another_signing_key_makes_senders_try_again(team: Team, settings: Any) -> None:
    with team_context(team.id):
        source = add_source(team_id=team.id, kind=SourceKind.GITHUB, name="Builds", secret="hush hush")
    settings.SECRET_KEY = "another signing key"
    answer = Client().post(f"/hooks/{source.address}", b"{}", content_type="application/json")
    assert (answer.status_code, answer["Retry-After"]) == (503, "60")
    assert "Nothing was stored" in answer.json()["detail"]


def test_teams_that_went_silent_are_forgotten(alone: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(admission, "SHARING_SECONDS", 0.0)
    for _ in range(50):
        with admitted(uuid4()):
            pass
    with admitted(held := uuid4()), admitted(uuid4()):
        assert held in admission._shares
    assert len(admission._shares) < 5
