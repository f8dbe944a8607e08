"""Rules for tests of readers."""

from datetime import timedelta
from typing import Any

from accounts.models import Team
from alerts.models import AlertRule
from monitoring.identity import workflow_id
from tests.factories import NOW


def rule(team: Team, metric: str, workflow: str = "", **fields: Any) -> AlertRule:
    """A rule that is a month old, of each workflow unless one is named. Needs the team's context."""
    told = {"name": metric, "threshold": 1.0, "created_at": NOW - timedelta(days=30), "window_s": 0}
    whose = workflow_id(team.id, workflow) if workflow else None
    return AlertRule.objects.create(team=team, metric=metric, workflow_id=whose, **{**told, **fields})
