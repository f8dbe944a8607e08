"""Events as their senders tell them, in the public formats; only what tests speak of is an argument."""

from typing import Any

Event = dict[str, Any]


def github_run(action: str = "completed", **fields: Any) -> Event:
    """A `workflow_run` event of GitHub."""
    run = {
        "id": 30433642,
        "name": "Build",
        "path": ".github/workflows/build.yml",
        "run_attempt": 1,
        "run_number": 562,
        "event": "push",
        "status": "completed",
        "conclusion": "failure",
        "head_branch": "main",
        "created_at": "2026-11-04T10:00:00Z",
        "run_started_at": "2026-11-04T10:00:00Z",
        "updated_at": "2026-11-04T10:04:00Z",
        "html_url": "https://github.com/octo-org/octo-repo/actions/runs/30433642",
        "triggering_actor": {"login": "octocat"},
        **fields,
    }
    return {"action": action, "workflow_run": run, "repository": {"full_name": "octo-org/octo-repo"}}


def github_job(action: str = "completed", **fields: Any) -> Event:
    """A `workflow_job` event of GitHub, with two steps."""
    job = {
        "id": 399444496,
        "run_id": 30433642,
        "run_attempt": 1,
        "workflow_name": "Build",
        "name": "test",
        "status": "completed",
        "conclusion": "failure",
        "created_at": "2026-11-04T10:00:00Z",
        "started_at": "2026-11-04T10:00:20Z",
        "completed_at": "2026-11-04T10:03:50Z",
        "runner_name": "runner 1",
        "labels": ["ubuntu-latest"],
        "steps": [
            {
                "name": "Set up job",
                "status": "completed",
                "conclusion": "success",
                "number": 1,
                "started_at": "2026-11-04T10:00:20Z",
                "completed_at": "2026-11-04T10:00:22Z",
            },
            {
                "name": "Run tests",
                "status": "completed",
                "conclusion": "failure",
                "number": 2,
                "started_at": "2026-11-04T10:00:22Z",
                "completed_at": "2026-11-04T10:03:50Z",
            },
        ],
        **fields,
    }
    return {"action": action, "workflow_job": job, "repository": {"full_name": "octo-org/octo-repo"}}


def github_story() -> list[Event]:
    """All events of a run that failed, in the order in which GitHub sends them."""
    queued = {"status": "queued", "conclusion": None, "completed_at": None, "steps": []}
    running = {"status": "in_progress", "conclusion": None, "completed_at": None}
    going = {"status": "in_progress", "conclusion": None, "updated_at": "2026-11-04T10:00:30Z"}
    return [
        github_run("requested", status="queued", conclusion=None, updated_at="2026-11-04T10:00:00Z"),
        github_job("queued", started_at="2026-11-04T10:00:02Z", **queued),
        github_run("in_progress", **going),
        github_job("in_progress", **running),
        github_job("completed"),
        github_run("completed"),
    ]


def gitlab_pipeline(**fields: Any) -> Event:
    """A pipeline event of GitLab: a job that failed, one that ran, and one that nobody started."""
    pipeline = {
        "id": 31,
        "iid": 3,
        "ref": "main",
        "source": "push",
        "status": "failed",
        "created_at": "2026-01-04 10:00:00 UTC",
        "finished_at": "2026-01-04 10:02:00 UTC",
        "duration": 63,
        "queued_duration": 10,
        "url": "https://gitlab.example.com/group/app/-/pipelines/31",
        **fields,
    }
    build = {"stage": "test", "when": "on_success", "allow_failure": False, "queued_duration": 1.5}
    return {
        "object_kind": "pipeline",
        "object_attributes": pipeline,
        "user": {"username": "root"},
        "project": {"path_with_namespace": "group/app"},
        "builds": [
            {
                **build,
                "id": 380,
                "name": "unit",
                "status": "failed",
                "created_at": "2026-01-04 10:00:00 UTC",
                "started_at": "2026-01-04 10:00:10 UTC",
                "finished_at": "2026-01-04 10:01:13 UTC",
                "duration": 63.0,
                "failure_reason": "script_failure",
            },
            {**build, "id": 381, "name": "deploy", "status": "manual", "allow_failure": True, "duration": None},
        ],
    }


