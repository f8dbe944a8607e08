"""GitLab: pipeline events, with their jobs (`builds`) as steps.

A retried pipeline keeps its id and counts nothing up: it stays one execution whose last outcome counts. The newest time
in the event is the revision, so a later event beats an earlier one in whatever order they come.
"""

from collections.abc import Iterator
from typing import Any

from ingestion.adapters.webhooks.told import (
    About,
    Item,
    an_object,
    attributes_of,
    id_of,
    moment_of,
    object_in,
    objects_in,
    only_told,
    seconds_of,
    text_of,
    url_of,
)

# Words that only GitLab has.
_WORDS = {"waiting_for_resource": "queued", "preparing": "queued", "waiting_for_callback": "running"}
_ENDED = ("success", "failed", "canceled", "skipped")
_TIMES = ("created_at", "started_at", "finished_at")


def _revision(*parts: dict[str, Any]) -> int:
    """The newest time of the event, in milliseconds since 1970; 0 when it tells none."""
    told = (seconds_of(part.get(name)) for part in parts for name in _TIMES)
    return max((round(seconds * 1000) for seconds in told if seconds and 0 < seconds < 1e11), default=0)


def _milliseconds(seconds: Any) -> float | None:
    is_number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    return seconds * 1000 if is_number and seconds >= 0 else None


def _status(part: dict[str, Any]) -> str | None:
    """A manual job that the pipeline does not wait for was not taken."""
    word = text_of(part.get("status"), 100)
    if word == "manual" and part.get("allow_failure"):
        return "skipped"
    return _WORDS.get(word or "", word)


def _steps(builds: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for build in builds:
        runner = object_in(build, "runner")
        ended = build.get("status") in _ENDED
        yield only_told(
            {
                "id": id_of(build.get("id"), "builds.id"),
                "node": text_of(build.get("name")),
                "kind": "job",
                "status": _status(build),
                "started_at": moment_of(build.get("started_at")),
                "finished_at": moment_of(build.get("finished_at")) if ended else None,
                "duration_ms": _milliseconds(build.get("duration")) if ended else None,
                "error": text_of(build.get("failure_reason"), 1_000) if build.get("status") == "failed" else None,
                "attributes": only_told(
                    {
                        **(attributes_of(build, "stage", "when", "allow_failure", "queued_duration") or {}),
                        "runner": runner.get("description"),
                    }
                ),
            }
        )


def _attributes(pipeline: dict[str, Any], event: dict[str, Any]) -> dict[str, Any]:
    kept = attributes_of(pipeline, "iid", "name", "ref", "tag", "sha", "detailed_status", "queued_duration") or {}
    return {**kept, **only_told({"project": object_in(event, "project").get("path_with_namespace")})}


def read(event: Any, about: About) -> list[Item]:
    """One event. Others than pipeline events say nothing. Raises `Refused`."""
    told = an_object(event)
    if told.get("object_kind") != "pipeline":
        return []
    pipeline = an_object(told.get("object_attributes"), "object_attributes")
    builds = objects_in(told, "builds")
    ended = pipeline.get("status") in _ENDED
    project, user = object_in(told, "project"), object_in(told, "user")
    reasons = sorted({str(build["failure_reason"]) for build in builds if _is_blocking(build)})
    execution = {
        "id": f"gitlab-{id_of(pipeline.get('id'), 'object_attributes.id')}",
        "revision": _revision(pipeline, *builds),
        "workflow": text_of(project.get("path_with_namespace") or project.get("name")),
        "workflow_type": "gitlab-ci",
        "status": _status(pipeline),
        "started_at": moment_of(pipeline.get("created_at")),
        "finished_at": moment_of(pipeline.get("finished_at")) if ended else None,
        "duration_ms": _milliseconds(pipeline.get("duration")) if ended else None,
        "trigger": text_of(pipeline.get("source")),
        "user": text_of(user.get("username")),
        "url": url_of(pipeline.get("url")),
        "input": {"ref": pipeline["ref"]} if isinstance(pipeline.get("ref"), str) else None,
        "error": ", ".join(reasons)[:1_000] if ended and reasons else None,
        "attributes": _attributes(pipeline, told),
        "steps": list(_steps(builds)) or None,
    }
    return [only_told(execution)]


def _is_blocking(build: dict[str, Any]) -> bool:
    return build.get("status") == "failed" and bool(build.get("failure_reason")) and not build.get("allow_failure")
