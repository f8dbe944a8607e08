"""The tables of the weekly review: one function a table, from the review to rows of cells."""

from datetime import UTC, datetime
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

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
    Column(gettext_noop("Workflow")),
    Column(gettext_noop("Verdict")),
    Column(gettext_noop("Runs"), is_number=True),
    Column(gettext_noop("Success rate"), is_number=True),
    Column(gettext_noop("Week before"), is_number=True),
    Column(gettext_noop("Change, points"), is_number=True),
    Column("p95", is_number=True),
)
MOMENT_COLUMNS = (
    Column(gettext_noop("What")),
    Column(gettext_noop("Workflow")),
    Column(gettext_noop("What happened")),
    Column(gettext_noop("When")),
)
GROUP_COLUMNS = (
    Column(gettext_noop("Failure group")),
    Column(gettext_noop("Workflow")),
    Column(gettext_noop("First seen")),
    Column(gettext_noop("Failures"), is_number=True),
)
RELEASE_COLUMNS = (
    Column(gettext_noop("Release")),
    Column(gettext_noop("Workflow")),
    Column(gettext_noop("Live since")),
    Column(gettext_noop("Runs"), is_number=True),
    Column(gettext_noop("Success rate"), is_number=True),
    Column(gettext_noop("Change, points"), is_number=True),
)
FINDING_COLUMNS = (
    Column(gettext_noop("Finding")),
    Column(gettext_noop("Workflow")),
    Column(gettext_noop("In the week")),
    Column(gettext_noop("Runs a week"), is_number=True),
    Column(gettext_noop("Cost a week"), is_number=True),
    Column(gettext_noop("Would be saved a week"), is_number=True),
)
COST_COLUMNS = (
    Column(gettext_noop("Workflow")),
    Column(gettext_noop("Cost"), is_number=True),
    Column(gettext_noop("Week before"), is_number=True),
    Column(gettext_noop("Change"), is_number=True),
    Column(gettext_noop("Cost per successful run"), is_number=True),
    Column(gettext_noop("Cost of failed runs"), is_number=True),
)
_TONES = {Reading.WORSE: "fail", Reading.BETTER: "ok"}
# What became of an improvement, also with the release, and its tone.
_BECAME = {
    ImprovementStatus.RELEASED: (gettext_noop("Released"), gettext_noop("Released in {release}"), ""),
    ImprovementStatus.HELPED: (gettext_noop("Helped"), gettext_noop("Helped"), "ok"),
    ImprovementStatus.NO_HELP: (gettext_noop("Did not help"), gettext_noop("Did not help in {release}"), ""),
    ImprovementStatus.REOPENED: (gettext_noop("Reopened"), gettext_noop("Reopened in {release}"), "fail"),
}


def worse_rows(slug: str, review: Review) -> Rows:
    """Workflows that got worse."""
    rows = [_workflow_row(slug, one) for one in review.worse]
    return Rows("worse", "", WORKFLOW_COLUMNS, rows, _("No workflow is surely worse than in the week before."))


def better_rows(slug: str, review: Review) -> Rows:
    """Workflows that got better."""
    rows = [_workflow_row(slug, one) for one in review.better]
    return Rows("better", "", WORKFLOW_COLUMNS, rows, _("No workflow is surely better than in the week before."))


def _workflow_row(slug: str, one: WorkflowWeek) -> Row:
    now, before = one.now.totals, one.before.totals
    p95 = now.duration_ms.p95
    return [
        _workflow(slug, one.slug, one.name),
        text(one.verdict.word),
        number(wording.count(now.runs), now.runs, sub=_was(wording.count(before.runs))),
        number(wording.percent(now.success_rate), now.success_rate),
        number(wording.percent(before.success_rate), before.success_rate),
        _change(one.rate),
        number(
            wording.duration_ms(p95),
            p95,
            sub=_was(wording.duration_ms(before.duration_ms.p95)),
            tone=_TONES.get(one.p95.reading, "") if one.is_p95_counted else "",
        ),
    ]


def _was(words: str) -> str:
    return _("was {figure}").format(figure=words)


def _ends(low: float | None, high: float | None) -> str:
    """`−2.1 points to 0.3 points`."""
    return _("{low} to {high}").format(low=wording.percent_points(low), high=wording.percent_points(high))


def _change(rate: Compared) -> Cell:
    found = rate.found
    if found is None:
        return number(wording.not_told(), None)
    points = wording.percent_points(found.change)
    return number(points, found.change, sub=_ends(found.low, found.high), tone=_TONES.get(rate.reading, ""))


def missed_rows(slug: str, review: Review) -> Rows:
    """Missed schedules that are open now."""
    rows = [_finding_row(slug, one, review) for one in review.findings.missed]
    return Rows("missed", "", FINDING_COLUMNS, rows, _("No schedule misses runs."))


def returned_rows(slug: str, review: Review) -> Rows:
    """Groups that failed again, then improvements that were reopened."""
    texts = _("Failed again"), _("Failed again in {release}")
    groups = [_group_moment(slug, one, texts, "fail") for one in review.groups.returned]
    reopened = [one for one in review.improvements if one.status == ImprovementStatus.REOPENED]
    rows = [*groups, *(_improvement_row(slug, one) for one in reopened)]
    return Rows("returned", "", MOMENT_COLUMNS, rows, _("Nothing that was resolved or had helped came back."))


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
    return Rows("new-groups", _("New in the week"), GROUP_COLUMNS, rows, _("No new failure group."))


