"""The sample: real runs of others that a team can load to look around, and take out again. Stages of both.

Its workflows carry ` (sample)` in their names, so that none is a workflow that the team runs itself, and so that lists,
exports and notices say what they are about. Each stage can be done again: what was done before stays as it is.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from accounts import formats
from accounts.models import Team
from accounts.tenancy import team_context
from billing.store import lines
from billing.store.removal import closed_months_of, remove_costs
from ingestion.history.files import digest_of
from ingestion.history.importing import FileImport, Report, Summary
from ingestion.history.placement import DEFAULT_SPREAD
from ingestion.models import ImportRun, SourceSampling
from monitoring import ports
from monitoring.identity import workflow_id
from monitoring.models import Workflow
from monitoring.services import findings
from monitoring.services.baselines import build_all
from monitoring.store import removal
from monitoring.store.labels import Names, forget_names
from monitoring.store.rollups import fold_all

SUFFIX = " (sample)"
# Neither source states an objective; without one the first verdict could say nothing.
OBJECTIVE = 0.95
# Usage is spread so far that each running month has one before it to be compared with.
USAGE_SPREAD = timedelta(days=40)
WORKFLOWS = (
    *("Build", "Changelog Lint", "Validate Embedded Viewer", "airline-support", "code-service", "polyglot-benchmark"),
)


class SampleRefused(Exception):
    """The sample cannot be loaded or removed now; the text says why and what to do."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage: what it does, in words, and how. What it answers is what became of a file, if it is about one.

    `words` may name the file.
    """

    told: str
    do: Callable[[UUID, datetime], Summary | None]
    file_name: str = ""

    @property
    def words(self) -> str:
        """What it does, in the language of who reads."""
        return _(self.told).format(name=self.file_name) if self.file_name else _(self.told)


def files() -> list[Path]:
    """The files of the sample, in the order in which they are loaded."""
    folder = settings.BASE_DIR / "sample"
    return [*sorted(folder.glob("*.jsonl.gz")), *sorted(folder.glob("usage/*.jsonl.gz"))]


def workflow_ids(team_id: UUID) -> list[UUID]:
    """The ids that the workflows of the sample have in a team."""
    return [workflow_id(team_id, name + SUFFIX) for name in WORKFLOWS]


def loading(on_bytes: Callable[[Path], Report] | None = None) -> list[Stage]:
    """The stages of loading. `on_bytes` gives, for a file, who hears how many bytes of it are done."""
    return [
        Stage(gettext_noop("Making its workflows"), _make_workflows),
        *(Stage(gettext_noop("Reading {name}"), _reading(path, on_bytes), path.name) for path in files()),
        Stage(gettext_noop("Computing figures"), _fold),
        Stage(gettext_noop("Looking for findings"), _find),
    ]


def removing() -> list[Stage]:
    """The stages of removing."""
    return [
        Stage(gettext_noop("Removing executions"), _erase),
        Stage(gettext_noop("Removing figures, costs and workflows"), _remove),
        Stage(gettext_noop("Computing what is left"), _settle),
    ]


def check_load(team_id: UUID) -> None:
    """Raises `SampleRefused` where a workflow of the team's own has the name of one of the sample's."""
    with team_context(team_id):
        names = [name + SUFFIX for name in WORKFLOWS]
        own = Workflow.objects.filter(team_id=team_id, name__in=names, is_sample=False).order_by("name").first()
    if own is not None:
        told = _("The team has a workflow of its own that is called {name}: the sample has one, too.")
        raise SampleRefused(told.format(name=own.name))


def check_removal(team_id: UUID) -> None:
    """Raises `SampleRefused` where something of the sample is not to go: a legal hold, a closed month."""
    with team_context(team_id):
        held = removal.held_sample_executions(team_id, workflow_ids(team_id))
        closed = closed_months_of(team_id, removal.sample_workflows(team_id, workflow_ids(team_id)).all)
    if held:
        told = ngettext(
            "{count} execution of the sample is held: end the hold first, then remove it.",
            "{count} executions of the sample are held: end the hold first, then remove it.",
            held,
        )
        raise SampleRefused(told.format(count=held))
    if closed:
        names = ", ".join(formats.month_of_year(month) for month in closed)
        told = _("Costs of the sample are in a closed month ({months}): reopen it first, then remove it.")
        raise SampleRefused(told.format(months=names))


def mark_team(team_id: UUID, *, has_sample: bool) -> None:
    """Says on each page of the team whether the sample is in it."""
    Team.objects.filter(id=team_id).update(has_sample=has_sample)


def _make_workflows(team_id: UUID, now: datetime) -> None:
    """Its workflows are marked before anything is in them: no notice is ever sent about one."""
    check_load(team_id)
    forget_names()
    names = Names(team_id)
    ids = [names.workflow(name + SUFFIX) for name in WORKFLOWS]
    names.save()
    with team_context(team_id):
        made = Workflow.objects.filter(team_id=team_id, id__in=ids)
        made.update(is_sample=True)
        made.filter(objective_success_rate__isnull=True).update(objective_success_rate=OBJECTIVE)


def _reading(path: Path, on_bytes: Callable[[Path], Report] | None) -> Callable[[UUID, datetime], Summary]:
    def read(team_id: UUID, now: datetime) -> Summary:
        over = USAGE_SPREAD if path.parent.name == "usage" else DEFAULT_SPREAD
        told = on_bytes(path) if on_bytes else lambda _count: None
        return FileImport(team_id, path, now=now, on_bytes=told, shifted=True, over=over, suffix=SUFFIX).run()

    return read


def _fold(team_id: UUID, now: datetime) -> None:
    fold_all(team_id=team_id)
    lines.fold_all(now, team_id=team_id)


def _settle(team_id: UUID, now: datetime) -> None:
    _fold(team_id, now)
    build_all(team_id=team_id)


def _find(team_id: UUID, now: datetime) -> None:
    build_all(team_id=team_id)
    findings.build_all(team_id=team_id)


def _erase(team_id: UUID, now: datetime) -> None:
    check_removal(team_id)
    removal.erase_sample_executions(team_id, workflow_ids(team_id))


def _remove(team_id: UUID, now: datetime) -> None:
    digests = [digest_of(path) for path in files()]
    with team_context(team_id), transaction.atomic():
        about = removal.sample_workflows(team_id, workflow_ids(team_id))
        ports.forget_workflows(team_id, about.all)
        remove_costs(team_id, about.all, now)
        SourceSampling.objects.filter(team_id=team_id, workflow_id__in=about.all).delete()
        removal.remove_workflows(team_id, about, now)
        ImportRun.objects.filter(team_id=team_id, digest__in=digests).delete()
