"""Alert rules as pages and API show them: the list with where each stands, and one with its subjects and incidents."""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import translation

from accounts.statements import run_planned
from alerts.analysis.catalogue import METRICS
from alerts.analysis.conditions import State
from alerts.analysis.rule_checks import MAX_NAME
from alerts.analysis.rule_words import Target, rule_words
from alerts.models import AlertRule, AlertState, Incident, RuleDue
from alerts.reads.incident_samples import group_names
from monitoring.models import Workflow

PAGE_SIZE, MAX_ROWS, MAX_STATES, MAX_INCIDENTS = 50, 10_000, 200, 50
# From worst to best; a rule stands where its worst subject does.
ORDER = (State.FIRING, State.PENDING, State.NO_DATA, State.OK)
OFF = "off"
_COUNTS = """SELECT rule_id, state, count(*) FROM alert_state
    WHERE team_id = %(team)s AND rule_id = ANY(%(rules)s) GROUP BY 1, 2"""
_EVALUATED = "SELECT rule_id FROM rule_due WHERE rule_id = ANY(%(rules)s) AND evaluated_at IS NOT NULL"
# A look at how things are names what is wrong alone: where it found nothing, all is well. A window without a run says
# nothing.
_LOOKS = [metric.name for metric in METRICS.values() if not metric.has_window]
_LAST = """SELECT told.id, i.id, i.opened_at FROM unnest(%(rules)s::uuid[]) AS told (id) CROSS JOIN LATERAL (
    SELECT id, opened_at FROM incident WHERE team_id = %(team)s AND rule_id = told.id
    ORDER BY opened_at DESC, id LIMIT 1) AS i"""


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the list is narrowed to; empty: not. `workflow` is a slug; `state` one of `State`, or `off`."""

    metric: str = ""
    workflow: str = ""
    severity: str = ""
    state: str = ""
    q: str = ""


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A rule with how many of its subjects stand where. `last_incident_id`: its latest incident, open or not.

    `is_evaluated`: it was evaluated at least once, maybe without finding a subject.
    """

    rule: AlertRule
    counts: dict[State, int] = field(default_factory=dict)
    last_incident_id: UUID | None = None
    last_incident_at: datetime | None = None
    is_evaluated: bool = False

    @property
    def words(self) -> str:
        """The rule in one sentence."""
        return words_of(self.rule)

    @property
    def state(self) -> State | None:
        """Where its worst subject stands; None: it is off, or was not evaluated yet."""
        found = next((state for state in ORDER if self.counts.get(state)), None)
        if found is None and self.is_evaluated and self.rule.is_active:
            return State.OK if self.rule.metric in _LOOKS else State.NO_DATA
        return found


@dataclass(frozen=True, slots=True)
class RulePage:
    """Rows, and the cursors for the parameter `after` (empty: no such page)."""

    rows: Sequence[RuleRow]
    next: str = ""
    previous: str = ""


@dataclass(frozen=True, slots=True)
class Detail:
    """One rule with everything that its page shows: subjects, worst first; incidents, latest first. `names` are those
    of workflows and failure groups."""

    row: RuleRow
    states: Sequence[AlertState]
    incidents: Sequence[Incident]
    names: dict[UUID, str]
    slugs: dict[UUID, str]


def target_of(rule: AlertRule) -> Target:
    """What a rule looks at, by names. Its workflow must be loaded, else each rule costs a query."""
    workflow = rule.workflow.name if rule.workflow_id else ""
    return Target(workflow, rule.is_per_workflow, rule.scope, rule.value, rule.environment)


def words_of(rule: AlertRule) -> str:
    """A rule in one sentence."""
    return rule_words(rule.condition, target_of(rule))


def kept_words_of(rule: AlertRule) -> str:
    """The same in English, as the name of a rule that nobody named is kept."""
    with translation.override(None):
        return words_of(rule)[:MAX_NAME]


def page(team_id: UUID, chosen: Chosen, *, after: str = "", limit: int = PAGE_SIZE) -> RulePage:
    """One page of rules, by name. A cursor that cannot be read is the first page. Three queries."""
    cursor, rows = read_cursor(after), _chosen_rows(team_id, chosen)
    is_backward = bool(cursor and cursor[0])
    if cursor:
        _, name, id = cursor
        beyond = (
            Q(name__lt=name) | Q(name=name, id__lt=id) if is_backward else Q(name__gt=name) | Q(name=name, id__gt=id)
        )
        rows = rows.filter(beyond)
    found = list(rows.order_by(*(("-name", "-id") if is_backward else ("name", "id")))[: limit + 1])
    has_more, found = len(found) > limit, found[:limit]
    if is_backward:
        found.reverse()
    has_next, has_previous = (True, has_more) if is_backward else (has_more, cursor is not None)
    return RulePage(
        with_standing(team_id, found),
        write_cursor(found[-1], is_backward=False) if found and has_next else "",
        write_cursor(found[0], is_backward=True) if found and has_previous else "",
    )


