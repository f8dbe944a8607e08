"""A real Prometheus scrapes a running server, and its own API is asked for the figures."""

import json
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from pytest_django.live_server_helper import LiveServer

from accounts.models import Team
from ingestion.records import Tokens
from monitoring.reads.metric_sums import forget_sums
from monitoring.statuses import Status
from tests.factories import report, step, store

pytestmark = pytest.mark.django_db(transaction=True)
SECONDS = 30
CONFIG = """
global: {{scrape_interval: 1s, scrape_timeout: 1s}}
scrape_configs:
  - job_name: steadyrun
    authorization: {{credentials: {key}}}
    static_configs: [{{targets: ["{target}"]}}]
"""


@pytest.fixture(scope="module")
def program() -> str:
    """Prometheus; without one the test is skipped and says so, and in CI it fails."""
    found = shutil.which("prometheus")
    if found is None:
        reason = "no Prometheus on this machine: apt-get install prometheus"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Prometheus:
    """A running Prometheus, asked by its API."""

    def __init__(self, port: int) -> None:
        self.address = f"http://127.0.0.1:{port}/api/v1/"

    def ask(self, path: str, **parameters: str) -> Any:
        query = urllib.parse.urlencode(parameters)
        with urllib.request.urlopen(f"{self.address}{path}?{query}", timeout=5) as answer:
            return json.load(answer)["data"]

    def value(self, query: str) -> float | None:
        """The only value of a query; None when there is none (yet)."""
        try:
            found = self.ask("query", query=query)["result"]
        except (urllib.error.URLError, OSError):
            return None
        return float(found[0]["value"][1]) if found else None


def until(ready: Callable[[], bool]) -> bool:
    """Waits until it is so; whether it came to be."""
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        if ready():
            return True
        time.sleep(0.2)
    return False


@pytest.fixture
def prometheus(program: str, live_server: LiveServer, api_key: str, tmp_path: Path) -> Iterator[Prometheus]:
    """Prometheus with the server as its only target."""
    config, port = tmp_path / "prometheus.yml", free_port()
    config.write_text(CONFIG.format(key=api_key, target=live_server.url.removeprefix("http://")))
    command = [
        program,
        f"--config.file={config}",
        f"--storage.tsdb.path={tmp_path / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=warn",
    ]
    with (tmp_path / "log").open("w") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        yield Prometheus(port)
        process.kill()


def test_prometheus_scrapes_the_figures(team: Team, prometheus: Prometheus) -> None:
    forget_sums()
    now = timezone.now()
    call = step(provider="openai", model="gpt-4o", tokens=Tokens(input=100, output=20), cost_usd=Decimal("0.25"))
    done = report(started_at=now - timedelta(seconds=3), finished_at=now, steps=[call])
    failed = report(status=Status.FAILED, started_at=now - timedelta(seconds=40), finished_at=now)
    running = report(status=Status.RUNNING, started_at=now, finished_at=None)
    store(team, done, failed, running, now=now)

    assert until(lambda: prometheus.value('workflow_executions_total{status="succeeded"}') == 1)
    (target,) = prometheus.ask("targets")["activeTargets"]
    assert (target["health"], target["lastError"]) == ("up", "")
    assert prometheus.value('workflow_failures_total{workflow="nightly"}') == 1
    assert prometheus.value("active_workflows") == 1
    assert prometheus.value('token_usage_total{model="gpt-4o",type="input"}') == 100
    assert prometheus.value('workflow_cost_usd_total{provider="openai",workflow="nightly"}') == 0.25
    assert prometheus.value('workflow_duration_seconds_bucket{le="5.0"}') == 1
    assert prometheus.value('workflow_duration_seconds_bucket{le="+Inf"}') == 2
    slow = prometheus.value("histogram_quantile(0.99, workflow_duration_seconds_bucket)")
    assert slow is not None
    assert 30 < slow <= 60

    store(team, report(started_at=now, finished_at=now), now=now)
    assert until(lambda: prometheus.value('workflow_executions_total{status="succeeded"}') == 2)
