"""GitHub Actions: the events `workflow_run` and `workflow_job`.

A run keeps its id over reruns and counts up `run_attempt`: each attempt is an execution, and all share the first one's
origin. Runs read from GitHub's API and saved (`ingestion.history`) get the same ids, so the two complete each other.
"""

from typing import Any

from ingestion.adapters.refusals import Refused
from ingestion.adapters.webhooks.told import (
    About,
    Item,
    an_object,
    attributes_of,
    id_of,
    object_in,
    objects_in,
    only_told,
    text_of,
)

WORKFLOW_TYPE = "github-actions"
_KEPT = ("run_number", "head_sha", "display_title", "path", "run_attempt", "conclusion", "status", "check_suite_id")
_NOT_STARTED = ("queued", "waiting", "pending", "requested")


def attempt_of(run_id: Any, attempt: Any) -> dict[str, Any]:
    """Id, attempt and origin of one attempt at a run."""
    number = attempt if isinstance(attempt, int) and attempt > 0 else 1
    return {
        "id": f"gha-{run_id}-{number}" if run_id is not None else None,
        "attempt": number,
        "retry_of": f"gha-{run_id}-1" if number != 1 else None,
    }


def translate_run(run: dict[str, Any]) -> dict[str, Any]:
    """A workflow run in the words of the REST way in. `updated_at` is the best that one tells about its end."""
    done = run.get("status") == "completed"
    actor = object_in(run, "triggering_actor") or object_in(run, "actor")
    return only_told(
        {
            **attempt_of(run.get("id"), run.get("run_attempt")),
            "workflow": text_of(run.get("name") or run.get("path")),
            "workflow_type": WORKFLOW_TYPE,
            "status": run.get("conclusion") if done else run.get("status"),
            "started_at": run.get("run_started_at") or run.get("created_at"),
            "finished_at": run.get("updated_at") if done else None,
            "trigger": run.get("event"),
            "user": actor.get("login"),
            "url": run.get("html_url"),
            "input": {"branch": run["head_branch"]} if run.get("head_branch") else None,
            "attributes": {
                **(attributes_of(run, *_KEPT) or {}),
                "created_at": run.get("created_at"),
                "repository": object_in(run, "repository").get("full_name"),
            },
        }
    )


def _times(part: dict[str, Any]) -> dict[str, Any]:
    """Start and finish of a job or of one of its steps. A job in the queue tells the time of queueing as its start."""
    done = part.get("status") == "completed"
    return {
        "status": part.get("conclusion") if done else part.get("status"),
        "started_at": part.get("started_at") if part.get("status") not in _NOT_STARTED else None,
        "finished_at": part.get("completed_at") if done else None,
    }


def _job_steps(job: dict[str, Any]) -> list[dict[str, Any]]:
    """The job as a step, and its own steps below it."""
    job_id = id_of(job.get("id"), "workflow_job.id")
    steps = [
        {
            "id": job_id,
            "node": text_of(job.get("name")),
            "kind": "job",
            "attributes": attributes_of(job, "html_url", "runner_name", "runner_group_name", "labels", "created_at"),
            **_times(job),
        }
    ]
    for place, step in enumerate(objects_in(job, "steps")):
        number = step.get("number") if isinstance(step.get("number"), int) else place + 1
        inner = {"id": f"{job_id}.{number}", "parent_id": job_id, "position": number, "kind": "step"}
        steps.append({**inner, "node": text_of(step.get("name")), **_times(step)})
    return [only_told(step) for step in steps]


def _translate_job(job: dict[str, Any]) -> dict[str, Any]:
    run = id_of(job.get("run_id"), "workflow_job.run_id")
    return only_told(
        {
            **attempt_of(run, job.get("run_attempt")),
            "workflow": text_of(job.get("workflow_name")),
            "workflow_type": WORKFLOW_TYPE,
            "steps": _job_steps(job),
        }
    )


def read(event: Any, about: About) -> list[Item]:
    """One event. Others than the two (`ping`, `push` ...) say nothing. Raises `Refused`."""
    told = an_object(event)
    name = about.headers.get("x-github-event")
    if name not in (None, "workflow_run", "workflow_job"):
        return []
    if "workflow_job" in told:
        return [_translate_job(an_object(told["workflow_job"], "workflow_job"))]
    if "workflow_run" in told:
        run = an_object(told["workflow_run"], "workflow_run")
        id_of(run.get("id"), "workflow_run.id")
        own = {"repository": told.get("repository"), **run}
        return [translate_run(own)]
    if name:
        raise Refused(name, "is missing from the event of that name")
    return []
