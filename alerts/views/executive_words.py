"""What the Executive page says in sentences and tables: what happened, where it is worst, what is being improved."""

from collections.abc import Sequence

from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

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
        *(Column(gettext_noop("Workflow")), Column(gettext_noop("Why"))),
        Column(gettext_noop("Success rate"), is_number=True, metric="success_rate"),
        Column("p95", is_number=True, metric="p95"),
        Column(gettext_noop("Failed runs"), is_number=True, metric="failures"),
    )
    bad = [one for one in found if one.verdict.kind in (Kind.NOT_STABLE, Kind.WATCH) or one.totals.failures]
    return Rows("worst", "", columns, [_worst(scope, one) for one in bad], _("No run failed in this range."))


def _worst(scope: Scope, one: Stand) -> Row:
    rate, p95 = one.objectives.success_rate, one.objectives.p95_ms
    tone = {"fail": "fail", "watch": "warn", "ok": "ok"}.get(one.verdict.tone, "")
    return [
        text(one.name, href=scope.href("trends", one.slug)),
        Cell(one.verdict.word, one.verdict.sentence, "", f"{one.verdict.word}. {one.verdict.sentence}", tone),
        number(
            rate_words(one.totals),
            one.totals.success_rate,
            sub=_("objective {value}").format(value=wording.plain_percent(rate.value)) if rate else "",
        ),
        number(
            ms_words(one.totals.duration_ms.p95),
            one.totals.duration_ms.p95,
            sub=_("objective {value}").format(value=wording.plain_duration_ms(p95.value)) if p95 else "",
        ),
        number(
            wording.count(one.totals.failures),
            one.totals.failures,
            sub=_("of {total}").format(total=wording.count(one.totals.runs)),
        ),
    ]


def improvement_rows(scope: Scope, found: Sequence[Improvement]) -> Rows:
    """Improvements that are planned, released or back, with what is expected and what was measured."""
    titles = (
        *(gettext_noop("Improvement"), gettext_noop("Workflow"), gettext_noop("Status")),
        *(gettext_noop("For"), gettext_noop("Expected"), gettext_noop("Measured")),
    )
    columns = tuple(Column(title) for title in titles)
    rows = [_improvement(scope, one) for one in found]
    return Rows("improvements", "", columns, rows, _("No improvement is open."))


def _improvement(scope: Scope, one: Improvement) -> Row:
    sign = STATUS_SIGNS[one.status]
    relative = (one.result or {}).get("relative")
    measured = _("not measured yet") if relative is None else wording.signed_change(relative)
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
    return format_html(_("in <bdi>{release}</bdi>"), release=one.release.name) if one.release else ""


def sentences(found: TeamFigures, now: Recovery, costs: MonthCosts) -> list[SafeString]:
    """What happened, in words: runs, incidents, money."""
    said = [*_of_runs(found), _of_incidents(now)]
    if not costs.is_idle:
        goal, _tone = budget_words(costs)
        told = _("Cost of {days}: <b>{cost}</b>, {budget}.")
        said.append(format_html(told, days=so_far_words(costs.period), cost=spent_words(costs), budget=goal))
    return said


def _of_runs(found: TeamFigures) -> list[SafeString]:
    if found.rate.found is not None:
        words = {
            1: _("<b>{rate}</b> of {count} finished runs succeeded, surely more than in the period before ({before})."),
            -1: _(
                "<b>{rate}</b> of {count} finished runs succeeded, surely fewer than in the period before ({before})."
            ),
        }
        alike = _("<b>{rate}</b> of {count} finished runs succeeded, about as many as in the period before ({before}).")
        told = {"rate": rate_words(found.now), "count": wording.count(found.now.rated)}
        before = wording.percent(found.rate.found.before)
        return [format_html(words.get(found.rate.found.direction, alike), **told, before=before)]
    if found.now.success_rate is None:
        return []
    told = {"rate": rate_words(found.now), "count": str(found.now.rated)}
    return [format_html(_("<b>{rate}</b> of {count} finished runs succeeded."), **told)]


def _of_incidents(now: Recovery) -> SafeString:
    if not (now.opened or now.open_at_end):
        return format_html("{}", _("No incident was open."))
    words = _("<b>{incidents}</b> opened.")
    if now.open_at_end and now.resolved:
        words = _("<b>{incidents}</b> opened, {open} still open; half of those resolved were over within {median}.")
    elif now.open_at_end:
        words = _("<b>{incidents}</b> opened, {open} still open.")
    elif now.resolved:
        words = _("<b>{incidents}</b> opened; half of those resolved were over within {median}.")
    opened = ngettext("{count} incident", "{count} incidents", now.opened).format(count=wording.count(now.opened))
    told = {"open": wording.count(now.open_at_end), "median": ms_words(now.median_ms)}
    return format_html(words, incidents=opened, **told)