def resolved_rows(slug: str, review: Review) -> Rows:
    """Failure groups that were resolved."""
    texts = _("Resolved"), _("Resolved in {release}")
    rows = [_group_moment(slug, one, texts, "ok") for one in review.groups.resolved]
    title, none = _("Resolved in the week"), _("No failure group was resolved.")
    return Rows("resolved-groups", title, MOMENT_COLUMNS, rows, none)


def _group_moment(slug: str, one: GroupMoment, texts: tuple[str, str], tone: str) -> Row:
    """What happened to a group; `texts` say it without and with a release."""
    happened = texts[1].format(release=one.release) if one.release else texts[0]
    return [
        text(one.title, sub=_("Failure group"), href=reverse("failure_group", args=[slug, one.id])),
        _workflow(slug, one.workflow_slug, one.workflow),
        text(happened, tone=tone),
        _when(one.at),
    ]


def improvement_rows(slug: str, review: Review) -> Rows:
    """What improvements became."""
    rows = [_improvement_row(slug, one) for one in review.improvements]
    return Rows("improvements", "", MOMENT_COLUMNS, rows, _("No improvement was released or decided."))


def _improvement_row(slug: str, one: ImprovementMoment) -> Row:
    word, in_release, tone = _BECAME[one.status]
    happened = _(in_release).format(release=one.release) if one.release else _(word)
    return [
        text(one.title, sub=_("Improvement"), href=reverse("improvement", args=[slug, one.id])),
        _workflow(slug, one.workflow_slug, one.workflow),
        Cell(happened, _result(one.result), "", happened, tone),
        _when(one.at),
    ]


def _result(result: dict[str, Any] | None) -> str:
    """The relative change of what it was measured by, where it was measured."""
    relative = (result or {}).get("relative")
    if relative is None:
        return ""
    return _("{change} of what it was for").format(change=wording.signed_change(relative))


def release_rows(slug: str, review: Review) -> Rows:
    """Releases that went live."""
    rows = [_release_row(slug, one) for one in review.releases]
    return Rows("releases", "", RELEASE_COLUMNS, rows, _("No release went live."))


def _release_row(slug: str, one: LiveRelease) -> Row:
    release, totals, change = one.row.release, one.row.totals, one.row.change
    page = reverse("releases", args=[slug, one.workflow_slug]) if one.workflow_slug else ""
    before = _("the first one known")
    if one.row.previous:
        before = _("after {release}").format(release=one.row.previous)
    found = number(wording.not_told(), None)
    if change is not None:
        interval = _ends(change.low, change.high)
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
    return Rows("findings", _("Worth most now"), FINDING_COLUMNS, rows, _("No finding is open."))


def gone_rows(slug: str, review: Review) -> Rows:
    """Findings that are gone."""
    rows = [_finding_row(slug, one, review) for one in review.findings.gone]
    return Rows("gone-findings", _("Gone in the week"), FINDING_COLUMNS, rows, _("No finding is gone."))


def _finding_row(slug: str, one: FindingRow, review: Review) -> Row:
    is_new = review.window.start <= one.found_at < review.window.end
    is_gone = one.gone_at is not None and review.window.start <= one.gone_at < review.window.end
    runs, money = one.executions_per_week, one.cost_per_week_usd
    return [
        text(one.title, sub=str(one.kind.label), href=reverse("finding", args=[slug, one.id])),
        _workflow(slug, one.workflow_slug, one.workflow),
        text(_("Gone") if is_gone else _("New") if is_new else ""),
        number(wording.count(runs), runs),
        number(_("unknown") if money is None else wording.usd(money), money),
        number(wording.count(one.worth), one.worth),
    ]


def cost_rows(slug: str, review: Review) -> Rows:
    """Cost by workflow."""
    rows = [_cost_row(slug, one) for one in review.costly]
    return Rows("cost", "", COST_COLUMNS, rows, _("Nobody told a cost or tokens."))


def _cost_row(slug: str, one: WorkflowWeek) -> Row:
    now, before = one.now.totals, one.before.totals
    unpriced = part = ""
    if now.unpriced_tokens:
        unpriced = _("without {count} tokens that have no price").format(count=wording.tokens(now.unpriced_tokens))
    relative = float(now.cost_usd / before.cost_usd) - 1 if now.cost_usd is not None and before.cost_usd else None
    waste = one.now.waste
    if not waste.is_whole and waste.usd is not None:
        part = _("{told} of {count} told a cost").format(told=waste.priced, count=waste.failures)
    return [
        _workflow(slug, one.slug, one.name),
        _usd(now.cost_usd, sub=unpriced),
        _usd(before.cost_usd),
        number("" if relative is None else wording.signed_change(relative), relative),
        _usd(now.cost_per_success_usd),
        _usd(waste.usd, sub=part),
    ]


def _usd(value: Any, *, sub: str = "") -> Cell:
    return number(_("unknown") if value is None else wording.usd(value), value, sub=sub)


def _workflow(slug: str, workflow_slug: str, name: str) -> Cell:
    return text(name or wording.not_told(), href=reverse("trends", args=[slug, workflow_slug]) if workflow_slug else "")


def _when(moment: datetime | None) -> Cell:
    """A time in UTC: page and e-mail show the same."""
    if moment is None:
        return text(wording.not_told())
    at = moment.astimezone(UTC)
    return Cell(f"{formats.moment(at, year=False)} UTC", "", "", at.isoformat())
