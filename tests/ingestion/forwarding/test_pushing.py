"""The metrics push: once a minute, the figures of `/metrics`, to OTLP destinations that want them."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from accounts.models import Team
from accounts.tenancy import team_context
from ingestion.forwarding.outbox import forget_destinations
from ingestion.forwarding.pushing import push_due
from ingestion.models import Destination, DestinationKind
from ingestion.services.destinations import Wanted, add_destination
from monitoring.reads.metric_sums import forget_sums
from tests.factories import report, store
from tests.receivers import Answer, TestReceiver, receiving

pytestmark = pytest.mark.django_db


@pytest.fixture
def receiver(settings: Any) -> Iterator[TestReceiver]:
    settings.STEADYRUN_ALLOW_PRIVATE_DESTINATIONS = ("127.0.0.1",)
    forget_destinations()
    forget_sums()
    with receiving() as found:
        yield found


def pushing_to(team: Team, url: str, **fields: Any) -> Destination:
    told = {"kind": DestinationKind.OTLP, "name": "c", "url": url, "headers": {"X-Key": "k"}, "pushes_metrics": True}
    with team_context(team.id):
        return add_destination(team.id, Wanted(**{**told, **fields}), timezone.now())


def test_figures_are_pushed_once_a_minute(team: Team, receiver: TestReceiver) -> None:
    pushing_to(team, receiver.url)
    now = timezone.now()
    store(team, report(started_at=now, finished_at=now), now=now)
    assert [push_due(now + timedelta(seconds=second)) for second in (1, 30, 62)] == [1, 0, 1]
    got = receiver.got[0]
    assert (got.path, got.headers["x-key"]) == ("/v1/metrics", "k")
    request = ExportMetricsServiceRequest.FromString(got.body)
    metrics = {metric.name: metric for metric in request.resource_metrics[0].scope_metrics[0].metrics}
    done = {
        tuple(pair.value.string_value for pair in point.attributes): point.as_double
        for point in metrics["workflow_executions"].sum.data_points
    }
    assert done["nightly", "succeeded"] == 1
    assert metrics["workflow_duration_seconds"].histogram.data_points[0].count == 1
    with team_context(team.id):
        assert Destination.objects.get().last_success_at is not None


def test_a_failed_push_says_why_and_others_go_on(team: Team, receiver: TestReceiver) -> None:
    pushing_to(team, receiver.url)
    receiver.answer = lambda told, number: Answer(403, b"no")
    assert push_due(timezone.now()) == 1
    with team_context(team.id):
        assert Destination.objects.get().last_error == "Metrics: It answered 403: no"


def test_only_those_that_want_them(team: Team, receiver: TestReceiver) -> None:
    pushing_to(team, receiver.url, pushes_metrics=False)
    pushing_to(team, receiver.url, kind=DestinationKind.LOKI)
    assert push_due(timezone.now()) == 0
