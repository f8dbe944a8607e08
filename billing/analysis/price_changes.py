"""What usage would cost at the prices as they are now: which prices change, for which days, and by how much.

Usage is summed by the price that it was rated at, the names it was reported with, and the day. A change is "what was
rated at this price, from day to before day, counts at that one". Where one old price would become several new ones on
the same day, or the new one cannot be told for all of it, nothing is changed and the reason is told.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Context, Decimal, Inexact, localcontext

from accounts.phrases import gettext as _
from billing.analysis.pricing import Price, find_price
from billing.analysis.rating import rate_usage
from billing.analysis.usage import Usage

Pair = tuple[str, str]
# What would be rounded raises.
_EXACT = Context(prec=200, traps=[Inexact])
_DAY = timedelta(days=1)


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    with localcontext(_EXACT):
        return sum(amounts, Decimal(0))


@dataclass(frozen=True, slots=True)
class Used:
    """Usage of one day, with one set of names, that was rated at one price; `usd` is what that made of it."""

    price_id: int
    pair: Pair
    tier: str
    region: str
    day: date
    usage: Usage
    usd: Decimal
    lines: int


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """What was rated at the old price counts at the new one, from day to before day; as before where both are one."""

    old_price_id: int
    starts_on: date
    ends_on: date
    new_price_id: int


@dataclass(frozen=True, slots=True)
class Effect:
    """What a month's usage of a model counts now, and what it would."""

    month: date
    pair: Pair
    lines: int
    old_usd: Decimal
    new_usd: Decimal

    @property
    def difference_usd(self) -> Decimal:
        """More (or, negative, less) than now."""
        return _sum([self.new_usd, -self.old_usd])


@dataclass(frozen=True, slots=True)
class Preview:
    """What would change. `blocked`: names whose prices differ and cannot be changed, with the reason."""

    changes: tuple[Change, ...] = ()
    effects: tuple[Effect, ...] = ()
    blocked: tuple[tuple[Pair, str], ...] = ()

    @property
    def difference_usd(self) -> Decimal:
        """More (or, negative, less) than now, in all."""
        return _sum(one.difference_usd for one in self.effects)


@dataclass(slots=True)
class Situation:
    """What is known: prices by id, candidates by names, changes that are in force, and exchange rates."""

    prices: Mapping[int, Price]
    candidates: Mapping[Pair, Sequence[Price]]
    in_force: Sequence[Change]
    usd_of: Callable[[str, date], Decimal | None]
    _usd: dict[tuple[str, date], Decimal | None] = field(default_factory=dict)

    def usd(self, currency: str, day: date) -> Decimal | None:
        """What one unit of the currency was worth."""
        if (currency, day) not in self._usd:
            self._usd[currency, day] = self.usd_of(currency, day)
        return self._usd[currency, day]

    def effective(self, used: Used) -> Price | None:
        """The price that usage counts at now: the one it was rated at, or the one that a change put in its place."""
        id = used.price_id
        for one in self.in_force:
            if one.old_price_id == used.price_id and one.starts_on <= used.day < one.ends_on:
                id = one.new_price_id
        return self.prices.get(id)

    def now(self, used: Used) -> Price | None:
        """The price that the usage would be rated at today; None where there is none any more."""
        old = self.prices[used.price_id]
        at = datetime.combine(used.day, time(), UTC) + timedelta(minutes=old.from_minute)
        return find_price(
            self.candidates.get(used.pair, ()),
            tier=used.tier,
            region=used.region,
            at=at,
            context_tokens=old.context_over + 1,
        )


@dataclass(slots=True)
class _Outcome:
    """What becomes of some usage: its price now and then, and what it costs at each; or why nothing does."""

    used: Used
    target: Price
    old_usd: Decimal = Decimal(0)
    new_usd: Decimal = Decimal(0)
    is_changed: bool = False
    reason: str = ""


