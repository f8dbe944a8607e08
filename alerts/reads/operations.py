"""What is going on now: executions at work, workflows that fail, what rules found stuck, missed or silent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Case, When

from accounts.statements import run_planned
from alerts.models import Incident
from alerts.reads.due_runs import DueRun, due_runs
from alerts.reads.incidents import Listed, listed
from alerts.reads.sources import SilentSources, silent_sources
from alerts.reads.usual_durations import UsualDuration, usual_durations
from monitoring.identity import NO_WORKFLOW
from monitoring.models import Grain
from monitoring.reads.labels import label_values
from monitoring.reads.rollup_rows import Segment, Slice, group_rows
from monitoring.reads.trends import Live, live
from monitoring.statuses import FAILING, Status
from monitoring.windows import MINUTE, ceil_to, floor_to

# What failed so lately fails now.
LATELY = timedelta(minutes=15)
MAX_ROWS = 20
# Rules of these metrics find what does not end, does not start, or does not report.
STANDING_STILL = ("stuck", "running_over", "queued")
MISSED = ("missed_schedule", "late", "last_success")
SILENT = ("source_silent",)


@dataclass(frozen=True, slots=True)
class Failing:
    """A workflow that failed in the last minutes."""

    name: str
    slug: str
    runs: int
    failures: int


@dataclass(frozen=True, slots=True)
class AtWork:
    """An execution that has not ended: since when (told start, else receipt), and when it was heard of last.

    `usual` is how long runs of its workflow usually take in its environment; None where too few are known.
    """

    id: UUID
    external_id: str
    status: Status
    workflow: str
    workflow_slug: str
    environment: str
    since: datetime
    heard_at: datetime
    usual: UsualDuration | None = None


@dataclass(frozen=True, slots=True)
class Operations:
    """The live picture. Lists have at most 20 rows, the worst first; `open_count` counts all open incidents.

    `due` has all runs that a schedule expects, `sources` None where nobody knows them.
    """

    live: Live
    at_work: Sequence[AtWork]
    failing: Sequence[Failing]
    incidents: Sequence[Listed]
    open_count: int
    still: Sequence[Listed]
    missed: Sequence[Listed]
    silent: Sequence[Listed]
    due: Sequence[DueRun]
    sources: SilentSources | None
    as_of: datetime

    @property
    def failures(self) -> int:
        """Failures of the last minutes in the workflows shown."""
        return sum(one.failures for one in self.failing)


# What runs comes before what is queued, that before what waits for a person.
_AT_WORK_FIRST = f"{{0}}.status <> {Status.RUNNING:d}, {{0}}.status"
_AT_WORK = f"""SELECT e.id, e.external_id, e.status, w.name, w.slug, e.environment_id,
        COALESCE(e.started_at, e.received_at), COALESCE(e.heard_at, e.received_at), e.workflow_id
    FROM workflow w CROSS JOIN LATERAL (
        SELECT * FROM execution x WHERE x.team_id = %(team)s AND x.workflow_id = w.id AND x.status IN (1, 2, 3)
        ORDER BY {_AT_WORK_FIRST.format("x")}, x.received_at, x.id LIMIT {MAX_ROWS}) e
    WHERE w.team_id = %(team)s ORDER BY {_AT_WORK_FIRST.format("e")}, 7, 1 LIMIT {MAX_ROWS}"""
_NEWS = f"""SELECT (SELECT count(*) FROM incident WHERE team_id = %(team)s AND opened_at > %(since)s AND muted_by = ''),
    (SELECT count(*) FROM (SELECT 1 FROM execution WHERE team_id = %(team)s AND counted_at > %(since)s
        AND status IN ({", ".join(str(status.value) for status in FAILING)}) LIMIT 1000) f)"""


def read(team_id: UUID, now: datetime) -> Operations:
    """Everything that the page shows, in a constant number of queries."""
    mine = Incident.objects.filter(team_id=team_id, resolved_at__isnull=True)
    mine = mine.select_related("rule", "parent", "acknowledged_by")
    by_rule = mine.filter(rule__metric__in=[*STANDING_STILL, *MISSED, *SILENT]).order_by("since", "id")
    special = listed(team_id, list(by_rule[: 3 * MAX_ROWS]))
    rank = Case(When(severity="critical", then=0), When(severity="warning", then=1), default=2)
    is_muted = Case(When(muted_by="", then=False), default=True)
    # `open` comes after `acknowledged` in the alphabet.
    lead = mine.exclude(muted_by="parent").annotate(rank=rank, is_muted=is_muted)
    lead = lead.order_by("-status", "is_muted", "rank", "-opened_at", "id")
    return Operations(
        live=live(team_id),
        at_work=_at_work(team_id, now),
        failing=_failing(team_id, now),
        incidents=listed(team_id, list(lead[:MAX_ROWS])),
        open_count=mine.count(),
        still=_of(special, STANDING_STILL),
        missed=_of(special, MISSED),
        silent=_of(special, SILENT),
        due=due_runs(team_id, now),
        sources=silent_sources(team_id, now),
        as_of=now,
    )


def news(team_id: UUID, since: datetime) -> tuple[int, int]:
    """Incidents that opened and executions that failed since a time. One query."""
    ((incidents, failures),) = run_planned(_NEWS, {"team": team_id, "since": since})
    return incidents, failures


def _of(found: Sequence[Listed], metrics: Sequence[str]) -> list[Listed]:
    return [one for one in found if one.incident.rule and one.incident.rule.metric in metrics][:MAX_ROWS]


def _at_work(team_id: UUID, now: datetime) -> list[AtWork]:
    rows = run_planned(_AT_WORK, {"team": team_id})
    names = label_values(team_id, [row[5] for row in rows])
    usual = usual_durations(team_id, {(row[8], row[5]) for row in rows}, now)
    return [
        AtWork(id, run, Status(status), name, slug, names.get(place, ""), since, heard, usual.get((workflow, place)))
        for id, run, status, name, slug, place, since, heard, workflow in rows
    ]


_WORKFLOWS = "SELECT id, name, slug FROM workflow WHERE team_id = %(team)s AND id = ANY(%(ids)s)"


def _failing(team_id: UUID, now: datetime) -> list[Failing]:
    part = Segment(Grain.MINUTE, floor_to(now - LATELY, MINUTE), ceil_to(now, MINUTE))
    sums = "sum(runs)::bigint, sum(failed + timed_out)::bigint"
    rows = group_rows(team_id, Slice(), [part], "workflow_id", sums, "sum(failed + timed_out) > 0")
    told = {row[0]: row[1:] for row in rows if row[0] != NO_WORKFLOW}
    names = run_planned(_WORKFLOWS, {"team": team_id, "ids": list(told)}) if told else []
    found = [Failing(name, slug, *told[id]) for id, name, slug in names]
    return sorted(found, key=lambda one: (-one.failures, one.name))[:MAX_ROWS]
