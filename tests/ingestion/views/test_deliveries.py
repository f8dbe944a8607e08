"""The deliveries of a webhook source and its mapping: what is seen, tried, saved and processed again, and by whom."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Membership, Team, User
from accounts.permissions import Role
from accounts.tenancy import team_context
from ingestion import tasks
from ingestion.adapters.webhooks.recipes import RECIPES
from ingestion.adapters.webhooks.signatures import CHECKS
from ingestion.kinds import SourceKind
from ingestion.models import Delivery, Source
from ingestion.services.deliveries import receive
from ingestion.services.sources import create_source
from ingestion.sources import forget_sources, info_of
from ingestion.views.mapping_form import SIGNATURES
from monitoring.models import Execution
from tests.ingestion.adapters.webhooks import events

NOW = datetime(2026, 11, 22, 12, 30, tzinfo=UTC)
MAPPING = {"id": "job", "workflow": "'nightly'", "status": "result"}


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    forget_sources()
    monkeypatch.setattr(timezone, "now", lambda: NOW)


def made(team: Team, kind: SourceKind, **fields: Any) -> Source:
    with team_context(team.id):
        return create_source(team=team, kind=kind, name="Hook", **fields).source


def deliver(source: Source, body: bytes, **headers: str) -> None:
    with team_context(source.team_id):
        info = info_of(Source.objects.get(id=source.id))
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    receive(info, headers=told, body=body, content_type="application/json", now=NOW - timedelta(minutes=3))


@pytest.fixture
def source(team: Team) -> Source:
    """A webhook source without a mapping, to which one delivery came."""
    found = made(team, SourceKind.GENERIC)
    deliver(found, b'{"job":7,"result":"error","type":"run.done","api_key":"abc"}', idempotency_key="first")
    return found


@pytest.fixture
def delivery(source: Source) -> Delivery:
    """The one delivery."""
    with team_context(source.team_id):
        return Delivery.objects.get()


def address(source: Source, part: str = "deliveries/") -> str:
    return f"/t/{source.team.slug}/sources/{source.id}/{part}"


def page(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200, url
    return " ".join(response.content.decode().split())


def form(**fields: str) -> dict[str, str]:
    return {f"m.{name.replace('__', '.')}": text for name, text in fields.items()}


def test_deliveries_are_listed_with_what_they_became(member_client: Client, source: Source) -> None:
    text = page(member_client, address(source))
    assert "run.done" in text
    assert "Rejected 1" in text
    assert "this source has no mapping" in text
    assert "3 min ago" in text


def test_filters_search_and_export(member_client: Client, source: Source) -> None:
    assert "run.done" in page(member_client, address(source) + "?outcome=rejected&q=done")
    assert "Nothing matches" in page(member_client, address(source) + "?outcome=stored")
    assert "Nothing matches" in page(member_client, address(source) + "?q=other")
    assert "run.done" in page(member_client, address(source) + "?outcome=nonsense&after=nonsense")
    rows = b"".join(member_client.get(address(source) + "?format=csv")).decode().splitlines()  # type: ignore[call-overload]
    assert rows[1].startswith("2026-11-22T12:27:00+00:00,run.done,first,rejected,,(item) is not understood yet")


def test_pages_lead_on(member_client: Client, team: Team) -> None:
    source = made(team, SourceKind.GENERIC, mapping=MAPPING)
    for number in range(55):
        deliver(source, b'{"job":%d}' % number)
    with team_context(team.id):
        last = Delivery.objects.order_by("-received_at", "-id")[50]
    text = page(member_client, address(source))
    after = text.split("after=")[1].partition('"')[0].replace("&amp;", "&")
    rest = page(member_client, f"{address(source)}?after={after}")
    assert last.external_id[:18] not in text
    assert last.external_id[:18] in rest
    assert rest.count("data-row") == 5


def test_one_delivery_shows_its_redacted_body(member_client: Client, source: Source, delivery: Delivery) -> None:
    text = page(member_client, address(source, f"deliveries/{delivery.id}/"))
    assert "[redacted]" in text
    assert "abc" not in text.partition('id="delivery-body"')[2].partition("</pre>")[0]
    assert "idempotency-key" in text


def test_query_count_is_the_same_with_more_rows(member_client: Client, source: Source) -> None:
    page(member_client, address(source))
    with CaptureQueriesContext(connection) as few:
        page(member_client, address(source))
    for number in range(20):
        deliver(source, b'{"job":%d}' % number)
    with CaptureQueriesContext(connection) as many:
        page(member_client, address(source))
    assert len(few) == len(many)


def test_mapping_is_tried_without_storing_anything(member_client: Client, source: Source, team: Team) -> None:
    told = form(id="job", workflow="'nightly'", status="result", started_at="type", url="nope")
    text = member_client.post(address(source, "mapping/try/"), told).content.decode()
    assert "Rejected: started_at must be a time" in text
    assert "nothing found" in text
    told = form(id="job", workflow="'nightly'", status="result")
    assert "nightly, failed" in member_client.post(address(source, "mapping/try/"), told).content.decode()
    with team_context(team.id):
        assert not Execution.objects.exists()
        assert Source.objects.get().mapping is None


def test_faulty_expressions_are_named_while_trying_and_saving(member_client: Client, source: Source) -> None:
    told = form(id="job[", steps__node="x")
    text = member_client.post(address(source, "mapping/try/"), told).content.decode()
    assert "is not a JMESPath expression" in text
    response = member_client.post(address(source, "mapping/"), told)
    assert response.status_code == 422
    assert "Not saved: 2 fields cannot be used" in " ".join(response.content.decode().split())
    with team_context(source.team_id):
        assert Source.objects.get(id=source.id).mapping is None


def test_mapping_is_saved_applied_and_removed(member_client: Client, source: Source, delivery: Delivery) -> None:
    told = {f"m.{name}": text for name, text in MAPPING.items()}
    response = member_client.post(address(source, "mapping/"), {**told, "m.url": "  "}, follow=True)
    assert "Process the 1 kept" in response.content.decode()
    with team_context(source.team_id):
        assert Source.objects.get(id=source.id).mapping == MAPPING
    again = address(source, f"deliveries/{delivery.id}/again/")
    response = member_client.post(again, follow=True)
    assert "Processed again: stored." in response.content.decode()
    assert "from=now-90d" in response.content.decode()
    with team_context(source.team_id):
        assert Execution.objects.get().external_id == "7"
    member_client.post(address(source, "mapping/"), {})
    with team_context(source.team_id):
        assert Source.objects.get(id=source.id).mapping is None


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_recipe_fills_the_form(member_client: Client, source: Source, name: str) -> None:
    text = page(member_client, address(source, f"mapping/?recipe={name}"))
    assert RECIPES[name].title in text
    assert "The event that this mapping reads" in text


def test_all_are_processed_again_by_the_worker(
    member_client: Client, source: Source, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    asked: list[tuple[str, ...]] = []
    monkeypatch.setattr(tasks.process_deliveries_again, "delay", lambda *about: asked.append(about))
    with team_context(source.team_id):
        Source.objects.filter(id=source.id).update(mapping=MAPPING)
    with django_capture_on_commit_callbacks(execute=True):
        response = member_client.post(address(source, "deliveries/again/"), follow=True)
    assert "Processing 1 deliveries again" in response.content.decode()
    tasks.process_deliveries_again(*asked[0])
    with team_context(source.team_id):
        assert Delivery.objects.get().outcome == "stored"


def test_tasks_forget_old_deliveries_and_leave_unknown_sources(source: Source) -> None:
    tasks.process_deliveries_again(str(source.team_id), str(uuid4()), NOW.isoformat())
    with team_context(source.team_id):
        Delivery.objects.update(received_at=NOW - timedelta(days=8))
    tasks.remove_expired()
    with team_context(source.team_id):
        assert not Delivery.objects.exists()


def test_signature_is_chosen(owner_client: Client, source: Source) -> None:
    assert SIGNATURES.keys() == CHECKS.keys()
    told = {"signature": "hmac", "header": "X-Signature"}
    response = owner_client.post(address(source, "mapping/signature/"), told, follow=True)
    assert "deliveries from now on" in response.content.decode()
    with team_context(source.team_id):
        assert Source.objects.get(id=source.id).settings == told
    for bad in ({"signature": "soap"}, {"header": "a b"}, {"header": "é"}, {"header": "x" * 101}):
        owner_client.post(address(source, "mapping/signature/"), bad)
    with team_context(source.team_id):
        assert Source.objects.get(id=source.id).settings == told


def test_source_of_a_preset_says_that_it_needs_no_mapping(member_client: Client, team: Team) -> None:
    source = made(team, SourceKind.GITHUB)
    assert "read by its preset" in page(member_client, address(source, "mapping/"))
    assert "No delivery in the last 7 days" in page(member_client, address(source))


PARTS = ("deliveries/", "mapping/")
POSTS = ("deliveries/again/", "mapping/", "mapping/try/", "mapping/signature/")


def test_only_webhooks_have_them(member_client: Client, team: Team) -> None:
    source = made(team, SourceKind.OTLP)
    for part in PARTS:
        assert member_client.get(address(source, part)).status_code == 404
    assert "Deliveries" not in page(member_client, address(source, ""))


def test_strangers_find_nothing(stranger_client: Client, stranger: User, source: Source, delivery: Delivery) -> None:
    own = Membership.objects.get(user=stranger).team
    one = f"deliveries/{delivery.id}/"
    for part in (*PARTS, one):
        assert stranger_client.get(address(source, part)).status_code == 404
        assert stranger_client.get(f"/t/{own.slug}/sources/{source.id}/{part}").status_code == 404
    for part in (*POSTS, f"{one}again/"):
        assert stranger_client.post(address(source, part)).status_code == 404
        assert stranger_client.post(f"/t/{own.slug}/sources/{source.id}/{part}").status_code == 404


def test_a_delivery_of_another_source_is_not_found(member_client: Client, team: Team, delivery: Delivery) -> None:
    other = made(team, SourceKind.N8N)
    assert member_client.get(address(other, f"deliveries/{delivery.id}/")).status_code == 404


def test_anonymous_visitors_sign_in_and_methods_are_checked(member_client: Client, source: Source) -> None:
    for part in PARTS:
        assert Client().get(address(source, part))["Location"].startswith("/sign-in/")
    assert member_client.post(address(source)).status_code == 405
    for part in ("deliveries/again/", "mapping/try/", "mapping/signature/"):
        assert member_client.get(address(source, part)).status_code == 405


@pytest.mark.parametrize(
    ("role", "sees", "edits", "signs"),
    [
        (Role.VIEWER, 200, 404, 404),
        (Role.FINANCE, 404, 404, 404),
        (Role.OPERATOR, 200, 200, 404),
        (Role.DEVELOPER, 200, 200, 302),
    ],
)
def test_roles(
    member_client: Client, member: User, source: Source, role: Role, sees: int, edits: int, signs: int
) -> None:
    Membership.objects.filter(user=member).update(role=role)
    assert member_client.get(address(source)).status_code == sees
    assert member_client.get(address(source, "mapping/")).status_code == edits
    assert member_client.post(address(source, "mapping/signature/"), {}).status_code == signs


def test_forms_need_their_token(owner: User, source: Source) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner)
    for part in POSTS:
        assert client.post(address(source, part), {}).status_code == 403


def test_a_preset_reads_real_events_again(member_client: Client, team: Team) -> None:
    source = made(team, SourceKind.DIFY)
    deliver(source, json.dumps(events.dify_story()).encode())
    with team_context(team.id):
        found = Delivery.objects.get(source_id=source.id)
    text = page(member_client, address(source, f"deliveries/{found.id}/"))
    assert "dify-run-1" in text
