"""What the failures of an incident have in common, told right after the incident opened.

Concentration reads records, so it is kept out of the transaction of the evaluation: it follows on its commit, for the
first incidents of a batch, bounded in time. Their notices wait for it, for a moment: where reading goes wrong, takes
long or is killed, they go without.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.db import connection, transaction

from accounts.tenancy import team_context
from alerts.analysis.notices import NoticeKind
from alerts.analysis.precedence import is_about_runs
from alerts.models import AlertDelivery, AlertDeliveryDue, AlertDeliveryStatus, Incident
from monitoring import wording
from monitoring.analysis.concentration import Reach
from monitoring.filters import ANY, Choice, Filters
from monitoring.models import Workflow
from monitoring.reads.concentration import Concentration, concentration
from monitoring.reads.kinds import title_of
from monitoring.reads.trends import totals
from monitoring.windows import Window, minute_floor

logger = logging.getLogger(__name__)

# Of a batch only so many incidents are looked into, each statement for so long at most.
MOST_LOOKED_INTO = 3
MOST_TIME_MS = 1500
LEAST_WINDOW = timedelta(minutes=15)
# Notices wait so long at most.
HELD_FOR = timedelta(seconds=5)


def look_into_soon(team_id: UUID, incidents: Sequence[Incident], now: datetime) -> dict[UUID, datetime]:
    """Looks into the first of these incidents once they are committed; until when the notices of these wait.

    Their rules must be loaded. No statement.
    """
    wanted = [one.id for one in incidents if one.workflow_id and one.rule and is_about_runs(one.rule.metric)]
    chosen = wanted[:MOST_LOOKED_INTO]
    if chosen:
        transaction.on_commit(partial(look_into, team_id, chosen, now), robust=True)
    return dict.fromkeys(chosen, now + HELD_FOR)


def look_into(team_id: UUID, incident_ids: Sequence[UUID], now: datetime) -> None:
    """Adds to incidents that opened at `now`, and to their notices, what their failures share; lets the notices go."""
    for id in incident_ids:
        try:
            with team_context(team_id), _at_most(MOST_TIME_MS):
                _look_into(team_id, id, now)
        except Exception:
            # An incident without this line is worth more than none.
            logger.exception("The concentration of incident %s could not be told", id)
    held = AlertDeliveryDue.objects.filter(team_id=team_id, incident_id__in=incident_ids, due_at=now + HELD_FOR)
    held.update(due_at=now)


def _look_into(team_id: UUID, incident_id: UUID, now: datetime) -> None:
    one = Incident.objects.select_related("rule").get(team_id=team_id, id=incident_id)
    text = concentration_line(team_id, one, now)
    if not text:
        return
    kept = Incident.objects.select_for_update(of=("self",)).get(team_id=team_id, id=incident_id)
    kept.facts = {**kept.facts, "concentration": text}
    kept.save(update_fields=["facts"])
    untried = AlertDelivery.objects.filter(
        team_id=team_id, incident_id=incident_id, status=AlertDeliveryStatus.WAITING, tries=0
    )
    told = list(untried.exclude(kind=NoticeKind.DIGEST).order_by("id"))
    for delivery in told:
        delivery.notice = {**delivery.notice, "concentration": text}
    AlertDelivery.objects.bulk_update(told, ["notice"])


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
