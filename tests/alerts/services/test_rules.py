"""Rules are kept, changed, switched off and removed; what cannot be meant is refused."""

from datetime import timedelta
from uuid import uuid4

import pytest

from alerts.identity import subject_id
from alerts.models import AlertRule, AlertState, Incident, IncidentEvent, RuleDue
from alerts.services import rules as service
from alerts.services.rules import RuleRefused, remove_rule, save_rule, set_active
from monitoring.models import Workflow
from tests.factories import NOW, report, step, store

pytestmark = pytest.mark.django_db
FIELDS = {"name": "Failures", "metric": "error_rate", "threshold": 0.05, "min_samples": 20}


def save(team, **fields: object) -> AlertRule:
    return save_rule(team_id=team.id, fields={**FIELDS, **fields}, by=None, now=NOW)


def change(rule: AlertRule, **fields: object) -> AlertRule:
    later = NOW + timedelta(minutes=5)
    return save_rule(team_id=rule.team_id, fields=fields, by=None, now=later, rule_id=rule.id)


def fires(rule: AlertRule, workflow_id=None) -> Incident:
    """An open incident of the rule, with its state."""
    id = subject_id(rule.id, workflow_id, "")
    one = Incident.objects.create(
        team_id=rule.team_id, rule=rule, subject_id=id, title=rule.name, severity="warning",
        since=NOW, opened_at=NOW, updated_at=NOW,
    )  # fmt: skip
    AlertState.objects.create(
        id=id, team_id=rule.team_id, rule=rule, state="firing", since=NOW, at=NOW, incident_id=one.id
    )
    return one


def waits(rule: AlertRule) -> None:
    AlertState.objects.create(team_id=rule.team_id, rule=rule, state="pending", since=NOW, at=NOW)


def test_a_new_rule_is_due_at_once(in_team, member) -> None:
    rule = save_rule(team_id=in_team.id, fields=FIELDS, by=member, now=NOW)
    kept = AlertRule.objects.get()
    assert (kept.name, kept.threshold, kept.revision, kept.updated_by) == ("Failures", 0.05, 1, member)
    assert RuleDue.objects.get(rule_id=rule.id).due_at == NOW


def test_what_is_unknown_is_refused(in_team) -> None:
    for fields, field in (
        ({"workflow_id": uuid4()}, "workflow"),
        ({"environment": "moon"}, "environment"),
        ({"scope": "model", "value": "gpt-9"}, "value"),
        ({"threshold": 2.0}, "threshold"),
    ):
        with pytest.raises(RuleRefused) as refused:
            save(in_team, **fields)
        assert list(refused.value.reasons) == [field]
    assert not AlertRule.objects.exists()


def test_what_executions_told_is_known(team, in_team) -> None:
    store(team, report(workflow="checkout", environment="staging", steps=[step(model="gpt-4o")]))
    workflow = Workflow.objects.get()
    rule = save(in_team, workflow_id=workflow.id, environment="staging", scope="model", value="gpt-4o")
    assert rule.workflow == workflow


def test_a_workflow_of_another_team_is_not_known(team, other_team, in_team) -> None:
    from accounts.tenancy import team_context

    with team_context(other_team.team.id):
        theirs = Workflow.objects.create(team=other_team.team, name="theirs", slug="theirs")
    with pytest.raises(RuleRefused, match="workflow is not known"):
        save(in_team, workflow_id=theirs.id)


def test_what_vanished_stands_in_no_other_changes_way(team, in_team) -> None:
    store(team, report(workflow="checkout", environment="staging"))
    rule = save(in_team, environment="staging")
    AlertRule.objects.update(environment="gone", scope="model", value="gone")
    assert change(rule, name="Renamed").name == "Renamed"
    with pytest.raises(RuleRefused, match="environment"):
        change(rule, environment="gone too")


def test_a_change_of_the_condition_is_a_revision_and_waiting_begins_anew(in_team) -> None:
    rule = save(in_team)
    incident = fires(rule)
    waits(rule)
    changed = change(rule, threshold=0.1)
    assert changed.revision == 2
    assert [state.state for state in AlertState.objects.all()] == ["firing"]
    assert Incident.objects.get(id=incident.id).resolved_at is None
    assert change(rule, name="Other name").revision == 2
    assert change(rule, threshold=0.1).revision == 2


def test_looking_at_something_else_resolves_what_is_open(team, in_team) -> None:
    store(team, report(workflow="checkout"))
    rule = save(in_team)
    incident = fires(rule)
    change(rule, workflow_id=Workflow.objects.get().id)
    assert Incident.objects.get(id=incident.id).resolved_at is not None
    assert not AlertState.objects.exists()
    assert IncidentEvent.objects.latest("at").text == "The rule looks at something else now."


def test_a_rule_that_is_off_is_not_due_and_fires_no_longer(in_team, member) -> None:
    rule = save(in_team)
    incident = fires(rule)
    RuleDue.objects.update(evaluated_until=NOW)
    set_active(team_id=in_team.id, rule_id=rule.id, is_active=False, by=member, now=NOW)
    one = Incident.objects.get(id=incident.id)
    assert (one.status, one.resolved_by) == ("resolved", member)
    assert IncidentEvent.objects.get().text == "The rule was switched off."
    assert not RuleDue.objects.exists()
    later = NOW + timedelta(days=3)
    set_active(team_id=in_team.id, rule_id=rule.id, is_active=True, by=None, now=later)
    due = RuleDue.objects.get()
    assert (due.due_at, due.evaluated_until) == (later, None)


def test_switching_off_by_saving_is_the_same(in_team) -> None:
    rule = save(in_team)
    incident = fires(rule)
    change(rule, is_active=False)
    assert Incident.objects.get(id=incident.id).resolved_at is not None
    assert not RuleDue.objects.exists()
    change(rule, is_active=True)
    assert RuleDue.objects.get().evaluated_until is None


def test_a_removed_rule_stays_for_its_incidents(in_team) -> None:
    rule = save(in_team)
    incident = fires(rule)
    remove_rule(team_id=in_team.id, rule_id=rule.id, by=None, now=NOW)
    assert Incident.objects.get(id=incident.id).resolved_at == NOW
    assert AlertRule.objects.get().removed_at == NOW
    assert not RuleDue.objects.exists()
    with pytest.raises(AlertRule.DoesNotExist):
        change(rule, name="Back")


def test_a_team_has_so_many_rules_at_most(in_team, monkeypatch) -> None:
    monkeypatch.setattr(service, "MAX_RULES", 2)
    first = save(in_team)
    save(in_team)
    with pytest.raises(RuleRefused, match="at most 2 rules"):
        save(in_team)
    remove_rule(team_id=in_team.id, rule_id=first.id, by=None, now=NOW)
    save(in_team)


def test_a_rule_of_another_team_is_not_there(in_team, other_team) -> None:
    from accounts.tenancy import team_context

    with team_context(other_team.team.id):
        theirs = save_rule(team_id=other_team.team.id, fields=FIELDS, by=None, now=NOW)
    with pytest.raises(AlertRule.DoesNotExist):
        change(theirs, name="Mine")
