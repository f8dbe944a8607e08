"""Budgets for tests."""

from typing import Any

from accounts.models import ApiKey, Team
from accounts.tenancy import team_context
from billing.models import Budget
from billing.services.budgets import save_budget
from tests.billing.spending import NOW


def budget(team: Team, amount: str = "500", **fields: Any) -> Budget:
    """A budget of the whole team, $500 a month, unless told otherwise; made in October."""
    told = {"name": "All", "amount": amount, **fields}
    now = told.pop("now", NOW.replace(month=10, day=2))
    with team_context(team.id):
        return save_budget(team_id=team.id, fields=told, by=ApiKey(name="a key"), now=now)
