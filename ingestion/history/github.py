"""Runs as GitHub's API lists them: `GET /repos/<owner>/<name>/actions/runs`, saved."""

from typing import Any

_KEPT = ("run_number", "head_sha", "display_title", "path", "run_attempt", "conclusion", "status", "check_suite_id")


def _name_of(value: Any, key: str) -> Any:
    return value.get(key) if isinstance(value, dict) else None


def translate(item: dict[str, Any]) -> dict[str, Any]:
    """A workflow run in the words of the REST way in.

    A rerun keeps the id of its first run and counts up `run_attempt`, so the attempt is part of our id.
    `updated_at` is the best that a finished run tells about its end.
    """
    attempt = item.get("run_attempt") or 1
    done = item.get("status") == "completed"
    told = {
        "id": f"gha-{item.get('id')}-{attempt}" if item.get("id") is not None else None,
        "attempt": attempt,
        "retry_of": f"gha-{item.get('id')}-1" if attempt != 1 else None,
        "workflow": item.get("name") or item.get("path"),
        "workflow_type": "github-actions",
        "status": item.get("conclusion") if done else item.get("status"),
        "started_at": item.get("run_started_at") or item.get("created_at"),
        "finished_at": item.get("updated_at") if done else None,
        "trigger": item.get("event"),
        "user": _name_of(item.get("triggering_actor") or item.get("actor"), "login"),
        "url": item.get("html_url"),
        "input": {"branch": item["head_branch"]} if item.get("head_branch") else None,
        "attributes": {
            **{name: item[name] for name in _KEPT if item.get(name) is not None},
            "created_at": item.get("created_at"),
            "repository": _name_of(item.get("repository"), "full_name"),
        },
    }
    return {name: value for name, value in told.items() if value is not None}
