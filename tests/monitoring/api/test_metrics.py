"""`/metrics` as a scraper reads it, checked with the parsers of prometheus_client."""

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from prometheus_client import openmetrics, parser
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from redis import Redis

from accounts.models import Scope, Team
from accounts.services.teams import NewTeam, issue_key
from ingestion.records import Tokens
from monitoring import ports
from monitoring.reads import metric_rows
from monitoring.reads.metric_sums import forget_sums
from monitoring.statuses import Status
from tests.factories import NOW, report, send, step, store
from tests.monitoring.store.test_criteria import criterion

pytestmark = pytest.mark.django_db
OPENMETRICS_ACCEPT = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1"


@pytest.fixture(autouse=True)
def _on_the_day() -> Iterator[None]:
    Redis.from_url(settings.REDIS_URL).flushdb()
    forget_sums()
    with time_machine.travel(NOW, tick=False):
        yield


class Scraper:
    """What a scraper with a key reads."""

    def __init__(self, key: str) -> None:
        self.client = Client(headers={"authorization": f"Bearer {key}"})

    def text(self, accept: str = OPENMETRICS_ACCEPT, /, **parameters: str) -> str:
        answer = self.client.get("/metrics", parameters, headers={"accept": accept})
        assert answer.status_code == 200, answer.content
        return answer.content.decode()

    def samples(self, **parameters: str) -> dict[tuple[str, tuple[str, ...]], float]:
        """Values by name and label values."""
        families = parse_openmetrics(self.text(**parameters))
        return {
            (sample.name, tuple(sample.labels.values())): sample.value
            for family in families
            for sample in family.samples
        }


@pytest.fixture
def scraper(api_key: str) -> Scraper:
    return Scraper(api_key)


def costly(**fields: Any) -> Any:
    """A run with a call of a model that told tokens and cost."""
    call = step(
        provider="openai", model="gpt-4o", tokens=Tokens(input=100, output=20, reasoning=5), cost_usd=Decimal("0.25")
    )
    return report(**{"steps": [call], **fields})


def test_the_figures_are_the_ones_of_the_month(team: Team, scraper: Scraper) -> None:
    store(
        team,
        costly(),
        costly(attempt=2),
        report(status=Status.FAILED),
        report(status=Status.TIMED_OUT),
        report(status=Status.RUNNING, finished_at=None),
        report(started_at=NOW - timedelta(days=20), finished_at=NOW - timedelta(days=20)),
    )
    told = scraper.samples()
    assert told["workflow_executions_total", ("nightly", "succeeded")] == 2
    assert told["workflow_executions_total", ("nightly", "failed")] == 1
    assert ("workflow_executions_total", ("nightly", "running")) not in told
    assert told["workflow_failures_total", ("nightly",)] == 2
    assert told["workflow_retries_total", ("nightly",)] == 1
    assert told["active_workflows", ("nightly",)] == 1
    assert told["token_usage_total", ("gpt-4o", "input")] == 200
    assert told["token_usage_total", ("gpt-4o", "output")] == 40
    assert told["token_reasoning_total", ("gpt-4o",)] == 10
    assert told["workflow_cost_usd_total", ("openai", "nightly")] == 0.5
    assert (
        told["workflow_executions_created", ("nightly", "succeeded")]
        == datetime.fromisoformat("2026-08-01T00:00:00+00:00").timestamp()
    )


def test_unmet_executions_are_told_where_there_are_criteria(team: Team, scraper: Scraper) -> None:
    criterion(team, "output")
    store(team, report(), report(output=1), report(workflow="free"))
    told = scraper.samples()
    assert told["workflow_executions_unmet_total", ("nightly",)] == 1
    assert ("workflow_executions_unmet_total", ("free",)) not in told


def test_durations_are_a_histogram(team: Team, scraper: Scraper) -> None:
    for seconds in (0.2, 3, 3, 100):
        store(team, report(started_at=NOW - timedelta(seconds=seconds), finished_at=NOW))
    told = scraper.samples()
    buckets = {labels[-1]: value for (name, labels), value in told.items() if name.endswith("_seconds_bucket")}
    assert (buckets["0.1"], buckets["0.25"], buckets["2.5"], buckets["5.0"], buckets["120.0"]) == (0, 1, 1, 3, 4)
    assert buckets["+Inf"] == told["workflow_duration_seconds_count", ("nightly",)] == 4
    assert told["workflow_duration_seconds_sum", ("nightly",)] == pytest.approx(106.2)


def test_what_nobody_told_has_no_value(team: Team, scraper: Scraper) -> None:
    store(team, report(workflow=None))
    told = scraper.samples()
    assert told["workflow_executions_total", ("(not told)", "succeeded")] == 1
    assert not {name for name, _ in told} & {"token_usage_total", "workflow_cost_usd_total", "workflow_alert_firing"}


def test_use_without_model_or_provider_is_said_to_be(team: Team, scraper: Scraper) -> None:
    store(team, report(tokens=Tokens(input=7), cost_usd=Decimal("1.5")), costly())
    told = scraper.samples()
    assert told["token_usage_total", ("(not told)", "input")] == 7
    assert told["workflow_cost_usd_total", ("(not told)", "nightly")] == 1.5
    assert told["workflow_cost_usd_total", ("openai", "nightly")] == 0.25


