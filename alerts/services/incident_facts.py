"""What an incident tells: its title, how bad it is, what failures share, samples, the page that answers.

Shape of `Incident.facts`: `how_bad`, `concentration` (empty: not looked at), `words` (of the reading), `href` (a path),
`sample_ids` (executions, latest first), `low`, `high` (the usual range), and of a dependency `dependency` (`evidence`).
They take a constant number of queries; the concentration is told right after that (`looking_into`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.urls import reverse

from accounts.models import Team
from alerts.analysis.catalogue import METRICS, Scope
from alerts.analysis.precedence import is_about_runs
from alerts.models import AlertRule, Incident
from alerts.reads.incident_samples import as_uuid, group_titles, latest_failed
from alerts.reads.subjects import Subject
from alerts.services.incident_pages import page_of
from alerts.wording import how_bad_words, title_words
from billing.reads.budgets import ids_by_name

# Of a batch only so many incidents get samples.
MOST_SAMPLED = 50


@dataclass(frozen=True, slots=True)
class Found:
    """What opens an incident, beside its rule: the reading as `services.incidents.Breach` has it."""

    rule: AlertRule
    value: float | None
    limit: float | None
    samples: int = 0
    low: float | None = None
    high: float | None = None
    words: str = ""
    execution_ids: Sequence[UUID] = ()


def describe(
    team: Team, pairs: Sequence[tuple[Incident, Found]], workflows: Mapping[UUID, Subject], now: datetime
) -> None:
    """Gives incidents that are about to open their title and facts; saving them is the caller's. Two queries."""
    groups = {one.id: as_uuid(one.value_text) for one, found in pairs if found.rule.metric.endswith("_group")}
    titles = group_titles(team.id, [id for id in groups.values() if id])
    named = [one.value_text for one, found in pairs if found.rule.scope == Scope.BUDGET]
    budgets = ids_by_name(team.id, named) if named else {}
    sampled = [one for one, found in pairs if one.workflow_id and is_about_runs(found.rule.metric)][:MOST_SAMPLED]
    earliest = min((one.since for one in sampled), default=now)
    latest = latest_failed(team.id, [one.workflow_id for one in sampled if one.workflow_id], earliest, now)
    for one, found in pairs:
        workflow = workflows.get(one.workflow_id) if one.workflow_id else None
        group = groups.get(one.id)
        scoped = titles.get(group, "") if group else one.value_text
        samples = found.execution_ids or (latest.get(one.workflow_id, ()) if one.workflow_id else ())
        one.title = title_words(found.rule.metric, found.value, workflow.name if workflow else "", scoped)
        one.facts = {
            "how_bad": _how_bad(found),
            "concentration": "",
            "words": found.words,
            "sample_ids": [str(id) for id in samples[:5]],
            "low": found.low,
            "high": found.high,
        }
        if found.rule.scope == Scope.BUDGET and one.value_text in budgets:
            one.facts["href"] = reverse("budget", args=[team.slug, budgets[one.value_text]])
        else:
            one.facts["href"] = page_of(team.slug, one, found.rule, workflow.slug if workflow else "")


def _how_bad(found: Found) -> str:
    figures = how_bad_words(found.rule, found.value, found.limit, found.samples, (found.low, found.high))
    metric = METRICS.get(found.rule.metric)
    # Where nothing is measured over a window, words say it better than figures.
    if found.words and (metric is None or not metric.has_window or not figures):
        return found.words
    return f"{figures}. {found.words}" if found.words else figures


def as_facts(**told: Any) -> dict[str, Any]:
    """Facts of an incident without a reading: one of a dependency."""
    return {"how_bad": "", "concentration": "", "words": "", "sample_ids": [], "href": "", **told}
