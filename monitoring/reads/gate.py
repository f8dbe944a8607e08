"""The figures that the gate decides by: the runs of a release, and those of the release before at comparable times.

A release that runs beside the one before is compared with it in the same time. One that has replaced it is compared
with the same hours of the week before, and where the one before was not live then, with its last seven days. Counts
come from rollups by release, as on pages.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from monitoring.analysis.gate import Check, Limits, Outcome, Runs, decide
from monitoring.models import Dimension, Workflow
from monitoring.reads.environments import environments_of
from monitoring.reads.figures import Totals
from monitoring.reads.releases import KnownRelease, rate_counts, release_before, release_named
from monitoring.reads.rollup_rows import Pending, pending
from monitoring.reads.trends import totals
from monitoring.windows import Window, minute_floor

WEEK = timedelta(days=7)
# Of a release that is live for longer, the first part.
LONGEST = timedelta(days=30)
# Fewer runs of the release before are what was still under way when it was replaced, no traffic beside the new one.
MIN_BESIDE = 20
BESIDE_SHARE = 0.5
# Seconds after which to ask again.
SOONEST, LATEST, USUAL = 10, 300, 30
# How many environments a reason names.
MOST_NAMED = 10
NO_BASELINE = "there is no release before it to compare with; say max_failure_rate to have a limit"


class Against(StrEnum):
    """With which runs of the release before it is compared; the value is also what the API says."""

    SIDE_BY_SIDE = "side by side"
    WEEK_BEFORE = "same hours of the week before"
    LAST_WEEK = "its last seven days"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a pipeline asks: a release, against which (None: the one before), in one environment (None: all), for how
    many hours after it went live (None: as long as it is), and the limits."""

    release: str
    baseline: str | None = None
    environment: str | None = None
    hours: float | None = None
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer with its checks and what it rests on.

    `retry_after` is in how many seconds to ask again; None where asking again changes nothing. `reason` says why there
    is nothing to check.
    """

    outcome: Outcome
    checks: list[Check]
    asked: Asked
    workflow: str
    baseline: str | None
    against: Against
    window: Window | None
    baseline_window: Window | None
    release_runs: Runs
    baseline_runs: Runs
    retry_after: int | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _Reader:
    team_id: UUID
    workflow_id: UUID
    environment: str | None
    marked: Pending

    def read(self, release: KnownRelease, window: Window) -> Runs:
        found = totals(
            self.team_id,
            window,
            workflow_id=self.workflow_id,
            environment=self.environment,
            dimension=Dimension.RELEASE,
            value_id=release.name_id,
            marked=self.marked,
        )
        return runs_of(found)


def runs_of(found: Totals) -> Runs:
    """Failures and rated runs as the success rate counts them."""
    succeeded, rated = rate_counts(found)
    return Runs(rated - succeeded, rated, found.histogram)


def ask_gate(team_id: UUID, workflow: Workflow, asked: Asked, now: datetime) -> Answer:
    """The answer at an instant. Raises `LookupError` where a named baseline is no release of the workflow."""
    release = release_named(team_id, workflow.id, asked.release)
    baseline = release_named(team_id, workflow.id, asked.baseline) if asked.baseline else None
    if asked.baseline and baseline is None:
        raise LookupError(asked.baseline)
    if release is None or release.live_at is None or release.live_at > now:
        why = "nobody announced this release and no execution with it was seen yet"
        why = why if release is None else "it is not live yet"
        return _nothing(workflow, asked, _joined(why, environment_reason(team_id, workflow, asked.environment)))
    baseline = baseline or release_before(team_id, release)
    reader = _Reader(team_id, workflow.id, asked.environment, pending(team_id))
    length = min(timedelta(hours=asked.hours) if asked.hours else LONGEST, LONGEST)
    window = _window(release.live_at, min(now, release.live_at + length), now)
    runs = reader.read(release, window)
    against, other, own = _baseline_runs(reader, baseline, release.live_at, window, runs, now)
    outcome, checks = decide(runs, own if baseline else None, asked.limits)
    is_over = now >= release.live_at + length
    where = "" if runs.rated or own.rated else environment_reason(team_id, workflow, asked.environment)
    return Answer(
        outcome,
        checks,
        asked,
        workflow.slug,
        baseline.name if baseline else None,
        against,
        window,
        other,
        runs,
        own,
        None if is_over else _retry_after(outcome, checks, runs, now - release.live_at),
        _joined(where, "" if checks else NO_BASELINE),
    )


def environment_reason(team_id: UUID, workflow: Workflow, environment: str | None) -> str:
    """Why nothing can be found in an environment: the workflow has no run there; empty where it has. One query."""
    known = environments_of(team_id, workflow.id) if environment is not None else []
    if environment is None or environment in known:
        return ""
    more = f" and {len(known) - MOST_NAMED} more" if len(known) > MOST_NAMED else ""
    told = f"it has runs in {', '.join(known[:MOST_NAMED])}{more}" if known else "it has none anywhere yet"
    return f"{workflow.name} has no runs in the environment {environment}; {told}"


def _joined(*reasons: str) -> str:
    return "; ".join(reason for reason in reasons if reason)


def _window(start: datetime, end: datetime, now: datetime) -> Window:
    return Window(start, max(end, start + timedelta(minutes=1)), minutes_from=minute_floor(now)).aligned()


def _baseline_runs(
    reader: _Reader, baseline: KnownRelease | None, live_at: datetime, window: Window, runs: Runs, now: datetime
) -> tuple[Against, Window | None, Runs]:
    """The runs to compare with: the first of the three kinds that has enough of them, else the last kind."""
    if baseline is None:
        return Against.NOTHING, None, Runs()
    beside = reader.read(baseline, window)
    if beside.rated >= max(MIN_BESIDE, BESIDE_SHARE * runs.rated):
        return Against.SIDE_BY_SIDE, window, beside
    earlier = _window(window.start - WEEK, window.end - WEEK, now)
    same = reader.read(baseline, earlier)
    if same.rated >= max(MIN_BESIDE, BESIDE_SHARE * runs.rated):
        return Against.WEEK_BEFORE, earlier, same
    last = _window(live_at - WEEK, live_at, now)
    return Against.LAST_WEEK, last, reader.read(baseline, last)


def _retry_after(outcome: Outcome, checks: list[Check], runs: Runs, passed: timedelta) -> int | None:
    """When so many runs more are there, at the pace so far."""
    if outcome != Outcome.UNDECIDED:
        return None
    more = max((check.more or 0 for check in checks), default=0)
    if not more or not runs.rated:
        return USUAL
    return round(min(max(more * passed.total_seconds() / runs.rated, SOONEST), LATEST))


def _nothing(workflow: Workflow, asked: Asked, reason: str) -> Answer:
    outcome, nothing = Outcome.UNDECIDED, Against.NOTHING
    return Answer(outcome, [], asked, workflow.slug, asked.baseline, nothing, None, None, Runs(), Runs(), USUAL, reason)