def test_both_formats_say_the_same(team: Team, scraper: Scraper) -> None:
    store(team, costly(workflow='a "quoted\\ name"\nover two lines'), report(status=Status.FAILED))
    text = scraper.text("text/plain")
    old = {
        (sample.name, tuple(sample.labels.items())): sample.value
        for family in parser.text_string_to_metric_families(text)
        for sample in family.samples
    }
    new = {
        (sample.name, tuple(sample.labels.items())): sample.value
        for family in parse_openmetrics(scraper.text())
        for sample in family.samples
        if not sample.name.endswith("_created")
    }
    assert old == new
    assert any('a "quoted\\ name"\nover two lines' in dict(labels).values() for _, labels in new)


def test_the_format_is_the_one_that_is_accepted(scraper: Scraper) -> None:
    answer = scraper.client.get("/metrics", headers={"accept": OPENMETRICS_ACCEPT})
    assert answer["content-type"] == openmetrics.exposition.CONTENT_TYPE_LATEST
    assert answer.content.endswith(b"# EOF\n")
    answer = scraper.client.get("/metrics")
    assert answer["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert b"# EOF" not in answer.content


def test_a_correction_never_lowers_a_counter(team: Team, scraper: Scraper) -> None:
    store(team, costly(id="a"))
    before = scraper.samples()
    store(team, report(id="a", status=Status.FAILED))
    after = scraper.samples()
    assert after["workflow_executions_total", ("nightly", "succeeded")] == 1
    assert after["workflow_executions_total", ("nightly", "failed")] == 1
    counters = [key for key in before if key[0].endswith(("_total", "_count", "_bucket", "_sum"))]
    assert all(after[key] >= before[key] for key in counters)


def test_a_new_month_begins_again(team: Team, scraper: Scraper) -> None:
    store(team, report())
    scraper.samples()
    with time_machine.travel(NOW + timedelta(days=30), tick=False):
        assert ("workflow_executions_total", ("nightly", "succeeded")) not in scraper.samples()


def test_earlier_days_are_read_once_a_minute(team: Team, scraper: Scraper) -> None:
    days = [report(started_at=NOW - timedelta(days=day), finished_at=NOW - timedelta(days=day)) for day in range(5)]
    store(team, *days)
    key = "workflow_executions_total", ("nightly", "succeeded")
    assert scraper.samples()[key] == 5
    store(team, report())
    with CaptureQueriesContext(connection) as recent:
        assert scraper.samples()[key] == 6
    forget_sums()
    with CaptureQueriesContext(connection) as whole:
        assert scraper.samples()[key] == 6
    assert len(recent) == len(whole) - 3


def test_label_sets_are_cut_and_say_so(team: Team, scraper: Scraper, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metric_rows, "MAX_WORKFLOWS", 2)
    for number, name in enumerate(["first", "second", "third", "fourth"]):
        store(team, report(workflow=name), now=NOW + timedelta(seconds=number))
    told = scraper.samples()
    assert told["workflow_executions_total", ("(other)", "succeeded")] == 2
    assert told["steadyrun_metrics_label_sets_cut", ("workflow",)] == 2
    assert told["steadyrun_metrics_label_sets_cut", ("model",)] == 0


def test_one_environment_alone(team: Team, scraper: Scraper) -> None:
    store(team, report(environment="production"), report(environment="staging"))
    key = "workflow_executions_total", ("nightly", "succeeded")
    assert scraper.samples()[key] == 2
    assert scraper.samples(environment="staging")[key] == 1


def test_figures_say_up_to_when_they_are_complete(team: Team, scraper: Scraper) -> None:
    send(team, report(), now=NOW - timedelta(seconds=30))
    told = scraper.samples()
    assert told["steadyrun_metrics_as_of_timestamp_seconds", ()] == (NOW - timedelta(seconds=30)).timestamp()


def test_alert_states_come_from_who_knows_them(scraper: Scraper, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "_alert_states", [])
    ports.provide_alert_states(lambda team_id: [ports.AlertState("Too slow", "nightly", True)])
    assert scraper.samples()["workflow_alert_firing", ("Too slow", "nightly")] == 1


def test_another_team_sees_nothing(team: Team, other_team: NewTeam) -> None:
    store(team, costly())
    assert "nightly" not in Scraper(other_team.api_key).text()


def test_a_key_with_the_scope_read_is_needed(team: Team, api_key: str) -> None:
    assert Client().get("/metrics").status_code == 401
    assert Client(headers={"authorization": "Bearer nonsense"}).get("/metrics").status_code == 401
    _, text = issue_key(team=team, name="in", scopes=[Scope.INGEST])
    assert Client(headers={"authorization": f"Bearer {text}"}).get("/metrics").status_code == 403
    assert Client(headers={"authorization": f"Bearer {api_key}"}).post("/metrics").status_code == 405


def test_the_number_of_queries_does_not_depend_on_how_much_there_is(team: Team, scraper: Scraper) -> None:
    store(team, costly(workflow="w0"))
    scraper.text()
    with CaptureQueriesContext(
        connection,
    ) as few:
        scraper.text()
    store(team, *(costly(workflow=f"w{number}") for number in range(20)))
    with CaptureQueriesContext(connection) as many:
        scraper.text()
    assert len(many) == len(few)


def test_without_valkey_the_figures_are_told_all_the_same(team: Team, scraper: Scraper, settings: Any) -> None:
    store(team, report())
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    began = time.monotonic()
    assert scraper.samples()["workflow_executions_total", ("nightly", "succeeded")] == 1
    assert time.monotonic() - began < 2
