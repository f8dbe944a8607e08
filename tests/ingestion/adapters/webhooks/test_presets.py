"""The presets: what each system's event becomes, and what is refused or says nothing."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from ingestion.adapters.refusals import TooLarge, Undecodable
from ingestion.adapters.webhooks.opening import MAX_BYTES, open_body
from ingestion.adapters.webhooks.reading import MAX_EVENTS, PRESETS, read_delivery
from ingestion.adapters.webhooks.told import About, seconds_of, text_of
from ingestion.history.forms import translate
from ingestion.kinds import SourceKind
from ingestion.records import Decoded, ExecutionReport
from monitoring.statuses import Status
from tests.ingestion.adapters.webhooks import events

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def read(kind: SourceKind, event: Any, workflow: str | None = None, **headers: str) -> Decoded:
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    return read_delivery(kind, event, About(received_at=NOW, headers=told, workflow=workflow))


def only(decoded: Decoded) -> ExecutionReport:
    assert not decoded.rejected, decoded.rejected
    ((_, report),) = decoded.reports
    return report


def test_github_run_is_an_attempt() -> None:
    report = only(read(SourceKind.GITHUB, events.github_run(run_attempt=2), x_github_event="workflow_run"))
    assert (report.id, report.attempt, report.retry_of) == ("gha-30433642-2", 2, "gha-30433642-1")
    assert (report.workflow, report.status, report.trigger, report.user) == ("Build", Status.FAILED, "push", "octocat")
    assert report.finished_at == datetime(2026, 11, 4, 10, 4, tzinfo=UTC)
    assert report.attributes is not None
    assert report.attributes["repository"] == "octo-org/octo-repo"


def test_github_run_that_goes_on_has_no_end() -> None:
    report = only(read(SourceKind.GITHUB, events.github_run(status="in_progress", conclusion=None)))
    assert (report.status, report.finished_at) == (Status.RUNNING, None)


def test_github_run_is_the_same_as_one_from_a_saved_list() -> None:
    run = events.github_run()["workflow_run"]
    listed = translate({**run, "workflow_id": 1, "repository": {"full_name": "octo-org/octo-repo"}})
    sent = only(read(SourceKind.GITHUB, events.github_run()))
    assert (listed["id"], listed["workflow"], listed["attempt"]) == (sent.id, sent.workflow, sent.attempt)
    assert listed["attributes"] == sent.attributes


def test_github_job_and_its_steps_are_steps() -> None:
    report = only(read(SourceKind.GITHUB, events.github_job(), x_github_event="workflow_job"))
    assert (report.id, report.workflow, report.status) == ("gha-30433642-1", "Build", None)
    assert report.steps is not None
    assert [(one.id, one.parent_id, one.node, one.status) for one in report.steps] == [
        ("399444496", None, "test", Status.FAILED),
        ("399444496.1", "399444496", "Set up job", Status.SUCCEEDED),
        ("399444496.2", "399444496", "Run tests", Status.FAILED),
    ]


def test_github_job_in_the_queue_has_not_started() -> None:
    job = events.github_job("queued", status="queued", conclusion=None, completed_at=None, steps=[])
    steps = only(read(SourceKind.GITHUB, job)).steps
    assert steps is not None
    assert (steps[0].status, steps[0].started_at) == (Status.QUEUED, None)


def test_github_job_that_ended_before_it_began_is_kept() -> None:
    # GitHub tells this of jobs that were skipped.
    job = events.github_job(conclusion="skipped", started_at="2026-11-04T10:03:51Z", steps=[])
    steps = only(read(SourceKind.GITHUB, job)).steps
    assert steps is not None
    assert steps[0].ended_at is None
    assert steps[0].attributes is not None
    assert "told_finished_at" in steps[0].attributes


@pytest.mark.parametrize("name", ["ping", "push", "check_run"])
def test_other_github_events_say_nothing(name: str) -> None:
    decoded = read(SourceKind.GITHUB, {"zen": "x"}, x_github_event=name)
    assert (decoded.ignored, decoded.reports, decoded.rejected) == (1, [], [])


def test_gitlab_pipeline() -> None:
    report = only(read(SourceKind.GITLAB, events.gitlab_pipeline()))
    assert (report.id, report.workflow, report.status) == ("gitlab-31", "group/app", Status.FAILED)
    assert (report.started_at, report.duration_ms) == (datetime(2026, 1, 4, 10, tzinfo=UTC), 63_000)
    assert report.revision == 1767520920000
    assert report.error is not None
    assert report.error.message == "script_failure"
    assert report.steps is not None
    assert [(one.node, one.status) for one in report.steps] == [("unit", Status.FAILED), ("deploy", Status.SKIPPED)]


def test_other_gitlab_events_say_nothing() -> None:
    assert read(SourceKind.GITLAB, {"object_kind": "push"}).ignored == 1


def test_n8n_failure() -> None:
    report = only(read(SourceKind.N8N, events.n8n_failure()))
    assert (report.id, report.retry_of, report.attempt) == ("n8n-231", "n8n-34", 2)
    assert (report.workflow, report.status, report.finished_at) == ("Example Workflow", Status.FAILED, NOW)
    assert report.error is not None
    assert (report.error.type, report.error.message) == ("NodeApiError", "Example Error Message")
    assert report.steps is not None
    assert (report.steps[0].node, report.steps[0].status) == ("Node With Error", Status.FAILED)


def test_n8n_failure_in_a_list_and_of_a_trigger() -> None:
    decoded = read(SourceKind.N8N, [events.n8n_failure(), events.n8n_trigger_failure(), {"json": events.n8n_failure()}])
    ids = [report.id for _, report in decoded.reports]
    assert ids[0] == ids[2] == "n8n-231"
    trigger = decoded.reports[1][1]
    assert trigger.id.startswith("n8n-trigger-")
    assert trigger.finished_at == datetime.fromtimestamp(1793786400, UTC)
    again = only(read(SourceKind.N8N, events.n8n_trigger_failure()))
    assert again.id == trigger.id


def test_dify_run() -> None:
    decoded = read(SourceKind.DIFY, events.dify_story())
    assert (len(decoded.reports), decoded.ignored, decoded.rejected) == (5, 1, [])
    assert {report.id for _, report in decoded.reports} == {"dify-run-1"}
    last = decoded.reports[-1][1]
    assert (last.status, last.duration_ms, last.workflow) == (Status.SUCCEEDED, 3_500, "Dify wf-1")
    finished = decoded.reports[3][1].steps
    assert finished is not None
    step = finished[0]
    assert (step.id, step.kind, step.provider, step.model) == ("e1", "llm", "openai", "gpt-4o")
    assert step.tokens is not None
    assert (step.tokens.input, step.tokens.output, step.cost_usd) == (10, 5, Decimal("0.0012"))
    retried = decoded.reports[2][1].steps
    assert retried is not None
    assert (retried[0].id, retried[0].status) == ("e1:try1", Status.FAILED)


@pytest.mark.parametrize(
    ("price", "currency", "cost"),
    [("0.5", "USD", Decimal("0.5")), ("0.5", "RMB", None), ("0", "USD", None), ("x", "USD", None), (None, None, None)],
)
def test_dify_price_counts_only_when_it_is_known_in_dollars(
    price: str | None, currency: str | None, cost: Decimal | None
) -> None:
    metadata = {"total_tokens": 5, "total_price": price, "currency": currency}
    data = {"id": "e", "node_id": "n", "index": 1, "status": "succeeded", "execution_metadata": metadata}
    steps = only(read(SourceKind.DIFY, {"event": "node_finished", "workflow_run_id": "r", "data": data})).steps
    assert steps is not None
    assert steps[0].cost_usd == cost


def test_dify_stream_and_name_of_the_source() -> None:
    lines = [f"data: {json.dumps(event)}".encode() for event in events.dify_story()]
    body = b"event: ping\n\n" + b"\n\n".join(lines) + b"\n\n"
    decoded = read(SourceKind.DIFY, open_body(body, "text/event-stream"), workflow="Support bot")
    assert {report.workflow for _, report in decoded.reports} == {"Support bot"}


def test_airflow_run_and_single_task() -> None:
    report = only(read(SourceKind.AIRFLOW, events.airflow_run()))
    assert report.id == "daily_load/scheduled__2026-11-04T00:00:00+00:00"
    assert (report.workflow, report.status, report.trigger) == ("daily_load", Status.FAILED, "scheduled")
    assert report.steps is not None
    assert [(one.id, one.attempt) for one in report.steps] == [("extract#1", 1), ("load[1]#2", 2)]
    task = {"dag_id": "daily_load", "run_id": "r", "task_id": "load", "state": "up_for_retry", "exception": "x"}
    one = only(read(SourceKind.AIRFLOW, task))
    assert (one.id, one.status, one.error) == ("daily_load/r", None, None)
    assert one.steps is not None
    assert one.steps[0].status is Status.FAILED


@pytest.mark.parametrize(
    ("fields", "schedule", "zone"),
    [
        ({"schedule": "@daily", "timezone": "Europe/Berlin"}, "0 0 * * *", "Europe/Berlin"),
        ({"timetable_summary": "30 6 * * 1-5"}, "30 6 * * 1-5", "UTC"),
        ({"schedule_interval": "1 day, 0:00:00"}, None, None),
        ({"schedule": "0 6 * * *", "timezone": "Nowhere"}, None, None),
        ({}, None, None),
    ],
)
def test_airflow_tells_its_schedule_where_cron_can_say_it(fields: Any, schedule: str | None, zone: str | None) -> None:
    report = only(read(SourceKind.AIRFLOW, events.airflow_run(**fields)))
    assert (report.schedule, report.schedule_zone) == (schedule, zone)
    if schedule is None and fields:
        assert report.attributes is not None
        assert report.attributes.items() >= {key: one for key, one in fields.items() if key != "timezone"}.items()


def test_alert_of_a_workflow_is_a_failed_execution_until_it_is_resolved() -> None:
    firing = only(read(SourceKind.ALERTMANAGER, events.alerts(workflow="orders")))
    assert (firing.workflow, firing.status, firing.finished_at) == ("orders", Status.FAILED, None)
    assert firing.error is not None
    assert (firing.error.type, firing.error.message) == ("JobFailing", "orders fail")
    resolved = only(read(SourceKind.GRAFANA, events.alerts("resolved", workflow="orders")))
    assert resolved.id == firing.id
    assert resolved.finished_at == datetime(2026, 11, 4, 10, 30, tzinfo=UTC)


def test_other_alerts_are_lines_of_the_source() -> None:
    decoded = read(SourceKind.ALERTMANAGER, events.alerts())
    assert (decoded.reports, decoded.rejected) == ([], [])
    line = decoded.lines[0][1]
    assert (line.message, line.level) == ("firing: JobFailing: orders fail", "critical")
    assert line.at == datetime(2026, 11, 4, 10, 0, 0, 123000, tzinfo=UTC)
    assert read(SourceKind.ALERTMANAGER, events.alerts(), workflow="ops").reports[0][1].workflow == "ops"


def test_standard_webhook_takes_the_status_from_its_type() -> None:
    assert only(read(SourceKind.STANDARD_WEBHOOKS, events.envelope())).status is Status.SUCCEEDED
    assert only(read(SourceKind.STANDARD_WEBHOOKS, events.envelope("run:failed"))).status is Status.FAILED
    told = events.envelope("run.updated", status="error")
    assert only(read(SourceKind.STANDARD_WEBHOOKS, told)).status is Status.FAILED


@pytest.mark.parametrize("kind", sorted(PRESETS))
@pytest.mark.parametrize(
    "event", ["text", 3, None, True, {}, {"alerts": 3}, {"workflow_run": 1}, {"event": "node_started"}]
)
def test_what_is_no_event_is_refused_or_ignored(kind: SourceKind, event: Any) -> None:
    decoded = read(kind, event)
    assert (decoded.reports, decoded.lines) == ([], [])
    assert decoded.ignored or (decoded.rejected[0].field and decoded.rejected[0].reason)


def test_one_bad_alert_leaves_the_source_told() -> None:
    notice = events.alerts(workflow="orders")
    notice["alerts"].append({"labels": {"workflow": "x"}, "startsAt": "2026-11-04T10:00:00Z"})
    decoded = read(SourceKind.ALERTMANAGER, notice)
    assert [one.field for one in decoded.rejected] == ["alerts[1].fingerprint"]
    assert len(decoded.reports) == 1


def test_source_without_preset_needs_a_mapping() -> None:
    assert "no mapping" in read(SourceKind.GENERIC, {"id": 1}).rejected[0].reason


def test_too_many_events() -> None:
    with pytest.raises(TooLarge):
        read(SourceKind.DIFY, [{}] * (MAX_EVENTS + 1))


@pytest.mark.parametrize(
    ("body", "content_type", "value"),
    [
        (b'\xef\xbb\xbf {"a": 1} ', "", {"a": 1}),
        (b"payload=%7B%22a%22%3A1%7D", "application/x-www-form-urlencoded", {"a": 1}),
        (
            b"id=7&status=ok&error=",
            "application/x-www-form-urlencoded; charset=utf-8",
            {"id": "7", "status": "ok", "error": ""},
        ),
        (b'{"n": 123456789012345678901234567890}', "", {"n": 123456789012345678901234567890}),
    ],
)
def test_bodies_that_are_read(body: bytes, content_type: str, value: Any) -> None:
    assert open_body(body, content_type) == value


@pytest.mark.parametrize(
    "body",
    [b"", b"  ", b"{", b"\xff\xfe", b'{"a": NaN}', b'{"a": "\\u0000"}', b"[" * 5_000, b'{"a":1,"a":2', b'"\\ud800"'],
)
def test_bodies_that_cannot_be_read(body: bytes) -> None:
    with pytest.raises(Undecodable):
        open_body(body)


@pytest.mark.parametrize("body", [b"x" * (MAX_BYTES + 1), b"[" + b"0," * 200_001 + b"0]"])
def test_bodies_that_are_too_large(body: bytes) -> None:
    with pytest.raises(TooLarge):
        open_body(body)


def test_long_names_are_cut_and_times_compared() -> None:
    assert text_of("x" * 300) == "x" * 199 + "…"
    assert seconds_of("2026-01-04 10:00:00 UTC") == seconds_of("2026-01-04T11:00:00+01:00") == 1767520800
    assert seconds_of("no time") is None
