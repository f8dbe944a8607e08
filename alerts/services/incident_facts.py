"""What an incident tells: its title, how bad it is, what failures share, samples, the page that answers.

Shape of `Incident.facts`: `how_bad`, `concentration` (empty: not looked at), `words` (of the reading), `href` (a path),
`sample_ids` (executions, latest first), `low`, `high` (the usual range). Everything but the concentration takes a
constant number of queries. Concentration reads records: of the first incidents of a batch only, bounded in time, and
what goes wrong there never keeps an incident from opening.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection, transaction
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
from monitoring import wording
from monitoring.analysis.concentration import Reach
from monitoring.filters import ANY, Choice, Filters
from monitoring.models import Workflow
from monitoring.reads.concentration import Concentration, concentration
from monitoring.reads.kinds import title_of
from monitoring.reads.trends import totals
from monitoring.windows import Window, minute_floor

logger = logging.getLogger(__name__)

# Of a batch only so many incidents get samples, and fewer get their concentration, each within this time.
MOST_SAMPLED, MOST_LOOKED_INTO = 50, 3
MOST_TIME_MS = 1500
LEAST_WINDOW = timedelta(minutes=15)


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


def look_into(team_id: UUID, incidents: Sequence[Incident], now: datetime) -> list[Incident]:
    """Adds to the first of these what their failures have in common; those that got it. Their rules must be loaded."""
    wanted = [one for one in incidents if one.workflow_id and one.rule and is_about_runs(one.rule.metric)]
    done = []
    for one in wanted[:MOST_LOOKED_INTO]:
        try:
            with transaction.atomic(), _at_most(MOST_TIME_MS):
                text = concentration_line(team_id, one, now)
        except Exception:
            # An incident without this line is worth more than none.
            logger.exception("The concentration of incident %s could not be told", one.id)
            continue
        if text:
            one.facts = {**one.facts, "concentration": text}
            done.append(one)
    return done


@contextmanager
def _at_most(milliseconds: int) -> Iterator[None]:
    """Lets each statement of its body take so long at most."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        before = cursor.fetchone()[0]
        cursor.execute(f"SET LOCAL statement_timeout = {int(milliseconds)}")
        yield
        cursor.execute("SET LOCAL statement_timeout = %s", [before])


def concentration_line(team_id: UUID, one: Incident, now: datetime) -> str:
    """`90% of the failures share step charge_card and provider acme`; empty where there are too few."""
    if one.workflow_id is None:
        return ""
    workflow = Workflow.objects.get(team_id=team_id, id=one.workflow_id)
    length = timedelta(seconds=one.rule.window_s if one.rule else 0)
    start = min(one.since, now) - max(length, LEAST_WINDOW)
    window = Window(start, now, f"{start:%Y-%m-%dT%H:%MZ}", "now", minute_floor(now)).aligned()
    filters = Filters(window, {"env": Choice((one.environment or ANY,))})
    figures = totals(team_id, window, workflow_id=workflow.id, environment=one.environment or None, is_timed=False)
    found = concentration(team_id, workflow, filters, failures=figures.failures, runs=figures.runs)
    return shared_words(found)


def shared_words(found: Concentration) -> str:
    """What a concentration says, as one line of plain text."""
    answer = found.explanation
    if answer.reach is Reach.TOO_FEW or found.is_alone:
        return ""
    if answer.reach is Reach.SPREAD or not answer.parts:
        return "Not concentrated: failures are spread like all runs"
    part = answer.parts[0]
    values = [f"{title_of(name).lower()} {value or '(empty)'}" for name, value in part.combination]
    share = wording.percent(part.failures / answer.failures if answer.failures else None)
    return f"{share} of the failures share {' and '.join(values)}"[:300]


def as_facts(**told: Any) -> dict[str, Any]:
    """Facts of an incident without a reading: one of a failing dependency."""
    return {"how_bad": "", "concentration": "", "words": "", "sample_ids": [], "href": "", **told}
