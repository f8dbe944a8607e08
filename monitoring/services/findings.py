"""Looks at workflows that are due for findings, and keeps what it finds.

What is to be done stands in `finding_due`. One workflow is looked at in one transaction, which also ends its claim: a
worker that is killed leaves nothing half done, and the entry is due again when its lease ends.
"""

import logging
import time
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import Error
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import override

from accounts.tenancy import team_context
from monitoring.analysis import finding_costs, finding_failures
from monitoring.analysis.finding_life import Life, Seen, look
from monitoring.analysis.finding_triggers import badly_started
from monitoring.analysis.findings import Candidate, ranked
from monitoring.analysis.visits import SUCCEEDED, Visit, tries_of
from monitoring.identity import derive_uuid
from monitoring.models import Finding, FindingStatus, Workflow
from monitoring.reads.finding_facts import Facts, load
from monitoring.reads.labels import label_values
from monitoring.services.finding_advice import advice_for
from monitoring.store import finding_queue
from monitoring.store.finding_queue import Claim

logger = logging.getLogger(__name__)

# A task begins no further workflow after this, in seconds.
TASK_SECONDS = 20.0
# At most so many findings of a workflow are kept at a time, those worth most: more than a team works on.
MOST = 30
MAX_TITLE = 300
# A failure group belongs to a finding when it has at least this share of the failures at its step.
GROUP_SHARE = 0.8


def build_due(now: datetime, *, seconds: float = TASK_SECONDS) -> int:
    """Looks at what is due for about so many seconds; how many workflows were looked at."""
    began, count = time.monotonic(), 0
    while time.monotonic() - began < seconds and (one := finding_queue.claim(now)):
        try:
            build(one, now)
        except (Error, ArithmeticError, LookupError, TypeError, ValueError):
            # Whatever was sent must not stop the queue: it is told, and tried again later.
            logger.exception("a workflow could not be looked at", extra={"workflow_id": str(one.whose.workflow_id)})
            finding_queue.put_off(one, now)
        count += 1
    return count


def build_all(now: datetime | None = None, *, team_id: UUID | None = None) -> int:
    """Looks at every workflow that has an entry, once, due or not: for imports and tests."""
    now, seen = now or timezone.now(), set[Claim]()
    while (one := finding_queue.claim(now, team_id=team_id, is_whole=True)) and one not in seen:
        build(one, now)
        seen.add(one)
    if one is not None:
        with team_context(one.team_id):
            finding_queue.finish(one, now, has_runs=True)
    return len(seen)


def build(one: Claim, now: datetime) -> None:
    """Looks at one workflow in one environment, keeps what is found, and ends the claim.

    What is kept is read in any language: its words are English.
    """
    with override("en"), team_context(one.team_id):
        workflow = Workflow.objects.filter(id=one.whose.workflow_id).first()
        environment = label_values(one.team_id, [one.whose.environment_id]).get(one.whose.environment_id)
        has_runs = False
        if workflow is not None and environment is not None:
            facts = load(one.team_id, workflow, environment, now)
            has_runs = bool(facts.totals.runs)
            _keep(one, workflow, find(facts), facts, now)
        finding_queue.finish(one, now, has_runs=has_runs)


def find(facts: Facts) -> list[Candidate]:
    """The findings that the facts show, those worth most first."""
    span, failures, money = facts.span, facts.totals.failures, facts.money
    concentrated = finding_failures.concentrated(facts.failed, failures, span, money, facts.names)
    causes = finding_failures.caused(facts.causes, facts.diagnosed, failures, span, money)
    average = facts.totals.duration_ms.avg
    split = facts.split.split if facts.split else None
    found = [
        *finding_failures.told_once(concentrated, causes),
        *finding_failures.diverged(facts.paths, facts.diagnosed, failures, span, money),
        *finding_costs.long_tail(facts.tail, split, facts.slow, span),
        *finding_costs.wasted(facts.spending, span, facts.course),
        *finding_costs.expensive(facts.expensive, facts.spending, span, facts.names),
        *finding_costs.retried(_retried(facts), average, span),
        *badly_started(facts.triggers, facts.trigger_span, facts.spending.average_usd),
    ]
    return ranked(found)[:MOST]


def _retried(facts: Facts) -> list[finding_costs.Retried]:
    """Retries by node, and those of whole executions."""
    by_node: dict[str, list[Visit]] = {}
    for visit in facts.sample.visits:
        by_node.setdefault(visit.node, []).append(visit)
    rows = [
        _of_node(node, visits, facts.sample.visit_rate)
        for node, visits in sorted(by_node.items())
        if node and any(visit.attempt > 1 for visit in visits)
    ]
    if facts.attempts:
        whole = _of_node("", facts.attempts, 1)
        first_tries = facts.totals.runs - sum(one.attempt > 1 for one in facts.attempts)
        rows.append(_with_stories(whole, max(first_tries, whole.stories)))
    return rows


