"""Jobs about the sample: asked for on a page, done by the worker a stage after the other, told with their progress.

A claim moves `due_at` on by `LEASE`: when its worker is killed, another one does the same stage again.
"""

import logging
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.audit import record
from accounts.models import Team
from accounts.tenancy import team_context
from ingestion.acceptance import ReportsRefused, StorageUnavailable
from ingestion.models import SampleAction, SampleJob, SampleState
from ingestion.services import sample
from ingestion.services.sample import SampleRefused, Stage

logger = logging.getLogger(__name__)
# Longer than a stage takes, so that no two work on one job.
LEASE = timedelta(minutes=11)
_CHECKS = {SampleAction.LOAD: sample.check_load, SampleAction.REMOVE: sample.check_removal}
_TOLD = {SampleAction.LOAD: "sample.loaded", SampleAction.REMOVE: "sample.removed"}
_ASKED = {SampleAction.LOAD: "sample.load_asked", SampleAction.REMOVE: "sample.removal_asked"}
_UNKNOWN = gettext_noop(
    "Something went wrong here; the log of the worker says what. What was done is kept: try it again."
)


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a team's sample stands: the latest job, if there was one, and how many of its stages are done."""

    has_sample: bool
    action: str = ""
    state: str = ""
    done: int = 0
    total: int = 0
    words: str = ""
    reason: str = ""

    @property
    def is_working(self) -> bool:
        """Whether something is being done."""
        return self.state == SampleState.WORKING

    @property
    def has_failed(self) -> bool:
        """Whether the latest job ended without being done."""
        return self.state == SampleState.FAILED

    @property
    def seen(self) -> str:
        """Changes when there is anything new to say."""
        return f"{self.action}-{self.state}-{self.done}-{int(self.has_sample)}"


def ask(team: Team, action: SampleAction, now: datetime) -> None:
    """Asks for the sample to be loaded or removed. What is done already, or under way, is not asked for again.

    Inside the team's context. Raises `SampleRefused`.
    """
    with transaction.atomic():
        known = SampleJob.objects.select_for_update().filter(team_id=team.id).first()
        if known is not None and known.state == SampleState.WORKING:
            if known.action == action:
                return
            raise SampleRefused(_("The sample is still being loaded or removed: wait until that is done."))
        is_there = Team.objects.filter(id=team.id, has_sample=True).exists()
        has_failed = known is not None and known.state == SampleState.FAILED
        if not has_failed and is_there == (action == SampleAction.LOAD):
            return
        _CHECKS[action](team.id)
        fresh = {"action": action, "state": SampleState.WORKING, "stage": 0, "reason": "", "finished_at": None}
        SampleJob.objects.update_or_create(team_id=team.id, defaults={**fresh, "asked_at": now, "due_at": now})
        sample.mark_team(team.id, has_sample=True)
        record(_ASKED[action], ("sample", team.id, "Sample data"))


def progress_of(team: Team) -> Progress:
    """Where the sample of a team stands. One query."""
    job = SampleJob.objects.filter(team_id=team.id).first()
    if job is None:
        return Progress(team.has_sample)
    stages = _stages(job)
    words = stages[min(job.stage, len(stages) - 1)].words
    return Progress(team.has_sample, job.action, job.state, job.stage, len(stages), words, _(job.reason))


def work_due(now: datetime, *, seconds: float) -> int:
    """Does stages that are due for about so long; how many."""
    end, count = time.monotonic() + seconds, 0
    while time.monotonic() < end and (job := _claim(timezone.now() if count else now)):
        _work(job)
        count += 1
    return count


def _stages(job: SampleJob) -> list[Stage]:
    return sample.loading() if job.action == SampleAction.LOAD else sample.removing()


def _claim(now: datetime) -> SampleJob | None:
    open_teams = Team.objects.filter(erased_from__isnull=True, suspended_at__isnull=True)
    with transaction.atomic():
        due = SampleJob.objects.select_for_update(skip_locked=True, of=("self",))
        job = due.filter(due_at__lte=now, team__in=open_teams).order_by("due_at", "team_id").first()
        if job is not None:
            job.due_at = now + LEASE
            job.save(update_fields=["due_at"])
    return job


def _work(job: SampleJob) -> None:
    """Does one stage, and says what is next."""
    stages, now = _stages(job), timezone.now()
    try:
        stages[job.stage].do(job.team_id, now)
    except (SampleRefused, ReportsRefused, StorageUnavailable) as refused:
        _end(job, SampleState.FAILED, str(refused))
    except Exception:
        logger.exception("a stage of the sample failed", extra={"stage": stages[job.stage].words})
        _end(job, SampleState.FAILED, _UNKNOWN)
    else:
        job.stage += 1
        if job.stage < len(stages):
            job.due_at = timezone.now()
            job.save(update_fields=["stage", "due_at"])
        else:
            _end(job, SampleState.DONE)


def _end(job: SampleJob, state: SampleState, reason: str = "") -> None:
    job.state, job.reason, job.due_at, job.finished_at = state, reason[:500], None, timezone.now()
    with team_context(job.team_id):
        job.save(update_fields=["state", "reason", "due_at", "finished_at", "stage"])
        if state == SampleState.DONE:
            sample.mark_team(job.team_id, has_sample=job.action == SampleAction.LOAD)
        told = _TOLD[SampleAction(job.action)] if state == SampleState.DONE else "sample.failed"
        record(told, ("sample", job.team_id, "Sample data"), note=reason[:500])


def note_loaded(team_id: UUID, now: datetime) -> None:
    """The command line loaded the sample: pages of the team say so."""
    fresh = {"action": SampleAction.LOAD, "state": SampleState.DONE, "reason": "", "due_at": None, "finished_at": now}
    SampleJob.objects.update_or_create(
        team_id=team_id, defaults={**fresh, "stage": len(sample.loading()), "asked_at": now}
    )
    sample.mark_team(team_id, has_sample=True)
