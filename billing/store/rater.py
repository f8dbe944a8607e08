"""Rates steps when they are written: the prices of a team, remembered by this process.

What was read holds as long as the team's price revision is the same, which is looked at every few seconds at most. A
step then costs a look into a dictionary and a few multiplications.
"""

import time
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from decimal import Context, Decimal, Inexact
from uuid import UUID

from billing.analysis.compiled_rates import CompiledRates
from billing.analysis.pricing import WHOLE_DAY, Price, find_price
from billing.store import exchange, price_book
from monitoring.store.fields import STEP, TOKEN_NAMES, Row
from monitoring.store.labels import values_of_labels

REMEMBERED_SECONDS = 5.0
MAX_TEAMS = 512
MAX_PAIRS = 10_000
# Combinations of tier, region, day and length of context of one model: senders tell tiers and regions as they like.
MAX_CHOICES = 2_000

_PROVIDER, _MODEL, _DETAIL, _PRICED, _PRICE = (
    STEP.index[name] for name in ("provider_id", "model_id", "usage_detail", "priced_cost_usd", "price_id")
)
_FIRST = STEP.index[TOKEN_NAMES[0]]
_TOKENS = slice(_FIRST, _FIRST + len(TOKEN_NAMES))
_EXACT = Context(prec=200, traps=[Inexact])

# The labels of provider (None: not told) and model.
_Pair = tuple[int | None, int]


class _Choice:
    """The price that was chosen, ready to multiply; `usd` is what its currency was worth where it is another one."""

    __slots__ = ("id", "is_worth_known", "rates", "usd")

    def __init__(self, price: Price, usd: Decimal | None) -> None:
        self.id, self.rates = price.id, CompiledRates(price.rates)
        self.usd, self.is_worth_known = None if usd == 1 else usd, usd is not None


class _Model:
    """The prices that may be the one for calls of a model, and those that were chosen already."""

    __slots__ = ("choices", "has_hours", "limits", "prices")

    def __init__(self, prices: Sequence[Price]) -> None:
        self.prices = prices
        self.choices: dict[tuple[str, str, date, int], _Choice | None] = {}
        limits = {price.context_over for price in prices} | {price.context_up_to or 0 for price in prices}
        self.limits = sorted(limits - {0})
        self.has_hours = any((price.from_minute, price.to_minute) != (0, WHOLE_DAY) for price in prices)


class _Book:
    """What this process knows of what a team pays, at one revision."""

    def __init__(self, team_id: UUID, revision: int) -> None:
        self.team_id, self.revision = team_id, revision
        self.checked_until = 0.0
        self.models: dict[_Pair, _Model] = {}
        self.usd: dict[tuple[str, date], Decimal | None] = {}

    def read(self, pairs: Iterable[_Pair]) -> None:
        """Reads the prices of these models."""
        if len(self.models) >= MAX_PAIRS:
            self.models.clear()
        wanted = list(pairs)
        texts = values_of_labels(self.team_id, {id for pair in wanted for id in pair if id is not None})
        named = {pair: (texts.get(pair[0] or 0, ""), texts.get(pair[1], "")) for pair in wanted}
        prices = price_book.prices_of(self.team_id, set(named.values()))
        self.models.update({pair: _Model(prices.get(name, ())) for pair, name in named.items()})

    def choose(self, model: _Model, tier: str, region: str, at: datetime, context_tokens: int) -> _Choice | None:
        """The price of a call, chosen once for all calls that are alike."""
        day = at.astimezone(UTC).date()
        key = (tier, region, day, bisect_left(model.limits, context_tokens) if model.limits else 0)
        if not model.has_hours and key in model.choices:
            return model.choices[key]
        price = find_price(model.prices, tier=tier, region=region, at=at, context_tokens=context_tokens)
        found = _Choice(price, self._usd(price.currency, day)) if price else None
        if not model.has_hours:
            if len(model.choices) >= MAX_CHOICES:
                model.choices.clear()
            model.choices[key] = found
        return found

    def _usd(self, currency: str, day: date) -> Decimal | None:
        if (currency, day) not in self.usd:
            self.usd[currency, day] = exchange.usd_of(self.team_id, currency, day)
        return self.usd[currency, day]


_books: dict[UUID, _Book] = {}


def forget_prices() -> None:
    """Empties what this process remembers: for tests, and where a price that was just changed must count at once."""
    _books.clear()


def _book_of(team_id: UUID) -> _Book:
    book = _books.get(team_id)
    if book is not None and book.checked_until > time.monotonic():
        return book
    revision = price_book.revision(team_id)
    if book is None or book.revision != revision:
        if len(_books) >= MAX_TEAMS:
            _books.clear()
        book = _books[team_id] = _Book(team_id, revision)
    book.checked_until = time.monotonic() + REMEMBERED_SECONDS
    return book


def rate_steps(team_id: UUID, steps: Sequence[tuple[Row, datetime]]) -> None:
    """Sets price and computed cost of steps: a `monitoring.store.rating.Rater`."""
    book = _book_of(team_id)
    models = book.models
    missing = {(row[_PROVIDER], row[_MODEL]) for row, _ in steps} - models.keys()
    if missing:
        book.read(missing)
    for row, at in steps:
        model = models[row[_PROVIDER], row[_MODEL]]
        if not model.prices:
            continue
        tokens, detail = row[_TOKENS], row[_DETAIL]
        tier, region = (detail.get("tier", ""), detail.get("region", "")) if detail else ("", "")
        context = (tokens[0] or 0) + (tokens[1] or 0) + (tokens[2] or 0)
        choice = book.choose(model, tier, region, at, context)
        if choice is not None:
            row[_PRICE] = choice.id
            row[_PRICED] = _usd_of(choice, choice.rates.cost(tokens, detail))


def _usd_of(choice: _Choice, cost: Decimal | None) -> Decimal | None:
    """A cost in US dollars; None where the currency's rate of the day is not known."""
    if cost is None or not choice.is_worth_known:
        return None
    return cost if choice.usd is None else _EXACT.multiply(cost, choice.usd)
