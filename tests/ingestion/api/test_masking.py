"""Masking and capture by the API: read, tried, changed, refused with the reason, told to the audit log."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from accounts.models import AuditEvent, Team
from accounts.services.teams import NewTeam
from accounts.tenancy import team_context
from ingestion.masking import forget_masking
from ingestion.models import CapturePolicy, RedactionRule
from ingestion.sources import forget_sources
from tests.factories import ApiKeyFactory

pytestmark = pytest.mark.django_db
MASKING, CAPTURE = "/api/v1/masking/", "/api/v1/capture/"


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    forget_masking()
    forget_sources()
    yield
    forget_masking()


@pytest.fixture
def key(team: Team) -> str:
    return ApiKeyFactory(team=team).text  # type: ignore[attr-defined, no-any-return]


def call(method: str, path: str, key: str, told: object = None) -> Any:
    body = json.dumps(told) if told is not None else ""
    ask = getattr(Client(), method)
    headers = {"authorization": f"Bearer {key}"}
    return ask(path, headers=headers) if method == "get" else ask(path, body, "application/json", headers=headers)


def report(key: str, **told: Any) -> None:
    body = {"id": "e1", "workflow": "orders", "status": "succeeded", **told}
    assert call("post", "/api/v1/executions", key, body).status_code == 200


def test_detectors_are_read_and_switched(team: Team, key: str) -> None:
    told = call("get", MASKING, key).json()
    state = {one["detector"]: (one["is_on"], one["becomes"]) for one in told["detectors"]}
    assert (state["email"], state["names"], told["rules"]) == ((False, "label"), (True, "label"), [])
    change = {"detectors": [{"detector": "email", "is_on": True, "becomes": "hash"}]}
    changed = call("patch", MASKING, key, change).json()
    fresh = {one["detector"]: (one["is_on"], one["becomes"]) for one in changed["detectors"]}
    assert fresh == {**state, "email": (True, "hash")}
    with team_context(team.id):
        assert AuditEvent.objects.get().action == "redaction_rule.added"
    assert call("patch", MASKING, key, {"detectors": [{"detector": "x", "is_on": True}]}).status_code == 400


def test_a_rule_is_tried_on_what_came_and_added_and_removed(team: Team, key: str) -> None:
    report(key, input={"customer": {"email": "ada"}, "to": "ada@mail.example"})
    rule = {"kind": "field", "what": "input.customer.email", "label": "mail"}
    tried = call("post", f"{MASKING}trial/", key, {"rules": [rule]}).json()
    assert (tried["payloads"], tried["changed_payloads"], tried["changed_values"]) == (1, 1, 1)
    assert tried["examples"] == [{"path": "input.customer.email", "before": "ad… (3 letters)", "after": "[mail]"}]
    detector = [{"detector": "email", "is_on": True}]
    assert call("post", f"{MASKING}trial/", key, {"detectors": detector}).json()["changed_values"] == 1
    with team_context(team.id):
        assert not RedactionRule.objects.exists()
    made = call("post", f"{MASKING}rules/", key, rule)
    assert made.status_code == 201
    twice = call("post", f"{MASKING}rules/", key, rule)
    assert twice.json()["errors"] == [{"field": "what", "reason": "is a rule already"}]
    assert [one["what"] for one in call("get", MASKING, key).json()["rules"]] == ["input.customer.email"]
    assert call("delete", f"{MASKING}rules/{made.json()['id']}/", key).status_code == 204
    assert call("delete", f"{MASKING}rules/{made.json()['id']}/", key).status_code == 404


@pytest.mark.parametrize("what", [".*", "(", "a\x00b"])
def test_a_pattern_that_cannot_be_meant_is_refused(key: str, what: str) -> None:
    answer = call("post", f"{MASKING}rules/", key, {"kind": "pattern", "what": what})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "what")
    trial = call("post", f"{MASKING}trial/", key, {"rules": [{"kind": "pattern", "what": what}]})
    assert trial.status_code == 400


def test_capture_is_set_replaced_listed_and_removed(team: Team, key: str) -> None:
    about = {"workflow": "orders", "environment": "production"}
    first = call("put", CAPTURE, key, {**about, "capture": "off"})
    again = call("put", CAPTURE, key, {**about, "capture": "metadata"})
    assert (first.status_code, first.json()["id"]) == (200, again.json()["id"])
    call("put", CAPTURE, key, {"capture": "full"})
    rows = call("get", CAPTURE, key).json()["results"]
    assert [(one["workflow"], one["capture"]) for one in rows] == [("", "full"), ("orders", "metadata")]
    assert call("put", CAPTURE, key, {"capture": "some"}).status_code == 400
    assert call("delete", f"{CAPTURE}{first.json()['id']}/", key).status_code == 204
    with team_context(team.id):
        assert CapturePolicy.objects.count() == 1


def test_another_team_and_a_key_without_the_scope_get_nothing(team: Team, key: str, other_team: NewTeam) -> None:
    made = call("post", f"{MASKING}rules/", key, {"kind": "field", "what": "email"}).json()["id"]
    stranger = ApiKeyFactory(team=other_team.team).text  # type: ignore[attr-defined]
    assert call("delete", f"{MASKING}rules/{made}/", stranger).status_code == 404
    assert call("get", MASKING, stranger).json()["rules"] == []
    reader = ApiKeyFactory(team=team, scopes=["read", "ingest"]).text  # type: ignore[attr-defined]
    for method, path in (("get", MASKING), ("get", CAPTURE), ("post", f"{MASKING}trial/")):
        assert call(method, path, reader).status_code == 403
