"""What a provider says against what is counted here: the difference by day and model, and what explains it.

Explanations are amounts that add up to the whole difference, exactly: what is left when the others are taken is the
last one.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

# Up to this share of what the provider says, a difference is nothing to worry about; up to the next, to look at.
GREEN = Decimal("0.005")
AMBER = Decimal("0.02")
NONE_BOOKED = Decimal(0)
_DATE_IN_NAME = re.compile(r"(?<!\d)(?:\d{4}-\d{2}-\d{2}|20\d{6})(?!\d)")
_WORD = re.compile(r"[a-z]+\d*[a-z]*|\d+[a-z]*")


class Tone(StrEnum):
    """How far apart both sides are."""

    GREEN = "green"
    AMBER = "amber"
    RED = "red"


class Cause(StrEnum):
    """What explains a part of a difference."""

    NOT_HERE = "not_here"
    NOT_THERE = "not_there"
    UNPRICED = "unpriced"
    VOLUME = "volume"
    PRICE = "price"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a day and model: money in US dollars and tokens; None is not known."""

    usd: Decimal | None = None
    tokens: int | None = None
    unpriced_tokens: int = 0

    def plus(self, other: "Side") -> "Side":
        """Both together; what only one of them knows counts alone."""
        usd = other.usd if self.usd is None else self.usd if other.usd is None else self.usd + other.usd
        known = [one for one in (self.tokens, other.tokens) if one is not None]
        return Side(usd, sum(known) if known else None, self.unpriced_tokens + other.unpriced_tokens)


Key = tuple[date, str]


class Measure(StrEnum):
    """What is compared: money, or tokens where the provider's file tells no money."""

    USD = "usd"
    TOKENS = "tokens"


@dataclass(frozen=True, slots=True)
class Compared:
    """A day and model, or a sum of them."""

    ours: Side
    theirs: Side
    by: Measure = Measure.USD
    # What was booked of the difference, in US dollars.
    booked: Decimal = NONE_BOOKED

    @property
    def told(self) -> Decimal | None:
        """What the provider says, in US dollars or tokens."""
        return _measured(self.theirs, self.by)

    @property
    def difference(self) -> Decimal:
        """Theirs less ours; what is not known counts as nothing here, and is explained as such."""
        return (self.told or Decimal(0)) - (_measured(self.ours, self.by) or Decimal(0))

    @property
    def left(self) -> Decimal:
        """What is left of the difference once what was booked is taken from it."""
        return self.difference - self.booked

    @property
    def share(self) -> Decimal | None:
        """The difference as a share of what the provider says; None where that is nothing."""
        return abs(self.difference) / abs(self.told) if self.told else None

    @property
    def tone(self) -> Tone:
        """Green, amber or red, by what is left. Where the provider says nothing, any difference is red."""
        if not self.left:
            return Tone.GREEN
        share = abs(self.left) / abs(self.told) if self.told else None
        if share is None or share > AMBER:
            return Tone.RED
        return Tone.GREEN if share <= GREEN else Tone.AMBER


def _measured(side: Side, by: Measure) -> Decimal | None:
    if by is Measure.USD:
        return side.usd
    return None if side.tokens is None else Decimal(side.tokens)


@dataclass(frozen=True, slots=True)
class Explained:
    """A part of the difference: why, how much (dollars or tokens), and the days and models it is of."""

    cause: Cause
    amount: Decimal
    keys: tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """A provider's month against ours. `rows` by day, then model (by the name that is told first)."""

    rows: Mapping[Key, Compared]
    whole: Compared
    explained: Sequence[Explained]


def model_key(name: str) -> str:
    """Names that mean one model, as one: the order of words, signs between them, case and a date do not matter.

    So `Claude Haiku 4.5` and `claude-haiku-4-5-20251001` are one; a model that is told nowhere is the empty name.
    """
    return " ".join(sorted(_WORD.findall(_DATE_IN_NAME.sub("", name.lower()).replace("latest", ""))))


def reconcile(
    ours: Mapping[Key, Side],
    theirs: Mapping[Key, Side],
    booked: Mapping[Key, Decimal] | None = None,
    booked_whole: Decimal = NONE_BOOKED,
) -> Reconciliation:
    """Compares both sides by day and `model_key`: money, or tokens where the provider's side has no money at all.

    `booked` is what was booked of single days and models, `booked_whole` of all together.
    """
    by = Measure.USD if any(side.usd is not None for side in theirs.values()) or not theirs else Measure.TOKENS
    nothing = Side()
    booked = booked or {}
    rows = {
        key: Compared(ours.get(key, nothing), theirs.get(key, nothing), by, booked.get(key, NONE_BOOKED))
        for key in sorted({*ours, *theirs})
    }
    sides = [_sum(row.ours for row in rows.values()), _sum(row.theirs for row in rows.values())]
    whole = Compared(sides[0], sides[1], by, sum(booked.values(), booked_whole))
    return Reconciliation(rows, whole, _explain(rows))


def _sum(sides: Iterable[Side]) -> Side:
    total = Side()
    for side in sides:
        total = total.plus(side)
    return total


def _explain(rows: Mapping[Key, Compared]) -> list[Explained]:
    """The causes with their amounts, the greatest first; together they are the difference."""
    amounts: dict[Cause, Decimal] = {}
    keys: dict[Cause, list[Key]] = {}
    for key, row in rows.items():
        for cause, amount in causes_of(row).items():
            if amount:
                amounts[cause] = amounts.get(cause, Decimal(0)) + amount
                keys.setdefault(cause, []).append(key)
    found = [Explained(cause, amount, tuple(keys[cause])) for cause, amount in amounts.items()]
    return sorted(found, key=lambda one: (-abs(one.amount), one.cause))


def causes_of(row: Compared) -> dict[Cause, Decimal]:
    """What explains the difference of one day and model; the amounts add up to it."""
    ours, theirs, difference = row.ours, row.theirs, row.difference
    if not difference:
        return {}
    if ours.tokens is None and ours.usd is None:
        return {Cause.NOT_HERE: difference}
    if theirs.tokens is None and theirs.usd is None:
        return {Cause.NOT_THERE: difference}
    if row.by is Measure.TOKENS:
        return {Cause.VOLUME: difference}
    return _money_causes(ours, theirs, difference)


def _money_causes(ours: Side, theirs: Side, difference: Decimal) -> dict[Cause, Decimal]:
    if ours.usd is None:
        return {Cause.UNPRICED: difference}
    if not (ours.tokens and theirs.tokens):
        return {Cause.UNPRICED if ours.unpriced_tokens else Cause.UNKNOWN: difference}
    # At what a token costs here, the tokens that are missing or too many; the rest is what a token costs there.
    volume = ours.usd * theirs.tokens / ours.tokens - ours.usd
    rest = Cause.UNPRICED if ours.unpriced_tokens else Cause.PRICE
    return {Cause.VOLUME: volume, rest: difference - volume}
