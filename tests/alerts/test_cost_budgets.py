"""Rules about budgets, from costs to incidents and notices."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from accounts.models import MemberGroup, Team, User
from accounts.tenancy import team_context
from alerts.analysis.judging import Verdict, judge
from alerts.models import AlertDelivery, AlertRule, Incident
from alerts.reads import cost_budgets
from alerts.services import default_rules
from alerts.services.evaluation import ensure_due, evaluate_team
from alerts.services.rules import RuleRefused, save_rule
from billing.models import Budget
from billing.services.budgets import remove_budget, save_budget
from monitoring.identity import workflow_id
from tests.alerts.opening import route
from tests.alerts.telling import channel
from tests.billing.budgeting import budget
from tests.billing.spending import NOW, TODAY, november, spend

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


def ruled(team: Team, *rules: dict[str, Any]) -> None:
    """The rules from the start that are about budgets, or these."""
    with team_context(team.id):
        if not rules:
            default_rules.make_default_rules(team.id, NOW - timedelta(days=30))
            AlertRule.objects.exclude(scope="budget").update(is_active=False)
        for fields in rules:
            save_rule(team_id=team.id, fields={"name": "Mine", **fields}, by=None, now=NOW - timedelta(days=1))


def evaluate(team: Team, minutes: float = 0) -> list[tuple[str, str, bool]]:
    """Rule, title and whether it is over, of each incident after an evaluation so many minutes later."""
    now = NOW + minutes * MINUTE
    with team_context(team.id):
        ensure_due(team.id, AlertRule.objects.filter(is_active=True).values_list("id", flat=True), now)
    evaluate_team(team.id, now)
    with team_context(team.id):
        found = Incident.objects.order_by("opened_at", "title").values_list("rule__name", "title", "resolved_at")
        return [(rule, title, ended is not None) for rule, title, ended in found]


def test_without_a_budget_nothing_is_said(team: Team) -> None:
    november(team)
    ruled(team)
    assert evaluate(team) == evaluate(team, 90) == []


def test_a_budget_that_is_passed_is_told_with_its_figures_and_its_page(team: Team) -> None:
    november(team)
    kept = budget(team, "300")
    with team_context(team.id):
        route(team, (channel(team), 0))
    ruled(team)
    passed = ("Budget is passed", "Budget All: 101.2% of it spent", False)
    assert evaluate(team) == [passed]
    with team_context(team.id):
        notice = AlertDelivery.objects.get().notice
        assert Incident.objects.get().severity == "critical"
    assert notice["what"] == "Budget All: 101.2% of it spent"
    assert notice["how_bad"].startswith("at least $303.50 of $300.00 spent in November 2026, $41")
    assert notice["url"].endswith(f"/t/{team.slug}/cost/budgets/{kept.id}/")
    # The forecast was over it for an hour.
    found = evaluate(team, 61)
    assert found[0] == passed
    assert found[1][0] == "Budget will be passed"
    assert found[1][1].startswith("Budget All: 13")

    with team_context(team.id):
        save_budget(team_id=team.id, fields={"amount": "1000"}, by=None, now=NOW, budget_id=kept.id)
    assert [one[2] for one in evaluate(team, 62)] == [True, True]


def test_routes_by_owner_take_the_owner_of_the_budget(team: Team, owner: User) -> None:
    november(team)
    budget(team, "300", owner_id=owner.id)
    budget(team, "300", name="Leads", scope="provider", value="openai")
    with team_context(team.id):
        group = MemberGroup.objects.create(team=team, name="Finance")
        Budget.objects.filter(name="Leads").update(amount=100, owner_group=group)
        route(team, (channel(team, "mine"), 0), name="Mine", matchers={"owner": [str(owner.id)]})
        route(team, (channel(team, "finance"), 0), name="Finance", matchers={"group": [str(group.id)]})
    ruled(team)
    assert len(evaluate(team)) == 2
    with team_context(team.id):
        told = {one.channel.name: one.notice["what"].partition(":")[0] for one in AlertDelivery.objects.all()}
    assert told == {"mine": "Budget All", "finance": "Budget Leads"}


def test_a_budget_that_is_removed_or_switched_off_fires_no_more(team: Team) -> None:
    november(team)
    kept = budget(team, "300")
    other = budget(team, "100", name="Leads", scope="workflow", workflow_id=workflow_id(team.id, "Leads"))
    ruled(team)
    assert [one[2] for one in evaluate(team)] == [False, False]
    with team_context(team.id):
        remove_budget(team_id=team.id, budget_id=kept.id, by=None, now=NOW)
        save_budget(team_id=team.id, fields={"is_active": False}, by=None, now=NOW, budget_id=other.id)
    assert [one[2] for one in evaluate(team, 1)] == [True, True]


def test_a_rule_without_a_threshold_goes_by_those_of_the_budget(team: Team) -> None:
    november(team)
    spend(team, TODAY, "1", provider="tiny")
    budget(team, "607", thresholds=[{"on": "actual", "percent": 50}, {"on": "actual", "percent": 90}])
    budget(team, "400", name="None", scope="provider", value="openai")
    budget(team, "2", name="Tiny", scope="provider", value="tiny", thresholds=[{"on": "actual", "percent": 51}])
    ruled(team, {"metric": "budget_actual"}, {"metric": "budget_forecast", "value": "Tiny", "name": "Forecast"})
    assert evaluate(team) == [("Mine", "Budget All: 50.2% of it spent", False)]
    with team_context(team.id):
        incident = Incident.objects.get()
        made = AlertRule.objects.get(metric="budget_forecast")
        assert incident.limit == 0.5
        assert incident.rule.condition.threshold is None
        (forecast,) = cost_budgets.read(team.id, [made], NOW)[made.id]
    assert (forecast.value, forecast.words) == (
        None,
        "Too few days to forecast: 0 of at least 7 whole days with costs.",
    )


def test_at_its_threshold_it_is_reached_and_a_rule_of_its_own_is_about_more(team: Team) -> None:
    spend(team, TODAY, "50")
    budget(team, "100", thresholds=[{"on": "actual", "percent": 50}])
    ruled(team, {"metric": "budget_actual"}, {"metric": "budget_actual", "name": "Half", "threshold": 0.5})
    with team_context(team.id):
        rules = {one.name: one for one in AlertRule.objects.all()}
        readings = cost_budgets.read(team.id, list(rules.values()), NOW)
    verdicts = {name: judge(one.condition, *readings[one.id]).verdict for name, one in rules.items()}
    assert verdicts == {"Mine": Verdict.BAD, "Half": Verdict.GOOD}


def test_an_amount_without_a_rate_is_not_known_and_says_why(team: Team) -> None:
    budget(team)
    ruled(team, {"metric": "budget_actual"})
    with team_context(team.id):
        Budget.objects.update(currency="EUR", amount=Decimal(5))
        made = AlertRule.objects.get()
        (reading,) = cost_budgets.read(team.id, [made], NOW)[made.id]
    assert (reading.value, reading.words) == (None, "No exchange rate of EUR is known for November 2026.")


def test_a_rule_is_about_budgets_that_are_there(team: Team) -> None:
    kept = budget(team)
    with team_context(team.id):
        for value in ("All", str(kept.id), ""):
            told = {"name": "x", "metric": "budget_actual", "value": value, "workflow_id": None, "scope": "budget"}
            made = save_rule(team_id=team.id, fields=told, by=None, now=NOW)
            assert (made.scope, made.is_per_workflow, made.environment) == ("budget", False, "")
        for field, more in (("value", {"value": "Nobody's"}), ("threshold", {"threshold": 101.0})):
            with pytest.raises(RuleRefused) as refused:
                save_rule(team_id=team.id, fields={"name": "x", "metric": "budget_actual", **more}, by=None, now=NOW)
            assert list(refused.value.reasons) == [field]


def test_the_form_offers_budgets(team: Team, owner_client: Any) -> None:
    budget(team)
    text = owner_client.get(f"/t/{team.slug}/alerts/rules/new/?metric=budget_forecast").content.decode()
    assert '<option value="All"></option>' in text
    assert "Empty: the thresholds that each budget has itself." in text
    assert 'id="rule-workflow"' not in text
    told = {"metric": "budget_forecast", "for_metric": "budget_forecast", "threshold": "", "value": "All"}
    made = owner_client.post(f"/t/{team.slug}/alerts/rules/new/", told, follow=True).content.decode()
    assert "Forecast of a budget over its own threshold, of budget All" in made
