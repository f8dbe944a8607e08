"""Success criteria in words: how far a check has come, who did not meet which."""

from collections.abc import Sequence

from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from monitoring import wording
from monitoring.analysis.criteria import Criterion
from monitoring.reads.criteria import MAX_COUNTED, Progress
from monitoring.reads.trends_page import TrendsPage
from monitoring.templatetags.display import when_text
from monitoring.views.shell import Scope

MAX_NAMED = 3


def criteria_href(scope: Scope) -> str:
    """The page of the criteria of the scope's workflow."""
    return reverse("criteria", args=[scope.team.slug, scope.workflow.slug if scope.workflow else ""])


def criteria_words(criteria: Sequence[Criterion]) -> str:
    """What the link to that page says: `2 success criteria`."""
    count = len(criteria)
    return f"{count} success {'criterion' if count == 1 else 'criteria'}" if count else "Set success criteria"


def progress_words(progress: Progress | None, *, running_only: bool = False) -> str:
    """How far the last check of executions has come; empty where there never was one (or none runs)."""
    if progress is None or (running_only and progress.finished_at):
        return ""
    if progress.finished_at:
        ago = wording.ago(progress.finished_at, timezone.now()) or f"on {when_text(progress.finished_at)}"
        number, noun = wording.count(progress.checked), "execution" if progress.checked == 1 else "executions"
        return f"{number} {noun} since {when_text(progress.since)} checked, {ago}."
    if progress.total is None:
        return "The executions of the last 30 days are checked in a few seconds."
    done, total = wording.count(progress.checked), wording.count(max(progress.total, progress.checked))
    return f"{done} of {total} executions checked."


def unmet_sentence(page: TrendsPage) -> list[SafeString]:
    """`12 of 80 succeeded runs did not meet "Has a number".`; with several criteria those that are missed most."""
    totals, told = page.totals, page.criteria
    if not (told.criteria and totals.unmet):
        return []
    ranked = sorted((one for one in told.criteria if told.unmet.get(one.id)), key=lambda one: -told.unmet[one.id])
    start = format_html(
        "<b>{} of {} succeeded runs</b> did not meet ", wording.count(totals.unmet), wording.count(totals.succeeded)
    )
    if len(told.criteria) == 1:
        return [format_html("{}“{}”.", start, told.criteria[0].name)]
    if not ranked:
        return [format_html("{}a success criterion.", start)]
    of = f" of the latest {wording.count(MAX_COUNTED)}" if totals.unmet > MAX_COUNTED else ""
    named = [(one.name, wording.count(told.unmet[one.id]), of) for one in ranked[:MAX_NAMED]]
    more = f", and {len(ranked) - MAX_NAMED} more" if len(ranked) > MAX_NAMED else ""
    return [format_html("{}{}{}.", start, format_html_join(", ", "“{}” ({}{})", named), more)]
