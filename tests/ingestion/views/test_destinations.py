"""The pages of destinations: who may see and change them, what the form refuses, what a try says."""

import re
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Membership, Team
from accounts.permissions import Role
from accounts.tenancy import team_context
from ingestion.forwarding.outbox import forget_destinations
from ingestion.forwarding.presets import PRESETS
from ingestion.forwarding.receivers import headers_of
from ingestion.models import Destination, DestinationKind, OutboxSchedule
from ingestion.services.destinations import MAX_DESTINATIONS, Wanted, add_destination
from tests.people import PASSWORD
from tests.receivers import Answer, TestReceiver, receiving

pytestmark = pytest.mark.django_db
FORM = {"name": "Sink", "url": "http://127.0.0.1:9200", "headers": "Authorization: ApiKey abc", "payloads": "on"}


@pytest.fixture(autouse=True)
def _loopback(settings: Any) -> None:
    settings.STEADYRUN_ALLOW_PRIVATE_DESTINATIONS = ("127.0.0.1",)
    forget_destinations()


@pytest.fixture
def receiver() -> Iterator[TestReceiver]:
    with receiving() as found:
        yield found


def made(team: Team, url: str = "http://127.0.0.1:9200", **fields: Any) -> Destination:
    told = {"kind": DestinationKind.ELASTIC, "name": "Sink", "url": url, **fields}
    with team_context(team.id):
        return add_destination(team.id, Wanted(**told), timezone.now())


def address(team: Team, rest: str = "") -> str:
    return f"/t/{team.slug}/destinations/{rest}"


def text_of(response: Any) -> str:
    return " ".join(response.content.decode().split())


def said(response: Any) -> str:
    return " ".join(str(message) for message in get_messages(response.wsgi_request))


def test_a_first_destination_is_offered(owner_client: Client, team: Team) -> None:
    assert "Add the first destination" in text_of(owner_client.get(address(team)))


def test_every_preset_has_a_form_that_asks_for_what_is_missing(owner_client: Client, team: Team) -> None:
    chosen = text_of(owner_client.get(address(team, "add/")))
    for preset in PRESETS.values():
        assert f"/destinations/add/{preset.slug}/" in chosen
        response = owner_client.get(address(team, f"add/{preset.slug}/"))
        assert preset.source.replace("&", "&amp;") in response.content.decode()
        form = response.context["form"]
        refused = owner_client.post(address(team, f"add/{preset.slug}/"), form.initial)
        if "<" in preset.url + "".join(preset.headers.values()):
            assert refused.status_code == 422
            assert "Put your own value in place of" in text_of(refused)
    assert owner_client.get(address(team, "add/nothing/")).status_code == 404


def test_a_destination_is_added(owner_client: Client, team: Team) -> None:
    response = owner_client.post(address(team, "add/elasticsearch/"), {**FORM, "index": "runs"})
    with team_context(team.id):
        one = Destination.objects.get()
        assert (one.name, one.kind, one.settings["index"], one.settings["lines"]) == ("Sink", "elastic", "runs", False)
        assert headers_of(one) == {"Authorization": "ApiKey abc"}
    assert response.headers["location"] == address(team, f"{one.id}/")
    assert OutboxSchedule.objects.get().destination_id == one.id
    page = text_of(owner_client.get(address(team, f"{one.id}/")))
    assert "ApiKey abc" not in page
    assert "Nothing sent yet" in page


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("name", "", "Give the destination a name"),
        ("url", "", "Say where to send"),
        ("url", "ftp://example.com", "must begin with https://"),
        ("url", "http://10.0.0.1/", "inside this network"),
        ("url", "http://169.254.169.254/latest", "inside this network"),
        ("url", "http://user:pass@127.0.0.1/", "may not hold a user"),
        ("headers", "no colon", "Each line is a name"),
        ("headers", "Host: other", "cannot be set"),
        ("headers", "X: <API key>", "in place of &lt;API key&gt;"),
        ("headers", "Bad name: x", "cannot be set"),
        ("index", "Upper Case", "lower-case letter"),
    ],
)
def test_the_form_says_what_is_wrong(owner_client: Client, team: Team, field: str, value: str, words: str) -> None:
    response = owner_client.post(address(team, "add/elasticsearch/"), {**FORM, field: value})
    assert response.status_code == 422
    assert words in text_of(response)
    with team_context(team.id):
        assert not Destination.objects.exists()


def test_kept_headers_do_not_follow_the_address_to_another_host(owner_client: Client, team: Team) -> None:
    one = made(team, headers={"Authorization": "secret"})
    same = {**FORM, "headers": "", "url": "http://127.0.0.1:9200/elsewhere"}
    assert owner_client.post(address(team, f"{one.id}/"), same).status_code == 302
    with team_context(team.id):
        assert headers_of(Destination.objects.get()) == {"Authorization": "secret"}
    moved = owner_client.post(address(team, f"{one.id}/"), {**same, "url": "http://127.0.0.1:9999/"})
    assert moved.status_code == 422
    assert "enter the headers again" in text_of(moved)


