"""PagerDuty as its Events API v2 takes events."""

import json
from datetime import datetime

import pytest

from accounts.retrying import Verdict
from alerts.analysis.conditions import Severity
from alerts.analysis.notices import NoticeKind
from alerts.channels import CHANNELS
from tests.alerts.telling import notice, told_by
from tests.receivers import Answer, Received

ACTIONS = {NoticeKind.ACKNOWLEDGED: "acknowledge", NoticeKind.RESOLVED: "resolve"}


def events(received: Received, number: int) -> Answer:
    """Checks an event as PagerDuty does."""
    told = json.loads(received.body)
    assert received.path == "/v2/enqueue"
    assert len(received.body) <= 512 * 1024
    assert told["routing_key"] == "a" * 32
    assert 1 <= len(told["dedup_key"]) <= 255
    assert told["event_action"] in ("trigger", "acknowledge", "resolve")
    if told["event_action"] == "trigger":
        payload = told["payload"]
        assert 1 <= len(payload["summary"]) <= 1_024
        assert payload["source"]
        assert payload["severity"] in ("critical", "error", "warning", "info")
        assert datetime.fromisoformat(payload["timestamp"]).tzinfo is not None
        assert all(link["href"].startswith("https://") for link in told["links"])
    return Answer(202, json.dumps({"status": "success", "dedup_key": told["dedup_key"]}).encode())


@pytest.fixture
def pagerduty(receiver, monkeypatch):
    monkeypatch.setattr("alerts.channels.pagerduty.BASES", {"us": "http://127.0.0.1:9", "eu": receiver.url})
    receiver.answer = events
    return receiver


def tell(kind: NoticeKind = NoticeKind.OPENED, **fields):
    return told_by("pagerduty", notice(kind, **fields), {"region": "eu"}, {"routing_key": "a" * 32})


@pytest.mark.parametrize("kind", list(NoticeKind))
def test_one_alert_by_the_key_of_its_incident(pagerduty, kind) -> None:
    assert tell(kind).result.verdict is Verdict.TAKEN
    told = json.loads(pagerduty.got[0].body)
    assert (told["event_action"], told["dedup_key"]) == (ACTIONS.get(kind, "trigger"), "incident-1")


def test_what_the_alert_says(pagerduty) -> None:
    tell(severity=Severity.WARNING)
    told = json.loads(pagerduty.got[0].body)
    assert told["payload"]["summary"] == "Warning: Error rate 12.4% of checkout"
    assert told["payload"]["severity"] == "warning"
    assert told["payload"]["custom_details"]["Where"] == "90% of the failures at charge_card, with provider acme"
    assert told["client_url"].endswith("/incidents/1/")


def test_long_texts_are_cut(pagerduty) -> None:
    assert tell(what="x" * 5_000, key="k" * 400, lines=("y" * 5_000,) * 5_000).result.verdict is Verdict.TAKEN


@pytest.mark.parametrize(("status", "verdict"), [(400, Verdict.UNFIT), (429, Verdict.LATER), (500, Verdict.LATER)])
def test_errors(pagerduty, status, verdict) -> None:
    pagerduty.answer = lambda received, number: Answer(status, b'{"status": "invalid event"}')
    assert tell().result.verdict is verdict


def test_settings_that_cannot_work() -> None:
    assert set(CHANNELS["pagerduty"].check({}, {})) == {"routing_key", "region"}
    assert set(CHANNELS["pagerduty"].check({"region": "mars"}, {"routing_key": "a b"})) == {"routing_key", "region"}
    short = CHANNELS["pagerduty"].check({"region": "us"}, {"routing_key": "a" * 31})
    assert short == {"routing_key": "must be 32 letters and digits"}
