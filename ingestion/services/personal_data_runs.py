"""The worker's side of personal data: claims jobs that are due and does them day by day, a little at a time.

A claim moves `due_at` on by `LEASE`: when its worker is killed another one goes on at the day that was not done. Each
day is a unit: a search counts it, an export writes it as a part of its own, a deletion removes it.
"""

import json
import time
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from uuid import UUID

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection
from django.db.models import F
from django.utils import timezone

from accounts.acting import Actor, ActorKind
from accounts.audit import record
from accounts.encryption import Unreadable, decrypt
from accounts.tenancy import team_context
from ingestion.models import DataAction, DataState, PersonalDataDue, PersonalDataJob
from ingestion.services import personal_data
from ingestion.services.personal_data import Found
from ingestion.services.personal_data_jobs import folder_of, new_name, parts_of, remove_files
from monitoring.models import Execution, Workflow
from monitoring.models.execution import RetentionClass
from monitoring.store import erasure

# Longer than the worker lets a task run, so that no two work on one job.
LEASE = timedelta(minutes=11)
MAX_SAMPLES = 20
_DONE = {DataAction.SEARCH: "searched", DataAction.EXPORT: "exported", DataAction.DELETION: "deleted"}
_CLAIM = """
UPDATE personal_data_due SET due_at = %(until)s WHERE job_id IN (
    SELECT job_id FROM personal_data_due WHERE due_at <= %(now)s ORDER BY due_at, job_id LIMIT 1
    FOR UPDATE SKIP LOCKED
) RETURNING team_id, job_id
"""


class Removed(Exception):
    """The job was removed while it was at work."""


def work_due(now: datetime, *, seconds: float) -> int:
    """Works on jobs that are due for about so long; how many were looked at."""
    end, count = time.monotonic() + seconds, 0
    while time.monotonic() < end and (found := _claim(now)):
        count += 1
        _work(*found, end)
    return count


def _work(team_id: UUID, job_id: UUID, end: float) -> None:
    with team_context(team_id):
        job = PersonalDataJob.objects.filter(team_id=team_id, id=job_id).first()
        if job is None or job.is_over:
            PersonalDataDue.objects.filter(job_id=job_id).delete()
            return
    try:
        for _ in _steps(job, decrypt(bytes(job.value))):
            if time.monotonic() >= end:
                PersonalDataDue.objects.filter(job_id=job_id).update(due_at=timezone.now())
                return
        _finish(job)
    except Removed:
        remove_files(team_id, job_id)
    except Unreadable:
        _fail(job, "It was asked for with another SECRET_KEY. Search again.")
    except OSError as error:
        _fail(job, f"Its file cannot be written: {error.strerror or error}")


def _steps(job: PersonalDataJob, value: str) -> Iterator[None]:
    """The work that is left, a step at a time: sources first, then the days, the newest first."""
    days = erasure.days_of(job.team_id)
    if job.state == DataState.WAITING:
        found = Found(value, job.tag)
        if not job.tag:
            personal_data.search_sources(job.team_id, found)
        _do(job, found, "sources", state=DataState.RUNNING, days_total=len(days))
        yield
    for day in [one for one in days if job.next_day is None or one < job.next_day]:
        _do(job, Found(value, job.tag, erasure.find_on(job.team_id, day, value, tag=job.tag)), day.isoformat(), day)
        yield


def _do(job: PersonalDataJob, found: Found, part: str, day: date | None = None, **more: object) -> None:
    """One step: what was found of it is counted, written or removed, and noted."""
    held = sum(class_ == RetentionClass.HELD for _, class_, _ in found.executions)
    gone = len(found.executions)
    if job.action == DataAction.EXPORT:
        _write_part(job, found, part)
    elif job.action == DataAction.DELETION:
        gone = personal_data.remove(job.team_id, found)
    told: dict[str, object] = {
        **more,
        "executions": F("executions") + gone,
        "held": F("held") + held,
        "deliveries": F("deliveries") + len(found.deliveries),
        "lines": F("lines") + len(found.lines),
        **({"next_day": day, "days_done": F("days_done") + 1} if day else {}),
    }
    if job.action == DataAction.SEARCH and len(job.samples) < MAX_SAMPLES:
        job.samples = [*job.samples, *(str(id) for id, _, _ in sorted(found.executions))][:MAX_SAMPLES]
        told["samples"] = job.samples
    _note(job, **told)
    job.next_day = day or job.next_day


