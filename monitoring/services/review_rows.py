"""The tables of the weekly review: one function a table, from the review to rows of cells."""

from datetime import UTC, datetime
from typing import Any

from django.urls import reverse

from accounts import formats
from monitoring import wording
from monitoring.analysis.difference import Reading
from monitoring.analysis.release_metrics import Compared
from monitoring.cells import Cell, Column, Row, Rows, number, text
from monitoring.models import ImprovementStatus
from monitoring.reads.findings import FindingRow
from monitoring.reads.review import WorkflowWeek
from monitoring.reads.review_events import GroupMoment, ImprovementMoment, LiveRelease
from monitoring.services.review import Review

WORKFLOW_COLUMNS = (
    Column("Workflow"),
    Column("Verdict"),
    *(Column(title, is_number=True) for title in ("Runs", "Success rate", "Week before", "Change, points", "p95")),
)
MOMENT_COLUMNS = (Column("What"), Column("Workflow"), Column("What happened"), Column("When"))
GROUP_COLUMNS = (Column("Failure group"), Column("Workflow"), Column("First seen"), Column("Failures", is_number=True))
RELEASE_COLUMNS = (
    *(Column("Release"), Column("Workflow"), Column("Live since")),
    *(Column(title, is_number=True) for title in ("Runs", "Success rate", "Change, points")),
)
FINDING_COLUMNS = (
    *(Column("Finding"), Column("Workflow"), Column("In the week")),
    *(Column(title, is_number=True) for title in ("Runs a week", "Cost a week", "Would be saved a week")),
)
COST_COLUMNS = (
    Column("Workflow"),
    *(Column(title, is_number=True) for title in ("Cost", "Week before", "Change", "Cost per successful run")),
    Column("Cost of failed runs", is_number=True),
)
_TONES = {Reading.WORSE: "fail", Reading.BETTER: "ok"}
_BECAME = {
    ImprovementStatus.RELEASED: ("Released", ""),
    ImprovementStatus.HELPED: ("Helped", "ok"),
    ImprovementStatus.NO_HELP: ("Did not help", ""),
    ImprovementStatus.REOPENED: ("Reopened", "fail"),
}


def worse_rows(slug: str, review: Review) -> Rows:
    """Workflows that got worse."""
    rows = [_workflow_row(slug, one) for one in review.worse]
    return Rows("worse", "", WORKFLOW_COLUMNS, rows, "No workflow is surely worse than in the week before.")


def better_rows(slug: str, review: Review) -> Rows:
    """Workflows that got better."""
    rows = [_workflow_row(slug, one) for one in review.better]
    return Rows("better", "", WORKFLOW_COLUMNS, rows, "No workflow is surely better than in the week before.")


def _workflow_row(slug: str, one: WorkflowWeek) -> Row:
    now, before = one.now.totals, one.before.totals
    p95 = now.duration_ms.p95
    return [
        _workflow(slug, one.slug, one.name),
        text(one.verdict.word),
        number(wording.count(now.runs), now.runs, sub=f"was {wording.count(before.runs)}"),
        number(wording.percent(now.success_rate), now.success_rate),
        number(wording.percent(before.success_rate), before.success_rate),
        _change(one.rate),
        number(
            wording.duration_ms(p95),
            p95,
            sub=f"was {wording.duration_ms(before.duration_ms.p95)}",
            tone=_TONES.get(one.p95.reading, "") if one.is_p95_counted else "",
        ),
    ]


def _change(rate: Compared) -> Cell:
    found = rate.found
    if found is None:
        return number(wording.NOT_TOLD, None)
    low, high = wording.percent_points(found.low), wording.percent_points(found.high)
    points = wording.percent_points(found.change)
    return number(points, found.change, sub=f"{low} to {high}", tone=_TONES.get(rate.reading, ""))


def missed_rows(slug: str, review: Review) -> Rows:
    """Missed schedules that are open now."""
    rows = [_finding_row(slug, one, review) for one in review.findings.missed]
    return Rows("missed", "", FINDING_COLUMNS, rows, "No schedule misses runs.")


def returned_rows(slug: str, review: Review) -> Rows:
    """Groups that failed again, then improvements that were reopened."""
    groups = [_group_moment(slug, one, "Failed again") for one in review.groups.returned]
    reopened = [one for one in review.improvements if one.status == ImprovementStatus.REOPENED]
    rows = [*groups, *(_improvement_row(slug, one) for one in reopened)]
    return Rows("returned", "", MOMENT_COLUMNS, rows, "Nothing that was resolved or had helped came back.")


def group_rows(slug: str, review: Review) -> Rows:
    """New failure groups."""
    rows = [
        [
            text(one.shown_title, href=reverse("failure_group", args=[slug, one.id])),
            _workflow(slug, one.workflow_slug or "", one.workflow or ""),
            _when(one.first_seen_at),
            number(wording.count(one.failures), one.failures),
        ]
        for one in review.groups.new
    ]
    return Rows("new-groups", "New in the week", GROUP_COLUMNS, rows, "No new failure group.")


def resolved_rows(slug: str, review: Review) -> Rows:
    """Failure groups that were resolved."""
    rows = [_group_moment(slug, one, "Resolved") for one in review.groups.resolved]
    return Rows("resolved-groups", "Resolved in the week", MOMENT_COLUMNS, rows, "No failure group was resolved.")


