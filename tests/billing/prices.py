"""Prices for tests: rates by bucket, in US dollars per million tokens unless told otherwise."""

from typing import Any

from accounts.models import Team
from accounts.tenancy import team_context
from billing.analysis.usage import Bucket
from billing.models import TeamPrice
from billing.store.rater import forget_prices
from monitoring.identity import derive_number


def price(team: Team, model: str, provider: str = "acme", *, currency: str = "USD", **told: Any) -> int:
    """Adds a price that the team entered; keywords are its rates by bucket and other columns. Returns its id."""
    rates = {name: str(told.pop(name)) for name in list(told) if name in set(map(str, Bucket))}
    number = abs(derive_number(team.id.bytes, "price", repr((model, provider, currency, rates, told)).encode()))
    with team_context(team.id):
        TeamPrice.objects.create(
            team_id=team.id, id=number, model=model, provider=provider, currency=currency, rates=rates, **told
        )
    forget_prices()
    return number