def n8n_failure(**execution: Any) -> Event:
    """What n8n's Error Trigger gives."""
    return {
        "execution": {
            "id": "231",
            "url": "https://n8n.example.com/execution/231",
            "retryOf": "34",
            "error": {"message": "Example Error Message", "stack": "Stacktrace", "name": "NodeApiError"},
            "lastNodeExecuted": "Node With Error",
            "mode": "webhook",
            **execution,
        },
        "workflow": {"id": "1", "name": "Example Workflow"},
    }


def n8n_trigger_failure() -> Event:
    """What it gives when the trigger itself failed: there is no execution."""
    error = {
        "name": "WorkflowActivationError",
        "message": "could not be activated",
        "timestamp": 1793786400000,
        "node": {"name": "Mail Trigger"},
    }
    return {"trigger": {"error": error, "mode": "trigger"}, "workflow": {"id": "7", "name": "Mail"}}


def dify_story() -> list[Event]:
    """The events of a run of Dify: two nodes, the second of which failed once and was tried again."""
    run = {"workflow_run_id": "run-1", "task_id": "task-1"}
    start = 1793786400
    node = {"node_id": "n1", "node_type": "llm", "title": "Answer", "index": 2, "created_at": start + 1}
    price = {"total_tokens": 15, "total_price": "0.0012", "currency": "USD"}
    usage = {"prompt_tokens": 10, "completion_tokens": 5, **price}
    return [
        {
            "event": "workflow_started",
            **run,
            "data": {"id": "run-1", "workflow_id": "wf-1", "inputs": {"q": "hi"}, "created_at": start},
        },
        {"event": "node_started", **run, "data": {**node, "id": "e1"}},
        {
            "event": "node_retry",
            **run,
            "data": {**node, "id": "e1", "retry_index": 1, "error": "503", "finished_at": start + 2},
        },
        {
            "event": "node_finished",
            **run,
            "data": {
                **node,
                "id": "e1",
                "status": "succeeded",
                "elapsed_time": 1.5,
                "finished_at": start + 3,
                "process_data": {"usage": usage, "model_provider": "openai", "model_name": "gpt-4o"},
                "execution_metadata": price,
            },
        },
        {"event": "text_chunk", **run, "data": {"text": "He"}},
        {
            "event": "workflow_finished",
            **run,
            "data": {
                "id": "run-1",
                "workflow_id": "wf-1",
                "status": "succeeded",
                "elapsed_time": 3.5,
                "total_tokens": 15,
                "created_at": start,
                "finished_at": start + 4,
                "outputs": {"answer": "hello"},
            },
        },
    ]


def airflow_run(**fields: Any) -> Event:
    """The documented body of a callback of a DAG."""
    return {
        "dag_id": "daily_load",
        "dag_run_id": "scheduled__2026-11-04T00:00:00+00:00",
        "state": "failed",
        "run_type": "scheduled",
        "start_date": "2026-11-04T00:00:02+00:00",
        "end_date": "2026-11-04T00:05:00+00:00",
        "conf": {"region": "eu"},
        "exception": "AirflowException: task failed",
        "task_instances": [
            {"task_id": "extract", "state": "success", "try_number": 1, "duration": 3.5, "operator": "PythonOperator"},
            {"task_id": "load", "state": "failed", "try_number": 2, "map_index": 1, "exception": "ValueError: x"},
        ],
        **fields,
    }


def alerts(status: str = "firing", **labels: str) -> Event:
    """A notice of Alertmanager with one alert."""
    alert = {
        "status": status,
        "labels": {"alertname": "JobFailing", "severity": "critical", **labels},
        "annotations": {"summary": "orders fail"},
        "startsAt": "2026-11-04T10:00:00.123Z",
        "endsAt": "2026-11-04T10:30:00Z" if status == "resolved" else "0001-01-01T00:00:00Z",
        "generatorURL": "http://prometheus.example/graph",
        "fingerprint": "9a3c1b",
    }
    return {"version": "4", "groupKey": "{}", "status": status, "receiver": "steadyrun", "alerts": [alert]}


def envelope(name: str = "execution.finished", **data: Any) -> Event:
    """An event in the envelope of Standard Webhooks."""
    told = {"id": "e1", "workflow": "orders", "started_at": "2026-11-04T10:00:00Z", **data}
    return {"type": name, "timestamp": "2026-11-04T10:05:00Z", "data": told}
