"""The top findings of a workflow as places to start on its Trends page."""

from collections.abc import Sequence
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

from monitoring.reads.findings import FindingRow, top_of
from monitoring.views.finding_words import row_of
from monitoring.views.shell import Scope
from monitoring.views.trends_parts import Lead


def finding_leads(scope: Scope) -> Sequence[Lead]:
    """The open findings that are worth most. They are of now: a range that ended before has none."""
    if scope.workflow is None or scope.window.to_text != "now":
        return []
    return [_lead(scope, one) for one in top_of(scope.team.id, scope.workflow, scope.environment)]


def findings_href(scope: Scope) -> str:
    """All findings of the workflow."""
    assert scope.workflow is not None
    pairs = [("workflow", scope.workflow.slug), *(("env", one) for one in scope.filters["env"].wanted)]
    return reverse("findings", args=[scope.team.slug]) + "?" + urlencode(pairs)


def _lead(scope: Scope, one: FindingRow) -> Lead:
    row = row_of(scope.team.slug, one)
    text = row.advice or _("{runs} runs a week are affected.").format(runs=row.runs)
    return Lead(one.title, _("{runs} runs a week").format(runs=row.worth), text, row.href)
