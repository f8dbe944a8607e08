"""The tables of Operations: what runs beside its usual duration, fails, is due next, which sources are silent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from alerts.analysis.schedules import Schedule
from alerts.reads.due_runs import DueRun
from alerts.reads.operations import MAX_ROWS, AtWork, Failing, Operations
from monitoring import wording
from monitoring.cells import Cell, Column, Row, Rows, number, text
from monitoring.statuses import Status
from monitoring.templatetags.display import when_text

UNKNOWN = gettext_noop("unknown")
_MS = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class RunningRow:
    """An execution at work beside the usual duration of its workflow.

    `share` is how long it has been running out of the usual p95, at most 1 (None: not known, or it does not run);
    `tick` is the usual p50 on the same scale; `words` say the same.
    """

    run: AtWork
    elapsed_ms: float
    heard: str
    share: float | None
    tick: float | None
    words: str
    note: str
    tone: str


def running_rows(found: Operations) -> list[RunningRow]:
    """What is at work, in the order in which it began."""
    return [_running(one, found.as_of) for one in found.at_work]


def _running(one: AtWork, now: datetime) -> RunningRow:
    elapsed, heard = _ms(now - one.since), _ago(now - one.heard_at)
    if one.status is not Status.RUNNING:
        words = _("waits for a person") if one.status is Status.WAITING else _("not started")
        return RunningRow(one, elapsed, heard, None, None, words, "", "")
    if one.usual is None:
        note = _("fewer than 20 runs of 30 days told their duration")
        return RunningRow(one, elapsed, heard, None, None, _("usual duration unknown"), note, "")
    p50, p95 = one.usual.p50_ms, one.usual.p95_ms
    share = elapsed / p95
    note = _("half take up to {half}, 95% up to {most}").format(half=_length(p50), most=_length(p95))
    if share > 1:
        words, tone = _("{times} its usual p95").format(times=wording.times(share)), "fail"
    elif elapsed > p50:
        words, tone = _("longer than half of its runs"), ""
    else:
        words, tone = _("as usual so far"), ""
    return RunningRow(one, elapsed, heard, min(share, 1.0), p50 / p95, words, note, tone)


def _ms(length: timedelta) -> float:
    return max(length, timedelta(0)) / _MS


def _length(ms: float) -> str:
    return wording.duration_ms(ms)


def _ago(length: timedelta) -> str:
    return _("{length} ago").format(length=_length(_ms(length)))


def running_table(team: str, rows: Sequence[RunningRow]) -> Rows:
    """The same for an export: durations in milliseconds."""
    columns = tuple(
        Column(title)
        for title in (
            # Only an export has this table.
            *("Execution", "Workflow", "Environment", "Status", "Since", "Running for, ms", "Last report"),
            *("Usual p50, ms", "Usual p95, ms", "Share of the usual p95", "Link"),
        )
    )
    return Rows("running", "", columns, [_running_cells(team, one) for one in rows], "")


def _running_cells(team: str, row: RunningRow) -> Row:
    run, usual = row.run, row.run.usual
    values: list[Any] = [
        *(run.external_id, run.workflow, run.environment, run.status.word, _iso(run.since)),
        *(row.elapsed_ms, _iso(run.heard_at), usual.p50_ms if usual else None, usual.p95_ms if usual else None),
        *(row.share, reverse("replay", args=[team, run.id])),
    ]
    return [Cell(str(value), raw=value) for value in values]


def failing_table(team: str, failing: Sequence[Failing], recent: str) -> Rows:
    """Workflows that failed in the last minutes."""
    told = (
        *((gettext_noop("Failed"), "failures"), (gettext_noop("Runs"), "runs")),
        (gettext_noop("Share"), "failing_share"),
    )
    columns = (
        Column(gettext_noop("Workflow")),
        *(Column(title, is_number=True, metric=metric) for title, metric in told),
    )
    rows = [
        [
            text(one.name, href=f"{reverse('failures', args=[team, one.slug])}?{recent}"),
            number(wording.count(one.failures), one.failures),
            number(wording.count(one.runs), one.runs),
            number(wording.percent(one.failures / one.runs, 0), one.failures / one.runs),
        ]
        for one in failing
    ]
    return Rows("failing", "", columns, rows, _("No run failed in the last 15 minutes."))


def due_table(team: str, due: Sequence[DueRun], now: datetime) -> Rows:
    """Runs that schedules expect: the overdue ones, then those that are due next."""
    titles = (
        *(gettext_noop("Workflow"), gettext_noop("Due")),
        *(gettext_noop("Last start"), gettext_noop("Schedule")),
    )
    columns = tuple(Column(title) for title in titles)
    none = _("No workflow has a schedule. Reports may tell one, or set it on the page of the workflow's criteria.")
    return Rows("due", "", columns, [_due(team, one, now) for one in due], none)


def _due(team: str, one: DueRun, now: datetime) -> Row:
    return [
        text(
            one.workflow,
            href=reverse("trends", args=[team, one.workflow_slug]),
            sub=_("Sample data") if one.is_sample else "",
        ),
        _due_cell(one, now),
        Cell(_moment(one.last_at), "" if one.last_at is None else _ago(now - one.last_at), "", _iso(one.last_at)),
        text(schedule_words(one.schedule), sub=_("{length} of grace").format(length=_length(_ms(one.schedule.grace)))),
    ]


def _due_cell(one: DueRun, now: datetime) -> Cell:
    if one.is_overdue and one.missed.first is not None:
        more = _moment(one.missed.first)
        if one.missed.count > 1:
            starts = ngettext("{count} start missing", "{count} starts missing", one.missed.count)
            more = starts.format(count=wording.count(one.missed.count))
        late = _("Overdue by {length}").format(length=_length(_ms(now - one.missed.first)))
        return Cell(late, more, "", _iso(one.missed.first), "fail")
    if one.next_at is None:
        return text(_(UNKNOWN))
    away = _("now")
    if one.next_at > now:
        away = _("in {length}").format(length=_length(_ms(one.next_at - now)))
    return Cell(_moment(one.next_at), away, "", _iso(one.next_at))


def schedule_words(schedule: Schedule) -> str:
    """`0 6 * * * (Europe/Berlin)`, `every 1 h`."""
    if schedule.period is not None:
        return _("every {length}").format(length=_length(_ms(schedule.period)))
    return f"{schedule.cron} ({schedule.zone})"


def source_table(team: str, found: Operations) -> Rows:
    """Sources that are silent for longer than usual."""
    columns = tuple(
        Column(title) for title in (gettext_noop("Source"), gettext_noop("Last report"), gettext_noop("Usual silence"))
    )
    if found.sources is None:
        return Rows("sources", "", columns, [], _("Nothing is known of sources."))
    rows: list[Row] = [
        [
            text(one.name, href=reverse("source", args=[team, one.id])),
            Cell(
                _ago(found.as_of - one.last_report_at),
                _moment(one.last_report_at),
                "",
                _iso(one.last_report_at),
                "fail",
            ),
            Cell(_length(limit / _MS), raw=limit / _MS),
        ]
        for one, limit in found.sources.rows
    ]
    return Rows("sources", "", columns, rows, sources_words(found))


def sources_words(found: Operations) -> str:
    """What is said of sources where none is silent."""
    if found.sources is None or not (found.sources.others or found.sources.rows):
        return _("No source has reported yet.")
    unknown = found.sources.unknown
    if not unknown:
        return _("No source is silent for longer than usual.")
    told = ngettext(
        "No source is silent for longer than usual. Of {count} too little is known to say what is usual.",
        "No source is silent for longer than usual. Of {count} too little is known to say what is usual.",
        unknown,
    )
    return told.format(count=wording.count(unknown))


def shown(table: Rows) -> Rows:
    """The first rows of a table."""
    return table.first(MAX_ROWS)


def _moment(at: datetime | None) -> str:
    return _(UNKNOWN) if at is None else when_text(timezone.localtime(at))


def _iso(at: datetime | None) -> str | None:
    return None if at is None else at.astimezone(UTC).isoformat()
