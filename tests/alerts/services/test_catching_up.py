"""After an outage, work is done in batches that commit: a time limit costs one, and nothing is lost or repeated."""

import pytest
from celery.exceptions import SoftTimeLimitExceeded

from accounts.models import Team
from accounts.tenancy import team_context
from alerts.models import AlertDelivery, Incident, IncidentEvent
from alerts.services import evaluation, rule_states
from alerts.services.evaluation import evaluate_due, evaluate_team
from monitoring.store.rollups import fold_all
from tests.alerts.opening import route
from tests.alerts.ruling import due, evaluate, minute, rule, runs, workflow
from tests.alerts.telling import channel
from tests.factories import NOW

pytestmark = pytest.mark.django_db
RULES = 6
Noted = list[tuple[str, float, bool]]


@pytest.fixture
def outage(team: Team) -> list:
    """Rules that were evaluated up to minute 1; then ten minutes in which one workflow failed for a while, and the
    others do in the end."""
    with team_context(team.id):
        route(team, (channel(team), 0))
    made = [rule(team, name=f"Rule {number}", workflow=workflow(team, f"flow {number}")) for number in range(RULES)]
    for number in range(RULES):
        runs(team, 0, good=25, workflow=f"flow {number}")
    evaluate(1)
    runs(team, 2, bad=25, workflow="flow 0")
    runs(team, 3, good=600, workflow="flow 0")
    for number in range(1, RULES):
        runs(team, 10, bad=25, workflow=f"flow {number}")
    fold_all(minute(11))
    return made


def noted(team: Team) -> Noted:
    """Rules with the minute since which their incidents held, and whether they are over."""
    with team_context(team.id):
        found = Incident.objects.select_related("rule").order_by("rule__name", "since")
        names = [one.rule.name if one.rule else "" for one in found]
        assert IncidentEvent.objects.filter(kind="opened").count() == len(names)
        told = AlertDelivery.objects.filter(kind="opened").values_list("incident_id", flat=True)
        assert len(set(told)) == len(told)
        minutes = [(one.since - NOW).total_seconds() / 60 for one in found]
        ended = [one.resolved_at is not None for one in found]
    return list(zip(names, minutes, ended, strict=True))


EXPECTED = [("Rule 0", 3.0, True), *((f"Rule {number}", 11.0, False) for number in range(1, RULES))]


def test_it_is_made_up_in_batches_that_commit(team: Team, outage: list, monkeypatch) -> None:
    monkeypatch.setattr(evaluation, "BATCH", 2)
    taken = []
    while done := evaluate_team(team.id, minute(11.1)):
        taken.append(done)
    assert taken == [2, 2, 2]
    assert sorted(noted(team)) == sorted(EXPECTED)


def test_windows_of_many_rules_are_made_up_in_several_visits(team: Team, outage: list, monkeypatch) -> None:
    monkeypatch.setattr(evaluation, "WINDOWS", 4 * RULES)
    seen: list[tuple[str, int]] = []
    follow = evaluation.follow_rule

    def noting(course, one, condition, stands, told, **more):
        seen.append((one.name, len({reading.at for reading in told if reading.at > more["until"]})))
        return follow(course, one, condition, stands, told, **more)

    monkeypatch.setattr(evaluation, "follow_rule", noting)
    evaluate_due(minute(11.1), seconds=60)
    assert seen[:RULES] == [(name, 4) for name, _ in seen[:RULES]]
    assert {name: sum(ends for one, ends in seen if one == name) for name, _ in seen} == {
        f"Rule {number}": 10 for number in range(RULES)
    }
    assert {due(one).evaluated_until for one in outage} == {minute(11)}
    assert sorted(noted(team)) == sorted(EXPECTED)


@pytest.mark.parametrize("broken", [1, 2, 3])
def test_a_time_limit_costs_one_batch_and_nothing_is_lost_or_repeated(team, outage, monkeypatch, broken) -> None:
    monkeypatch.setattr(evaluation, "BATCH", 2)
    write, batches = rule_states.write, []

    def limited(team_id, stands):
        write(team_id, stands)
        batches.append(len(stands))
        if len(batches) == broken:
            raise SoftTimeLimitExceeded

    monkeypatch.setattr(rule_states, "write", limited)
    assert evaluate_due(minute(11.1), seconds=60) == 2 * (broken - 1)
    assert sum(due(one).evaluated_until == minute(11) for one in outage) == 2 * (broken - 1)
    before = noted(team)

    assert evaluate_due(minute(11.2), seconds=60) == RULES - 2 * (broken - 1)

    assert sorted(noted(team)) == sorted(EXPECTED)
    assert set(before) <= set(EXPECTED)
    assert {due(one).evaluated_until for one in outage} == {minute(11)}
