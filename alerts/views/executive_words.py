"""What the Executive page says in sentences and tables: what happened, where it is worst, what is being improved."""

from collections.abc import Sequence

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from alerts.reads.recovery import Recovery
from alerts.views.executive_figures import budget_words, ms_words, rate_words, spent_words
from billing.reads.month_costs import MonthCosts
from billing.views.words import so_far_words
from monitoring import wording
from monitoring.analysis.verdict import Kind
from monitoring.cells import Cell, Column, Row, Rows, number, text
from monitoring.models import Improvement
from monitoring.reads.team_figures import Stand, TeamFigures
from monitoring.views.improvement_words import STATUS_SIGNS, expected_words, missing_words, row_words
from monitoring.views.shell import Scope


def worst_rows(scope: Scope, found: Sequence[Stand]) -> Rows:
    """Workflows that are not stable, to be watched, or failed, worst first."""
    columns = (
        *(Column("Workflow"), Column("Why")),
        Column("Success rate", is_number=True, metric="success_rate"),
        Column("p95", is_number=True, metric="p95"),
        Column("Failed runs", is_number=True, metric="failures"),
    )
    bad = [one for one in found if one.verdict.kind in (Kind.NOT_STABLE, Kind.WATCH) or one.totals.failures]
    return Rows("worst", "", columns, [_worst(scope, one) for one in bad], "No run failed in this range.")


def _worst(scope: Scope, one: Stand) -> Row:
    rate, p95 = one.objectives.success_rate, one.objectives.p95_ms
    tone = {"fail": "fail", "watch": "warn", "ok": "ok"}.get(one.verdict.tone, "")
    return [
        text(one.name, href=scope.href("trends", one.slug)),
        Cell(one.verdict.word, one.verdict.sentence, "", f"{one.verdict.word}. {one.verdict.sentence}", tone),
        number(
            rate_words(one.totals),
            one.totals.success_rate,
            sub=f"objective {wording.plain_percent(rate.value)}" if rate else "",
        ),
        number(
            ms_words(one.totals.duration_ms.p95),
            one.totals.duration_ms.p95,
            sub=f"objective {wording.plain_duration_ms(p95.value)}" if p95 else "",
        ),
        number(wording.count(one.totals.failures), one.totals.failures, sub=f"of {wording.count(one.totals.runs)}"),
    ]


def improvement_rows(scope: Scope, found: Sequence[Improvement]) -> Rows:
    """Improvements that are planned, released or back, with what is expected and what was measured."""
    columns = tuple(Column(title) for title in ("Improvement", "Workflow", "Status", "For", "Expected", "Measured"))
    rows = [_improvement(scope, one) for one in found]
    return Rows("improvements", "", columns, rows, "No improvement is open.")


def _improvement(scope: Scope, one: Improvement) -> Row:
    sign = STATUS_SIGNS[one.status]
    relative = (one.result or {}).get("relative")
    measured = "not measured yet" if relative is None else wording.signed_change(relative)
    figures = "; ".join(part for part in (row_words(one.metric, one.result), missing_words(one.result)) if part)
    return [
        text(one.title, href=reverse("improvement", args=[scope.team.slug, one.id])),
        text(one.workflow.name),
        Cell(sign.word, _release(one), "", str(one.status), sign.tone),
        text(str(one.get_metric_display())),
        Cell(expected_words(one.expected_change), "", "", one.expected_change),
        Cell(measured, figures, "", relative),
    ]


def _release(one: Improvement) -> str:
    return format_html("in <bdi>{}</bdi>", one.release.name) if one.release else ""


def sentences(found: TeamFigures, now: Recovery, costs: MonthCosts) -> list[SafeString]:
    """What happened, in words: runs, incidents, money."""
    said = []
    if found.rate.found is not None:
        moved = {1: "surely more than", -1: "surely fewer than"}.get(found.rate.found.direction, "about as many as")
        said.append(
            format_html(
                "<b>{}</b> of {} finished runs succeeded, {} in the period before ({}).",
                *(
                    rate_words(found.now),
                    wording.count(found.now.rated),
                    moved,
                    wording.percent(found.rate.found.before),
                ),
            )
        )
    elif found.now.success_rate is not None:
        said.append(format_html("<b>{}</b> of {} finished runs succeeded.", rate_words(found.now), found.now.rated))
    if now.opened or now.open_at_end:
        still = f", {wording.count(now.open_at_end)} still open" if now.open_at_end else ""
        median = f"; half of those resolved were over within {ms_words(now.median_ms)}" if now.resolved else ""
        said.append(format_html("<b>{}</b> opened{}{}.", _many(now.opened, "incident"), still, median))
    else:
        said.append(format_html("{}", "No incident was open."))
    if not costs.is_idle:
        goal, _ = budget_words(costs)
        said.append(format_html("Cost of {}: <b>{}</b>, {}.", so_far_words(costs.period), spent_words(costs), goal))
    return said


def _many(count: int, noun: str) -> str:
    return f"{wording.count(count)} {noun}{'' if count == 1 else 's'}"