def preview(used: Iterable[Used], situation: Situation) -> Preview:
    """What changes if all this usage counts at the prices as they are now."""
    outcomes = [found for one in used if (found := _outcome(one, situation)) is not None]
    _block_conflicts(outcomes)
    changed = [one for one in outcomes if one.is_changed and not one.reason]
    blocked = {(one.used.pair, one.reason) for one in outcomes if one.is_changed and one.reason}
    return Preview(tuple(_changes(outcomes)), tuple(_effects(changed)), tuple(sorted(blocked)))


def _outcome(used: Used, situation: Situation) -> _Outcome | None:
    """None where nothing says what the usage counts at: what was taken away without another in its place stays."""
    old, effective = situation.prices.get(used.price_id), situation.effective(used)
    if old is None or effective is None:
        return None
    new = situation.now(used)
    if new is None or (new.rates == effective.rates and new.currency == effective.currency):
        return _Outcome(used, effective)
    outcome = _Outcome(used, new, is_changed=True)
    old_usd = used.usd if effective.id == used.price_id else _cost(used, effective, situation)
    # Back to the price that made it is what it made, to the last digit.
    new_usd = used.usd if new.id == used.price_id else _cost(used, new, situation)
    if not covers(new, old):
        outcome.reason = _("holds for some lengths of context or times of day only, which lines do not keep")
    elif new_usd is None or old_usd is None:
        if situation.usd(new.currency, used.day) is not None:
            outcome.reason = _("has no rate for all that was used")
        else:
            outcome.reason = _("has no exchange rate of {currency} for all days").format(currency=new.currency)
    else:
        outcome.old_usd, outcome.new_usd = old_usd, new_usd
    return outcome


def covers(new: Price, old: Price) -> bool:
    """Whether the new price holds for all lengths of context and times of day that the old one was for."""
    return (
        new.context_over <= old.context_over
        and (new.context_up_to is None or (old.context_up_to is not None and old.context_up_to <= new.context_up_to))
        and new.from_minute <= old.from_minute
        and new.to_minute >= old.to_minute
    )


def _cost(used: Used, price: Price, situation: Situation) -> Decimal | None:
    cost, usd = rate_usage(used.usage, price.rates), situation.usd(price.currency, used.day)
    if cost is None or usd is None:
        return None
    with localcontext(_EXACT):
        return cost * usd


def _block_conflicts(outcomes: Sequence[_Outcome]) -> None:
    """One old price has one new one on a day, for all names that it was used for."""
    targets: dict[tuple[int, date], set[int]] = {}
    for one in outcomes:
        targets.setdefault((one.used.price_id, one.used.day), set()).add(-1 if one.reason else one.target.id)
    for one in outcomes:
        if not one.reason and len(targets[one.used.price_id, one.used.day]) > 1:
            one.reason = _("shares its old price with other names, which are to cost something else")


def _changes(outcomes: Sequence[_Outcome]) -> list[Change]:
    """Days with the same change together; days without usage between them belong to it."""
    days: dict[int, dict[date, int | None]] = {}
    for one in outcomes:
        target = one.target.id if one.is_changed and not one.reason else None
        days.setdefault(one.used.price_id, {})[one.used.day] = target
    found: list[Change] = []
    for old, targets in sorted(days.items()):
        run: Change | None = None
        for day, target in sorted(targets.items()):
            if run is not None and target == run.new_price_id:
                run = Change(old, run.starts_on, day + _DAY, target)
                found[-1] = run
            elif target is not None:
                run = Change(old, day, day + _DAY, target)
                found.append(run)
            else:
                run = None
    return found


def _effects(changed: Sequence[_Outcome]) -> list[Effect]:
    found: dict[tuple[date, Pair], list[_Outcome]] = {}
    for one in changed:
        found.setdefault((one.used.day.replace(day=1), one.used.pair), []).append(one)
    return [
        Effect(
            month,
            pair,
            sum(one.used.lines for one in group),
            _sum(one.old_usd for one in group),
            _sum(one.new_usd for one in group),
        )
        for (month, pair), group in sorted(found.items())
    ]