def _note(job: PersonalDataJob, **told: object) -> None:
    """Notes progress and keeps the claim. Raises `Removed`."""
    with team_context(job.team_id):
        if not PersonalDataJob.objects.filter(team_id=job.team_id, id=job.id).update(**told):
            raise Removed
        PersonalDataDue.objects.filter(job_id=job.id).update(due_at=timezone.now() + LEASE)


def _write_part(job: PersonalDataJob, found: Found, part: str) -> None:
    """A part of an export: a line a document. Written under another name first, so that it is whole or not there."""
    path = parts_of(job) / f"{part}.jsonl"
    fresh = path.with_suffix(".new")
    with fresh.open("w", encoding="utf-8") as file:
        for name, told in personal_data.documents(job.team_id, found):
            file.write(json.dumps([name, told], cls=DjangoJSONEncoder) + "\n")
    fresh.rename(path)


def _finish(job: PersonalDataJob) -> None:
    told: dict[str, object] = {}
    if job.action == DataAction.EXPORT:
        path = _zip(job)
        told = {"stored_name": path.name, "size_bytes": path.stat().st_size}
    _note(job, state=DataState.DONE, finished_at=timezone.now(), **told)
    with team_context(job.team_id):
        PersonalDataDue.objects.filter(job_id=job.id).delete()
        done = PersonalDataJob.objects.get(team_id=job.team_id, id=job.id)
        counts = {name: getattr(done, name) for name in ("executions", "held", "deliveries", "lines")}
        name = f"{job.tag}: {job.shown}" if job.tag else job.shown
        who = Actor(ActorKind(job.actor_kind), job.actor_name, job.actor_id)
        what = _DONE[DataAction(job.action)]
        record(f"personal_data.{what}", ("personal data", job.id, name), after=counts, actor=who)


def _zip(job: PersonalDataJob) -> Path:
    """All parts as one ZIP of JSON documents."""
    parts, path = parts_of(job), folder_of(job.team_id) / new_name(job)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in sorted(parts.glob("*.jsonl")):
            with part.open(encoding="utf-8") as file:
                for line in file:
                    name, told = json.loads(line)
                    archive.writestr(name, json.dumps(told, ensure_ascii=False, indent=1))
    path.chmod(0o600)
    for part in parts.iterdir():
        part.unlink()
    parts.rmdir()
    return path


def _fail(job: PersonalDataJob, reason: str) -> None:
    with team_context(job.team_id):
        PersonalDataDue.objects.filter(job_id=job.id).delete()
        PersonalDataJob.objects.filter(team_id=job.team_id, id=job.id).update(
            state=DataState.FAILED, finished_at=timezone.now(), error=reason[:500]
        )


def samples_of(job: PersonalDataJob) -> list[tuple[Execution, str]]:
    """Some of the executions that a search found and that are still there, with the names of their workflows.

    Inside the team's context.
    """
    found = list(Execution.objects.filter(team_id=job.team_id, id__in=job.samples).order_by("-counted_at", "-id"))
    ids = {one.workflow_id for one in found if one.workflow_id}
    names = dict(Workflow.objects.filter(team_id=job.team_id, id__in=ids).values_list("id", "name"))
    return [(one, names.get(one.workflow_id, "") if one.workflow_id else "") for one in found]


def _claim(now: datetime) -> tuple[UUID, UUID] | None:
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, {"now": now, "until": now + LEASE})
        found = cursor.fetchone()
    return (found[0], found[1]) if found else None