def _of_node(node: str, visits: Sequence[Visit], rate: int) -> finding_costs.Retried:
    stories = tries_of(visits)
    again = [story for story in stories if story.retries]
    wasted = [
        visit
        for story in again
        for place, visit in enumerate(story.visits)
        if place != (story.retries if story.succeeded_at is None else story.succeeded_at)
    ]
    costs = [visit.cost_usd for visit in wasted if visit.cost_usd is not None]
    most = max((story.retries for story in again), default=0)
    by_attempt = []
    for number in range(min(most, 5) + 1):
        reached = [story.visits[number] for story in stories if story.retries >= number]
        by_attempt.append((number + 1, len(reached), sum(visit.status == SUCCEEDED for visit in reached)))
    return finding_costs.Retried(
        node=node,
        stories=len(stories),
        retried=len(again),
        saved=sum(story.succeeded_at is not None for story in again),
        spent_ms=sum(visit.duration_ms or 0.0 for visit in wasted),
        spent_usd=sum(costs) if costs else None,
        rate=rate,
        by_attempt=by_attempt,
    )


def _with_stories(one: finding_costs.Retried, stories: int) -> finding_costs.Retried:
    """Attempts are read of executions that were tried again alone; the others had one try each."""
    return finding_costs.Retried(
        one.node, stories, one.retried, one.saved, one.spent_ms, one.spent_usd, one.rate, one.by_attempt[1:]
    )


def finding_id(workflow_id: UUID, environment_id: int, one: Candidate) -> UUID:
    """The id of a finding: it depends on what the finding is about, not on its figures."""
    parts = sorted((name, str(value)) for name, value in one.subject.items())
    told = [text for pair in parts for text in pair]
    return derive_uuid(workflow_id.bytes, "finding", str(environment_id), one.kind.value, *told)


def _keep(one: Claim, workflow: Workflow, found: Sequence[Candidate], facts: Facts, now: datetime) -> None:
    """Writes what was found, and what that means for those that were not."""
    environment_id = one.whose.environment_id
    seen = {finding_id(workflow.id, environment_id, candidate): candidate for candidate in reversed(found)}
    rows = Finding.objects.filter(team_id=one.team_id, workflow_id=workflow.id, environment_id=environment_id)
    # What is gone stays gone unless it is seen: with the years there are many of them.
    rows = rows.filter(~Q(status=FindingStatus.GONE) | Q(id__in=list(seen)))
    known = {row.id: row for row in rows.select_for_update()}
    for number, candidate in seen.items():
        _write(known.get(number), number, candidate, one, workflow, facts, now)
    for number, row in known.items():
        if number not in seen:
            life = look(life_of(row), None, now, has_enough=facts.has_enough or not facts.totals.runs)
            if life is not None and life != life_of(row):
                save_life(row, life)


def _write(
    row: Finding | None,
    number: UUID,
    candidate: Candidate,
    one: Claim,
    workflow: Workflow,
    facts: Facts,
    now: datetime,
) -> None:
    life = look(life_of(row) if row else None, Seen(candidate.worth, candidate.since), now)
    assert life is not None
    cost = candidate.cost_per_week_usd
    values: dict[str, Any] = {
        **_columns(life),
        "subject": dict(candidate.subject),
        "failure_group_id": _group_of(candidate, facts),
        "title": candidate.title[:MAX_TITLE].replace("\x00", ""),
        "evidence": candidate.as_evidence(),
        "advice": [advice.as_document() for advice in advice_for(candidate, facts, workflow.name)],
        "confirmed_at": now,
        "executions_per_week": candidate.executions_per_week,
        "cost_per_week_usd": None if cost is None else Decimal(f"{cost:.6f}"),
    }
    if row is not None:
        # The key in the database is (team_id, id); Django's own upsert names `id` alone.
        Finding.objects.filter(team_id=one.team_id, id=row.id).update(**values)
        return
    Finding(
        id=number,
        team_id=one.team_id,
        workflow_id=workflow.id,
        environment_id=one.whose.environment_id,
        kind=candidate.kind.value,
        found_at=now,
        **values,
    ).save(force_insert=True)


def _group_of(candidate: Candidate, facts: Facts) -> UUID | None:
    """The failure group that has most of the failures at the step of a finding, or of all where it names none."""
    step = candidate.where.get("step")
    node_id = facts.sample.node_ids.get(step) if step else None
    told = [facts.groups.get(node_id, {}) if node_id is not None else {}] if step else list(facts.groups.values())
    groups = sum((Counter(counted) for counted in told), Counter[UUID]())
    most = max(groups, key=lambda group: (groups[group], group), default=None)
    is_one = most is not None and groups[most] >= GROUP_SHARE * sum(groups.values())
    return most if is_one and candidate.of == "failed" else None


def life_of(row: Finding) -> Life:
    """Where a stored finding stands."""
    return Life(
        status=row.status,
        worth=row.worth,
        since=row.since,
        gone_at=row.gone_at,
        absent=row.absent,
        dismissed_worth=row.dismissed_worth,
        course=[(day, worth) for day, worth in row.course],
        events=row.events,
    )


def save_life(row: Finding, life: Life, **more: Any) -> None:
    """Stores where a finding stands now, with further columns."""
    Finding.objects.filter(team_id=row.team_id, id=row.id).update(**_columns(life), **more)


def _columns(life: Life) -> dict[str, Any]:
    return {
        "status": life.status,
        "worth": life.worth,
        "since": life.since,
        "gone_at": life.gone_at,
        "absent": life.absent,
        "dismissed_worth": life.dismissed_worth,
        "course": [list(point) for point in life.course],
        "events": list(life.events),
    }