def test_there_is_a_most(owner_client: Client, team: Team) -> None:
    for number in range(MAX_DESTINATIONS):
        made(team, name=str(number))
    response = owner_client.post(address(team, "add/elasticsearch/"), FORM)
    assert response.status_code == 422
    assert f"A team may have {MAX_DESTINATIONS}" in text_of(response)


def test_a_try_says_what_the_receiver_answered(owner_client: Client, team: Team, receiver: TestReceiver) -> None:
    one = made(team, receiver.url)
    assert "The test arrived" in said(owner_client.post(address(team, f"{one.id}/test/")))
    assert b"Steadyrun test" in receiver.got[0].body
    receiver.answer = lambda told, number: Answer(401, b"who are you")
    words = said(owner_client.post(address(team, f"{one.id}/test/")))
    assert "did not arrive" in words
    assert "401: who are you" in words


def test_a_try_tells_that_a_receiver_takes_traces_alone(
    owner_client: Client, team: Team, receiver: TestReceiver
) -> None:
    one = made(team, receiver.url, kind=DestinationKind.OTLP)
    receiver.answer = lambda told, number: Answer(405 if told.path == "/v1/logs" else 200, b"no")
    words = said(owner_client.post(address(team, f"{one.id}/test/")))
    assert [got.path for got in receiver.got] == ["/v1/traces", "/v1/logs"]
    assert "It answered 405 at /v1/logs: no" in words
    other = made(team, receiver.url, kind=DestinationKind.OTLP, settings={"lines": False})
    assert "The test arrived" in said(owner_client.post(address(team, f"{other.id}/test/")))


def test_switching_and_removing(owner_client: Client, team: Team) -> None:
    one = made(team)
    owner_client.post(address(team, f"{one.id}/switch/"))
    assert "Switched off" in text_of(owner_client.get(address(team)))
    owner_client.post(address(team, f"{one.id}/switch/"))
    owner_client.post(address(team, f"{one.id}/delete/"))
    with team_context(team.id):
        assert not Destination.objects.exists()
    assert not OutboxSchedule.objects.exists()


def test_the_list_and_its_csv_show_errors_but_no_paths(owner_client: Client, team: Team) -> None:
    one = made(team, "http://127.0.0.1:9200/secret-path")
    with team_context(team.id):
        Destination.objects.filter(id=one.id).update(
            last_error="It answered 401", last_error_at=timezone.now(), dropped_count=7, name="=cmd"
        )
    page = text_of(owner_client.get(address(team)))
    assert "Failing" in page
    assert "It answered 401" in page
    assert "1 of 1 failing" in page
    csv = b"".join(owner_client.get(address(team, "?format=csv")).streaming_content).decode()  # type: ignore[attr-defined]
    assert "'=cmd,elastic,http://127.0.0.1:9200,failing" in csv
    assert "secret-path" not in page + csv


def test_strangers_and_readers(stranger_client: Client, team: Team, client: Client, member: Any) -> None:
    one = made(team)
    pages = ["", "add/", "add/otlp/", f"{one.id}/"]
    actions = [f"{one.id}/{name}/" for name in ("test", "switch", "delete")]
    for rest in pages:
        assert stranger_client.get(address(team, rest)).status_code == 404
        assert client.get(address(team, rest)).status_code == 302
    for rest in actions:
        assert stranger_client.post(address(team, rest)).status_code == 404
    Membership.objects.filter(user=member).update(role=Role.VIEWER)
    client.login(username=member.email, password=PASSWORD)
    assert client.get(address(team)).status_code == 200
    assert not re.search(rf"destinations/{one.id}", client.get(address(team)).content.decode())
    for rest in pages[1:]:
        assert client.get(address(team, rest)).status_code == 404
    for rest in actions:
        assert client.post(address(team, rest)).status_code == 404


def test_wrong_methods_and_unknown_ids(owner_client: Client, team: Team) -> None:
    one = made(team)
    for name in ("test", "switch", "delete"):
        assert owner_client.get(address(team, f"{one.id}/{name}/")).status_code == 405
    assert owner_client.get(address(team, f"{uuid4()}/")).status_code == 404


def test_queries_do_not_depend_on_how_many_there_are(owner_client: Client, team: Team) -> None:
    made(team)
    owner_client.get(address(team))
    with CaptureQueriesContext(connection) as few:
        owner_client.get(address(team))
    for number in range(10):
        made(team, name=str(number))
    with CaptureQueriesContext(connection) as many:
        owner_client.get(address(team))
    assert len(many) == len(few)
