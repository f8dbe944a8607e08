"""The dashboard, the collector file and the page on metrics name what exists."""

import json
import re
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.utils import timezone

from accounts.models import Team
from accounts.tenancy import team_context
from ingestion.records import Tokens
from monitoring import ports
from monitoring.analysis.exposition import prometheus_text
from monitoring.reads.metric_sums import forget_sums
from monitoring.reads.metrics import read_metrics
from monitoring.statuses import Status
from tests.factories import report, step, store
from tests.monitoring.store.test_criteria import criterion

ROOT = Path(__file__).parents[2]
DASHBOARD = json.loads((ROOT / "sample/grafana-dashboard.json").read_text())
EXPRESSIONS = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]


@pytest.fixture
def told(team: Team, monkeypatch: pytest.MonkeyPatch) -> dict[str, set[str]]:
    """The names of all metrics with those of their labels, as a scrape has them."""
    forget_sums()
    monkeypatch.setattr(ports, "_alert_states", [])
    ports.provide_alert_states(lambda team_id: [ports.AlertState("Slow", "nightly", True)])
    now = timezone.now()
    used = Tokens(input=1, output=2, reasoning=1)
    call = step(provider="p", model="m", tokens=used, cost_usd=Decimal(1))
    done = report(started_at=now - timedelta(seconds=1), finished_at=now, steps=[call])
    queued = report(status=Status.QUEUED, started_at=now, finished_at=None)
    unknown = report(status=Status.UNKNOWN, started_at=now, finished_at=now)
    criterion(team, "output")
    store(team, done, queued, unknown, now=now)
    with team_context(team.id):
        text = prometheus_text(read_metrics(team.id, now).families)
    found: dict[str, set[str]] = {}
    for line in text.splitlines():
        if not line.startswith("#") and line:
            name = re.match(r"\w+", line)
            assert name
            found.setdefault(name.group(), set()).update(re.findall(r'(\w+)="', line))
    return found


@pytest.mark.django_db
def test_the_dashboard_asks_for_metrics_and_labels_that_exist(told: dict[str, set[str]]) -> None:
    assert len(EXPRESSIONS) > 10
    for expression in EXPRESSIONS:
        for name, labels in re.findall(r"\b((?:workflow_|active_|token_|steadyrun_)\w+)(\{[^}]*\})?", expression):
            assert name in told, expression
            assert set(re.findall(r"(\w+)=", labels)) <= told[name], expression


@pytest.mark.django_db
def test_the_page_lists_every_metric(told: dict[str, set[str]]) -> None:
    page = (ROOT / "docs/metrics.md").read_text()
    listed = set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE))
    names = {re.sub(r"(workflow_duration_seconds)_(bucket|count|sum)$", r"\1", name) for name in told}
    assert listed == names


def test_the_dashboard_can_be_imported() -> None:
    assert DASHBOARD["title"]
    assert DASHBOARD["schemaVersion"] >= 36
    ids = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(ids) == len(set(ids))
    assert {variable["name"] for variable in DASHBOARD["templating"]["list"]} == {"datasource", "workflow"}


def test_the_collector_file_takes_what_is_sent() -> None:
    text = (ROOT / "sample/otel-collector-azure.yaml").read_text()
    assert "0.0.0.0:4318" in text
    assert text.count("exporters: [azuremonitor]") == 3
