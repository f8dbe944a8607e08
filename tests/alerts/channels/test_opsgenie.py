"""Opsgenie as its alert API documents it."""

import json

import pytest

from accounts.retrying import Verdict
from alerts.analysis.notices import NoticeKind
from alerts.channels import CHANNELS
from tests.alerts.telling import notice, told_by
from tests.receivers import Answer, Received


def alerts(received: Received, number: int) -> Answer:
    """Checks a request as the API does."""
    told = json.loads(received.body)
    assert received.headers["authorization"] == "GenieKey key-1"
    if received.path == "/v2/alerts":
        assert 1 <= len(told["message"]) <= 130
        assert 1 <= len(told["alias"]) <= 512
        assert len(told["description"]) <= 15_000
        assert told["priority"] in ("P1", "P2", "P3", "P4", "P5")
        assert all(len(tag) <= 50 for tag in told["tags"])
        assert all(isinstance(value, str) for value in told["details"].values())
    else:
        assert received.path.endswith("?identifierType=alias")
        assert len(told["note"]) <= 25_000
    return Answer(202, b'{"result": "Request will be processed", "took": 0.1, "requestId": "1"}')


@pytest.fixture
def opsgenie(receiver, monkeypatch):
    monkeypatch.setattr("alerts.channels.opsgenie.BASES", {"us": "http://127.0.0.1:9", "eu": receiver.url})
    receiver.answer = alerts
    return receiver


def tell(kind: NoticeKind = NoticeKind.OPENED, **fields):
    return told_by("opsgenie", notice(kind, **fields), {"region": "eu"}, {"api_key": "key-1"})


def test_one_alert_by_the_alias_of_its_incident(opsgenie) -> None:
    for kind in (NoticeKind.OPENED, NoticeKind.ACKNOWLEDGED, NoticeKind.RESOLVED, NoticeKind.REOPENED):
        assert tell(kind, by="owner@harbour.test").result.verdict is Verdict.TAKEN
    assert [got.path for got in opsgenie.got] == [
        "/v2/alerts",
        "/v2/alerts/incident-1/acknowledge?identifierType=alias",
        "/v2/alerts/incident-1/close?identifierType=alias",
        "/v2/alerts",
    ]
    assert json.loads(opsgenie.got[0].body)["priority"] == "P1"
    assert json.loads(opsgenie.got[1].body)["user"] == "owner@harbour.test"


def test_long_texts_are_cut_and_keys_are_written_safely(opsgenie) -> None:
    assert tell(what="x" * 500, workflow="w" * 900, lines=("y" * 900,) * 90).result.verdict is Verdict.TAKEN
    tell(NoticeKind.RESOLVED, key="a/b?c")
    assert opsgenie.got[1].path == "/v2/alerts/a%2Fb%3Fc/close?identifierType=alias"


@pytest.mark.parametrize(
    ("status", "kind", "verdict"),
    [
        (404, NoticeKind.RESOLVED, Verdict.TAKEN),
        (404, NoticeKind.OPENED, Verdict.REFUSED),
        (401, NoticeKind.RESOLVED, Verdict.REFUSED),
        (422, NoticeKind.OPENED, Verdict.UNFIT),
        (429, NoticeKind.OPENED, Verdict.LATER),
    ],
)
def test_errors(opsgenie, status, kind, verdict) -> None:
    opsgenie.answer = lambda received, number: Answer(status, b'{"message": "no"}')
    assert tell(kind).result.verdict is verdict


def test_settings_that_cannot_work() -> None:
    assert set(CHANNELS["opsgenie"].check({"region": "x"}, {"api_key": "a\nb"})) == {"api_key", "region"}
