"""Rules from the start: each team has them once, and what somebody changed or removed stays so."""

from datetime import timedelta

import pytest

from accounts.models import Team
from accounts.services.teams import NewTeam
from accounts.tenancy import team_context
from alerts import tasks
from alerts.analysis.catalogue import METRICS, Family
from alerts.analysis.conditions import Comparison, Severity
from alerts.analysis.default_rules import DEFAULT_RULES, VERSION, DefaultRule
from alerts.models import AlertRule, DefaultRules, RuleDue
from alerts.services import default_rules
from tests.factories import NOW

pytestmark = pytest.mark.django_db


def keys_of(team: Team) -> list[str]:
    with team_context(team.id):
        standing = AlertRule.objects.filter(removed_at__isnull=True)
        return sorted(standing.values_list("default_key", flat=True))


def test_each_team_gets_them_and_their_places_in_the_queue(team: Team, other_team: NewTeam) -> None:
    assert default_rules.make_missing(NOW) == 2
    for one in (team, other_team.team):
        assert keys_of(one) == sorted(rule.key for rule in DEFAULT_RULES)
        assert RuleDue.objects.filter(team=one, due_at=NOW).count() == len(DEFAULT_RULES)
    assert default_rules.make_missing(NOW) == 0


def test_the_task_makes_them(team: Team) -> None:
    tasks.make_default_rules()
    with team_context(team.id):
        told = AlertRule.objects.get(default_key="error-rate")
        assert (told.name, told.metric, told.threshold) == ("Error rate over 5%", "error_rate", 0.05)
        assert (told.window_s, told.min_samples, told.environment, told.workflow_id) == (300, 20, "production", None)
        assert all(rule.is_active and rule.condition for rule in AlertRule.objects.all())


def test_what_was_removed_or_changed_is_not_made_again(team: Team) -> None:
    default_rules.make_missing(NOW)
    with team_context(team.id):
        AlertRule.objects.filter(default_key="late").update(removed_at=NOW)
        AlertRule.objects.filter(default_key="stuck").update(threshold=7.0, is_active=False)
    more = (*DEFAULT_RULES, DefaultRule("brand-new", "Brand new", "queued", Severity.INFO, 5.0))
    assert default_rules.make_default_rules(team.id, NOW + timedelta(days=9), rules=more, version=VERSION + 1) == 1
    assert "late" not in keys_of(team)
    assert "brand-new" in keys_of(team)
    with team_context(team.id):
        stuck = AlertRule.objects.get(default_key="stuck")
        assert (stuck.threshold, stuck.is_active) == (7.0, False)
    assert DefaultRules.objects.get(team=team).version == VERSION + 1


@pytest.mark.parametrize("one", DEFAULT_RULES, ids=lambda one: one.key)
def test_each_can_fire_and_says_what_to_do(one: DefaultRule) -> None:
    metric = METRICS[one.metric]
    told = AlertRule(**one.as_fields())
    assert told.condition.comparison in (Comparison.ABOVE, Comparison.UNUSUAL)
    if told.condition.comparison is Comparison.UNUSUAL:
        assert metric.has_usual
        assert one.threshold is None
    else:
        assert one.threshold is not None
    assert metric.has_window == (told.window_s > 0) or metric.family is Family.BURN
    assert not told.scope or told.scope in metric.scopes
    assert one.text.endswith(".")


def test_keys_and_names_are_each_others_only() -> None:
    assert len({one.key for one in DEFAULT_RULES}) == len({one.name for one in DEFAULT_RULES}) == len(DEFAULT_RULES)