def listing(team_id: UUID, chosen: Chosen, *, limit: int = MAX_ROWS) -> list[RuleRow]:
    """All rules that are wanted, by name."""
    return with_standing(team_id, list(_chosen_rows(team_id, chosen).order_by("name", "id")[:limit]))


def find(team_id: UUID, rule_id: UUID) -> AlertRule | None:
    """A rule that is not removed, with its workflow."""
    return _kept(team_id).filter(id=rule_id).first()


def detail(team_id: UUID, rule_id: UUID) -> Detail | None:
    """One rule; None for one that is not there."""
    rule = find(team_id, rule_id)
    if rule is None:
        return None
    own = AlertState.objects.filter(team_id=team_id, rule_id=rule.id)
    states = sorted(own[:MAX_STATES], key=lambda one: (ORDER.index(State(one.state)), one.value_text, str(one.id)))
    incidents = Incident.objects.filter(team_id=team_id, rule_id=rule.id).order_by("-opened_at", "id")[:MAX_INCIDENTS]
    told = [one.workflow_id for one in states] + [one.workflow_id for one in incidents]
    wanted = {id for id in told if id is not None}
    names = list(Workflow.objects.filter(team_id=team_id, id__in=wanted).values_list("id", "name", "slug"))
    groups = group_names(team_id, [one.value_text for one in states] + [one.value_text for one in incidents])
    return Detail(
        with_standing(team_id, [rule])[0],
        states,
        list(incidents),
        {id: name for id, name, _ in names} | groups,
        {id: slug for id, _, slug in names},
    )


def has_rules(team_id: UUID) -> bool:
    """Whether the team has a rule at all."""
    return _kept(team_id).exists()


def with_standing(team_id: UUID, rules: Sequence[AlertRule]) -> list[RuleRow]:
    """The rules with where they stand and their last incident: three queries, however many there are."""
    if not rules:
        return []
    told = {"team": team_id, "rules": [rule.id for rule in rules]}
    counts: dict[UUID, dict[State, int]] = {}
    for rule_id, state, number in run_planned(_COUNTS, told):
        counts.setdefault(rule_id, {})[State(state)] = number
    last = {rule_id: (id, at) for rule_id, id, at in run_planned(_LAST, told)}
    evaluated = {rule_id for (rule_id,) in run_planned(_EVALUATED, told)}
    return [
        RuleRow(rule, counts.get(rule.id, {}), *last.get(rule.id, (None, None)), rule.id in evaluated) for rule in rules
    ]


def _kept(team_id: UUID) -> QuerySet[AlertRule]:
    return AlertRule.objects.filter(team_id=team_id, removed_at__isnull=True).select_related("workflow", "updated_by")


def _chosen_rows(team_id: UUID, chosen: Chosen) -> QuerySet[AlertRule]:
    rows = _kept(team_id)
    rows = rows.filter(metric=chosen.metric) if chosen.metric else rows
    rows = rows.filter(workflow__slug=chosen.workflow) if chosen.workflow else rows
    rows = rows.filter(severity=chosen.severity) if chosen.severity else rows
    if chosen.q:
        rows = rows.filter(Q(name__icontains=chosen.q) | Q(value__icontains=chosen.q) | Q(text__icontains=chosen.q))
    return _standing_at(team_id, rows, chosen.state) if chosen.state else rows


def _standing_at(team_id: UUID, rows: QuerySet[AlertRule], state: str) -> QuerySet[AlertRule]:
    if state == OFF:
        return rows.filter(is_active=False)
    if state not in ORDER:
        return rows.none()
    own = AlertState.objects.filter(team_id=team_id, rule_id=OuterRef("id"))
    worse = [one.value for one in ORDER[: ORDER.index(State(state))]]
    stands = Exists(own.filter(state=state)) & ~Exists(own.filter(state__in=worse))
    if state in (State.OK, State.NO_DATA):
        evaluated = RuleDue.objects.filter(rule_id=OuterRef("id"), evaluated_at__isnull=False)
        is_look = Q(metric__in=_LOOKS)
        stands |= Exists(evaluated) & ~Exists(own) & (is_look if state == State.OK else ~is_look)
    return rows.filter(stands, is_active=True)


def read_cursor(text: str) -> tuple[bool, str, UUID] | None:
    """Direction, name and id that a cursor holds; None when it is empty or damaged."""
    try:
        told = json.loads(base64.urlsafe_b64decode(text.encode()))
        is_backward, name, id = told
        return (bool(is_backward), str(name).replace("\x00", ""), UUID(id)) if text else None
    except (ValueError, TypeError, AttributeError, binascii.Error, RecursionError):
        return None


def write_cursor(rule: AlertRule, *, is_backward: bool) -> str:
    """The cursor for the rows after this one, or before it."""
    return base64.urlsafe_b64encode(json.dumps([is_backward, rule.name, str(rule.id)]).encode()).decode()