def _group_moment(slug: str, one: GroupMoment, word: str) -> Row:
    happened = f"{word} in {one.release}" if one.release else word
    return [
        text(one.title, sub="Failure group", href=reverse("failure_group", args=[slug, one.id])),
        _workflow(slug, one.workflow_slug, one.workflow),
        text(happened, tone="fail" if word == "Failed again" else "ok"),
        _when(one.at),
    ]


def improvement_rows(slug: str, review: Review) -> Rows:
    """What improvements became."""
    rows = [_improvement_row(slug, one) for one in review.improvements]
    return Rows("improvements", "", MOMENT_COLUMNS, rows, "No improvement was released or decided.")


def _improvement_row(slug: str, one: ImprovementMoment) -> Row:
    word, tone = _BECAME[one.status]
    happened = f"{word} in {one.release}" if one.release and one.status != ImprovementStatus.HELPED else word
    return [
        text(one.title, sub="Improvement", href=reverse("improvement", args=[slug, one.id])),
        _workflow(slug, one.workflow_slug, one.workflow),
        Cell(happened, _result(one.result), "", happened, tone),
        _when(one.at),
    ]


def _result(result: dict[str, Any] | None) -> str:
    """The relative change of what it was measured by, where it was measured."""
    relative = (result or {}).get("relative")
    return f"{wording.signed_change(relative)} of what it was for" if relative is not None else ""


def release_rows(slug: str, review: Review) -> Rows:
    """Releases that went live."""
    rows = [_release_row(slug, one) for one in review.releases]
    return Rows("releases", "", RELEASE_COLUMNS, rows, "No release went live.")


def _release_row(slug: str, one: LiveRelease) -> Row:
    release, totals, change = one.row.release, one.row.totals, one.row.change
    page = reverse("releases", args=[slug, one.workflow_slug]) if one.workflow_slug else ""
    before = f"after {one.row.previous}" if one.row.previous else "the first one known"
    found = number(wording.NOT_TOLD, None)
    if change is not None:
        interval = f"{wording.percent_points(change.low)} to {wording.percent_points(change.high)}"
        tone = {1: "ok", -1: "fail"}.get(change.direction, "")
        found = number(wording.percent_points(change.change), change.change, sub=interval, tone=tone)
    return [
        text(release.name, sub=before, href=page),
        _workflow(slug, one.workflow_slug, one.workflow),
        _when(release.live_at),
        number(wording.count(totals.runs), totals.runs),
        number(wording.percent(totals.success_rate), totals.success_rate),
        found,
    ]


def finding_rows(slug: str, review: Review) -> Rows:
    """Open findings, those worth most first."""
    rows = [_finding_row(slug, one, review) for one in review.findings.top]
    return Rows("findings", "Worth most now", FINDING_COLUMNS, rows, "No finding is open.")


def gone_rows(slug: str, review: Review) -> Rows:
    """Findings that are gone."""
    rows = [_finding_row(slug, one, review) for one in review.findings.gone]
    return Rows("gone-findings", "Gone in the week", FINDING_COLUMNS, rows, "No finding is gone.")


def _finding_row(slug: str, one: FindingRow, review: Review) -> Row:
    is_new = review.window.start <= one.found_at < review.window.end
    is_gone = one.gone_at is not None and review.window.start <= one.gone_at < review.window.end
    runs, money = one.executions_per_week, one.cost_per_week_usd
    return [
        text(one.title, sub=str(one.kind.label), href=reverse("finding", args=[slug, one.id])),
        _workflow(slug, one.workflow_slug, one.workflow),
        text("Gone" if is_gone else "New" if is_new else ""),
        number(wording.count(runs), runs),
        number("unknown" if money is None else wording.usd(money), money),
        number(wording.count(one.worth), one.worth),
    ]


def cost_rows(slug: str, review: Review) -> Rows:
    """Cost by workflow."""
    rows = [_cost_row(slug, one) for one in review.costly]
    return Rows("cost", "", COST_COLUMNS, rows, "Nobody told a cost or tokens.")


def _cost_row(slug: str, one: WorkflowWeek) -> Row:
    now, before = one.now.totals, one.before.totals
    unpriced = f"without {wording.tokens(now.unpriced_tokens)} tokens that have no price" if now.unpriced_tokens else ""
    relative = float(now.cost_usd / before.cost_usd) - 1 if now.cost_usd is not None and before.cost_usd else None
    waste = one.now.waste
    part = "" if waste.is_whole or waste.usd is None else f"{waste.priced} of {waste.failures} told a cost"
    return [
        _workflow(slug, one.slug, one.name),
        _usd(now.cost_usd, sub=unpriced),
        _usd(before.cost_usd),
        number("" if relative is None else wording.signed_change(relative), relative),
        _usd(now.cost_per_success_usd),
        _usd(waste.usd, sub=part),
    ]


def _usd(value: Any, *, sub: str = "") -> Cell:
    return number("unknown" if value is None else wording.usd(value), value, sub=sub)


def _workflow(slug: str, workflow_slug: str, name: str) -> Cell:
    return text(name or "not told", href=reverse("trends", args=[slug, workflow_slug]) if workflow_slug else "")


def _when(moment: datetime | None) -> Cell:
    """A time in UTC: page and e-mail show the same."""
    if moment is None:
        return text(wording.NOT_TOLD)
    at = moment.astimezone(UTC)
    return Cell(f"{formats.moment(at, year=False)} UTC", "", "", at.isoformat())
