"""The health of the installation, as probes and its operator see it."""

import json
import logging
import os
import subprocess
import sys
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse

from accounts.models import Team
from accounts.tenancy import team_context
from config import health
from config.logs import About, JsonLines, request_id
from tests.factories import report, send

TOKEN = "an operator's token"


def test_alive_needs_no_database() -> None:
    answer = Client().get("/healthz", headers={"host": "10.1.2.3"})
    assert (answer.status_code, answer.content) == (200, b"ok\n")


@pytest.mark.django_db
def test_ready_with_everything_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "_applied", [])
    answer = Client().get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"ready": True, "checks": {"database": "ok", "redis": "ok", "migrations": "ok"}}


@pytest.mark.django_db
def test_not_ready_says_why(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    monkeypatch.setattr(health, "_applied", [])
    from django.db.migrations.loader import MigrationLoader

    whole = MigrationLoader.build_graph

    def without_one(self: Any) -> None:
        whole(self)
        self.applied_migrations.pop(("ingestion", "0003_forwarding"))

    monkeypatch.setattr(MigrationLoader, "build_graph", without_one)
    answer = Client().get("/readyz")
    assert answer.status_code == 503
    told = answer.json()["checks"]
    assert told["database"] == "ok"
    assert told["redis"].startswith("not reachable")
    assert told["migrations"] == "1 not applied: ingestion.0003_forwarding"


def test_internal_metrics_are_closed_without_a_token(settings: Any) -> None:
    settings.STEADYRUN_METRICS_TOKEN = ""
    assert Client().get("/internal/metrics").status_code == 404


@pytest.mark.django_db
def test_internal_metrics_are_for_who_knows_the_token(settings: Any, api_key: str) -> None:
    settings.STEADYRUN_METRICS_TOKEN = TOKEN
    for text in ("", "Bearer wrong", f"Bearer {api_key}"):
        assert Client().get("/internal/metrics", headers={"authorization": text}).status_code == 401
    answer = Client().get("/internal/metrics", headers={"authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    assert answer["content-type"].startswith("text/plain; version=0.0.4")


@pytest.mark.django_db
def test_internal_metrics_tell_what_came_and_what_waits(settings: Any, team: Team, api_key: str) -> None:
    settings.STEADYRUN_METRICS_TOKEN = TOKEN
    client = Client(headers={"authorization": f"Bearer {api_key}"})
    client.post("/api/v1/executions", b'{"id": "a", "status": "success"}', content_type="application/json")
    client.post("/api/v1/executions", b"{", content_type="application/json")
    send(team, report())
    headers = {"authorization": f"Bearer {TOKEN}", "accept": "application/openmetrics-text"}
    families = {
        family.name: family for family in parse(Client().get("/internal/metrics", headers=headers).content.decode())
    }
    items = {
        tuple(one.labels.values())[1:]: one.value for one in families["steadyrun_items"].samples if "_total" in one.name
    }
    assert items["rest", "stored"] >= 1
    refused = families["steadyrun_refused_requests"].samples
    assert any(one.labels.get("status") == "400" for one in refused)
    assert families["steadyrun_fold_marks"].samples[0].value >= 1
    assert families["steadyrun_fold_lag_seconds"].samples[0].value > 0
    assert families["steadyrun_ledger_receipts"].samples[0].value >= 1
    assert families["steadyrun_outbox_requests"].samples[0].value == 0
    assert {one.labels["check"]: one.value for one in families["steadyrun_ready"].samples}["redis"] == 1


def test_answers_carry_the_id_of_the_request() -> None:
    assert Client().get("/healthz", headers={"x-request-id": "abc-1"})["X-Request-ID"] == "abc-1"
    assert len(Client().get("/healthz")["X-Request-ID"]) == 32
    assert len(Client().get("/healthz", headers={"x-request-id": "a b"})["X-Request-ID"]) == 32


@pytest.mark.django_db
def test_a_line_says_request_and_team_and_is_json(team: Team) -> None:
    record = logging.LogRecord("x", logging.WARNING, "f.py", 1, "took %s", ("long\nindeed",), None)
    token = request_id.set("r-1")
    with team_context(team.id):
        About().filter(record)
    request_id.reset(token)
    line = JsonLines().format(record)
    told = json.loads(line)
    assert "\n" not in line
    assert (told["event"], told["level"], told["request_id"], told["team_id"]) == (
        "took long\nindeed", "warning", "r-1", str(team.id),
    )  # fmt: skip
    assert connection.vendor == "postgresql"


@pytest.mark.django_db
def test_an_address_that_is_a_secret_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.handler.addFilter(About())
    Client().get("/hooks/very-secret-address")
    assert caplog.records
    assert "very-secret-address" not in caplog.text
    assert "hooks/<str:address>" in caplog.text


def test_an_error_is_logged_without_the_values_of_variables() -> None:
    script = (
        "import django, logging; django.setup(); customer = 'very ' + 'private'\n"
        "try: 1 / 0\nexcept ZeroDivisionError: logging.getLogger('x').exception('failed')"
    )
    environment = {**os.environ, "LOG_FORMAT": "json", "DJANGO_SETTINGS_MODULE": "config.settings"}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, env=environment, check=True)
    (line,) = done.stderr.splitlines()
    assert json.loads(line)["exception"].endswith("ZeroDivisionError: division by zero")
    assert "private" not in line
