"""Success criteria in words: how far a check has come, who did not meet which."""

from collections.abc import Sequence

from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

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
    if not criteria:
        return _("Set success criteria")
    count = len(criteria)
    return ngettext("{count} success criterion", "{count} success criteria", count).format(count=count)


def progress_words(progress: Progress | None, *, running_only: bool = False) -> str:
    """How far the last check of executions has come; empty where there never was one (or none runs)."""
    if progress is None or (running_only and progress.finished_at):
        return ""
    if progress.finished_at:
        at = progress.finished_at
        return ngettext(
            "{count} execution since {start} checked, {ago}.",
            "{count} executions since {start} checked, {ago}.",
            progress.checked,
        ).format(
            count=wording.count(progress.checked),
            start=when_text(progress.since),
            ago=wording.ago(at, timezone.now()) or _("on {time}").format(time=when_text(at)),
        )
    if progress.total is None:
        return _("The executions of the last 30 days are checked in a few seconds.")
    total = max(progress.total, progress.checked)
    words = ngettext("{done} of {total} execution checked.", "{done} of {total} executions checked.", total)
    return words.format(done=wording.count(progress.checked), total=wording.count(total))


def unmet_sentence(page: TrendsPage) -> list[SafeString]:
    """`12 of 80 succeeded runs did not meet "Has a number".`; with several criteria those that are missed most."""
    totals, told = page.totals, page.criteria
    if not (told.criteria and totals.unmet):
        return []
    ranked = sorted((one for one in told.criteria if told.unmet.get(one.id)), key=lambda one: -told.unmet[one.id])
    counts = {"unmet": wording.count(totals.unmet), "succeeded": wording.count(totals.succeeded)}
    if len(told.criteria) == 1:
        text = _("<b>{unmet} of {succeeded} succeeded runs</b> did not meet “{name}”.")
        return [format_html(text, **counts, name=told.criteria[0].name)]
    if not ranked:
        text = _("<b>{unmet} of {succeeded} succeeded runs</b> did not meet a success criterion.")
        return [format_html(text, **counts)]
    one_of = _("“{name}” ({count} of the latest {most})") if totals.unmet > MAX_COUNTED else _("“{name}” ({count})")
    most = wording.count(MAX_COUNTED)
    named = [{"name": one.name, "count": wording.count(told.unmet[one.id]), "most": most} for one in ranked[:MAX_NAMED]]
    criteria = format_html_join(", ", one_of, named)
    if len(ranked) <= MAX_NAMED:
        text = _("<b>{unmet} of {succeeded} succeeded runs</b> did not meet {criteria}.")
        return [format_html(text, **counts, criteria=criteria)]
    text = _("<b>{unmet} of {succeeded} succeeded runs</b> did not meet {criteria}, and {more} more.")
    return [format_html(text, **counts, criteria=criteria, more=len(ranked) - MAX_NAMED)]
