"""Why a cost changed between two windows: volume, tokens per run, model mix, prices, waste and what is not tokens.

Useful token cost is runs x tokens per run x sum over models of share x price. The effect of a factor is its Shapley
value: what changing it adds, on average over all orders in which the factors could change (Shapley 1953; for
decomposing change: Sun, Energy Economics 20, 1998). The effects add up to the change by their definition. They are
computed as fractions and written with `DIGITS` decimals; what that rounding leaves goes to the greatest effect, so that
the sum stays exact.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from enum import StrEnum
from fractions import Fraction
from itertools import combinations
from math import factorial

from billing.analysis.sums import WIDE

DIGITS = 12


class Factor(StrEnum):
    """What may change a cost."""

    VOLUME = "volume"
    TOKENS_PER_RUN = "tokens per run"
    # Where runs are not known: volume and tokens per run in one.
    TOKENS = "tokens used"
    MODEL_MIX = "model mix"
    PRICE = "price"
    WASTE = "retries and failed runs"
    UNTOKENED = "told without tokens"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Priced:
    """Useful usage of one model: money, and the tokens that it paid for."""

    usd: Decimal
    tokens: int


@dataclass(frozen=True, slots=True)
class Side:
    """What one window cost. `runs` is None where it is not known; `other` are amounts that are no tokens, by name."""

    runs: int | None = None
    models: Mapping[object, Priced] = field(default_factory=dict)
    waste_usd: Decimal = Decimal(0)
    other: Mapping[str, Decimal] = field(default_factory=dict)

    @property
    def usd(self) -> Decimal:
        """All of it."""
        with localcontext(WIDE):
            useful = sum((one.usd for one in self.models.values()), Decimal(0))
            return useful + self.waste_usd + sum(self.other.values(), Decimal(0))


@dataclass(frozen=True, slots=True)
class Effect:
    """What one factor added; `name` tells amounts of `OTHER` apart."""

    factor: Factor
    usd: Decimal
    name: str = ""


@dataclass(frozen=True, slots=True)
class _Shape:
    """Token cost of a window as its factors."""

    runs: Fraction
    intensity: Fraction
    mix: Mapping[object, Fraction]
    price: Mapping[object, Fraction]


def decompose(before: Side, after: Side) -> list[Effect]:
    """The effects, greatest first; their sum is `after.usd - before.usd` to the last digit. Those of 0 are left out."""
    with localcontext(WIDE):
        effects = [
            *_token_effects(before, after),
            Effect(Factor.UNTOKENED, _untokened(after) - _untokened(before)),
            Effect(Factor.WASTE, after.waste_usd - before.waste_usd),
            *(
                Effect(Factor.OTHER, after.other.get(name, Decimal(0)) - before.other.get(name, Decimal(0)), name)
                for name in sorted({*before.other, *after.other})
            ),
        ]
    return sorted((one for one in effects if one.usd), key=lambda one: (-abs(one.usd), one.factor, one.name))


def _untokened(side: Side) -> Decimal:
    return sum((one.usd for one in side.models.values() if one.tokens <= 0), Decimal(0))


def _token_effects(before: Side, after: Side) -> list[Effect]:
    old, new = _told(before), _told(after)
    if not old and not new:
        return []
    is_by_run = all(side.runs or not told for side, told in ((before, old), (after, new)))
    shapes = _shapes((before, old), (after, new), is_by_run=is_by_run)
    factors = (Factor.VOLUME if is_by_run else Factor.TOKENS, Factor.TOKENS_PER_RUN, Factor.MODEL_MIX, Factor.PRICE)
    values = _shapley(shapes)
    change = sum((one.usd for one in new.values()), Decimal(0)) - sum((one.usd for one in old.values()), Decimal(0))
    return [Effect(factor, usd) for factor, usd in zip(factors, _rounded(values, change), strict=True)]


def _told(side: Side) -> dict[object, Priced]:
    return {name: one for name, one in side.models.items() if one.tokens > 0}


def _shapes(*sides: tuple[Side, Mapping[object, Priced]], is_by_run: bool) -> tuple[_Shape, _Shape]:
    """Both windows as factors. What a window cannot say (the price of a model that it did not use, tokens per run
    without runs) is taken from the other, so that it counts as mix or volume and never as a price."""
    tokens = [sum(one.tokens for one in told.values()) for _, told in sides]
    runs = [Fraction(side.runs or 0) if is_by_run else Fraction(tokens[at]) for at, (side, _) in enumerate(sides)]
    intensity = [tokens[at] / runs[at] if runs[at] else None for at in (0, 1)]
    mixes = [{name: Fraction(one.tokens, tokens[at]) for name, one in sides[at][1].items()} for at in (0, 1)]
    prices = [{name: Fraction(one.usd) / one.tokens for name, one in sides[at][1].items()} for at in (0, 1)]

    def shape(at: int) -> _Shape:
        other = 1 - at
        level = intensity[at] if intensity[at] is not None else intensity[other]
        return _Shape(runs[at], level or Fraction(0), mixes[at] or mixes[other], {**prices[other], **prices[at]})

    return shape(0), shape(1)


def _shapley(shapes: tuple[_Shape, _Shape]) -> list[Fraction]:
    means = {
        (a, b): sum((share * shapes[b].price[name] for name, share in shapes[a].mix.items()), Fraction(0))
        for a in (0, 1)
        for b in (0, 1)
    }

    def worth(changed: frozenset[int]) -> Fraction:
        runs, intensity = shapes[0 in changed].runs, shapes[1 in changed].intensity
        return runs * intensity * means[int(2 in changed), int(3 in changed)]

    return [_value(player, worth) for player in range(4)]


def _value(player: int, worth: Callable[[frozenset[int]], Fraction]) -> Fraction:
    others, total = [one for one in range(4) if one != player], Fraction(0)
    for size in range(4):
        weight = Fraction(factorial(size) * factorial(3 - size), factorial(4))
        for chosen in combinations(others, size):
            without = frozenset(chosen)
            total += weight * (worth(without | {player}) - worth(without))
    return total


def _rounded(values: Sequence[Fraction], change: Decimal) -> list[Decimal]:
    """As decimals whose sum is the change."""
    unit = Decimal(1).scaleb(-DIGITS)
    found = [(Decimal(one.numerator) / Decimal(one.denominator)).quantize(unit) for one in values]
    greatest = max(range(len(found)), key=lambda at: (abs(found[at]), -at))
    found[greatest] += change - sum(found, Decimal(0))
    return found
