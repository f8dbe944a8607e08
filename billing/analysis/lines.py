"""Cost lines as the fold works with them: what tells them apart, what they count, and exact sums of both.

NULL (None) says that nobody told: it adds nothing, and a sum is None only where nothing in it is known.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Context, Decimal, Inexact, localcontext
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from billing.analysis.usage import Usage
from monitoring.identity import derive_number

# Sums of money are exact: more digits than PostgreSQL keeps; what would be rounded all the same raises instead.
EXACT = Context(prec=200_000, traps=[Inexact])
_encode = msgspec.json.encode

TOKEN_PARTS = (
    *("input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens"),
    *("cache_write_1h_tokens", "input_audio_tokens", "input_image_tokens"),
    *("output_audio_tokens", "output_image_tokens"),
)


class WorkflowHour(NamedTuple):
    """One hour (its start, UTC) of a workflow in an environment: what lines are made of together."""

    workflow_id: UUID
    environment_id: int
    hour: datetime

    @property
    def day(self) -> date:
        """The day that the hour is on."""
        return self.hour.date()


class Names(NamedTuple):
    """What tells lines apart; 0 and empty where nothing was told. Numbers as `billing.models` stores them."""

    workflow_id: UUID
    environment_id: int
    hour: datetime
    basis: int
    outcome: int
    release_id: int = 0
    node_id: int = 0
    provider_id: int = 0
    model_id: int = 0
    system_id: int = 0
    tag_set_id: int = 0
    tier: str = ""
    region: str = ""
    price_id: int | None = None
    kind: int = 0
    unit: str = ""

    @property
    def of(self) -> WorkflowHour:
        """The hour that the line is of."""
        return WorkflowHour(self.workflow_id, self.environment_id, self.hour)


class Figures(NamedTuple):
    """What a line counts: calls, tokens (parts inside their totals), money, and the quantity of what is not tokens."""

    calls: int = 0
    input_tokens: int | None = None
    cache_read_tokens: int | None = None
    cache_write_tokens: int | None = None
    output_tokens: int | None = None
    reasoning_tokens: int | None = None
    cache_write_1h_tokens: int | None = None
    input_audio_tokens: int | None = None
    input_image_tokens: int | None = None
    output_audio_tokens: int | None = None
    output_image_tokens: int | None = None
    unpriced_tokens: int = 0
    cost_usd: Decimal | None = None
    told_usd: Decimal | None = None
    priced_usd: Decimal | None = None
    list_usd: Decimal | None = None
    billed: Decimal | None = None
    quantity: Decimal | None = None

    @property
    def usage(self) -> Usage:
        """Tokens and calls, as prices rate them."""
        return Usage(*self[1:11], calls=self.calls)

    @property
    def is_nothing(self) -> bool:
        """Whether there is nothing to say: no figure, or zeros alone."""
        return not any(self)

    def plus(self, other: "Figures") -> "Figures":
        """Both together."""
        with localcontext(EXACT):
            return Figures(*(_plus(a, b) for a, b in zip(self, other, strict=True)))

    def less(self, other: "Figures") -> "Figures":
        """What this has more than the other."""
        with localcontext(EXACT):
            return Figures(*(_plus(a, None if b is None else -b) for a, b in zip(self, other, strict=True)))


def _plus(one: Any, other: Any) -> Any:
    return other if one is None else one if other is None else one + other


def difference(one: Decimal, other: Decimal) -> Decimal:
    """`one - other`, exactly."""
    with localcontext(EXACT):
        return one - other


@dataclass(frozen=True, slots=True)
class Line:
    """A line of `cost_line` that the fold owns; `entry` as stored there. `billed` of its figures is in `currency`."""

    id: int
    entry: int
    booked_on: date
    names: Names
    figures: Figures
    currency: str = "USD"
    corrects_id: int | None = None
    reason: str = ""


def usage_id(names: Names, excess: int = 0) -> int:
    """The id of a line of usage. `excess` says which parts are greater than their totals.

    Usage of which that is so is a line of its own, so that the buckets of a sum are the sums of the buckets.
    """
    return derive_number("cost line", _encode((names, excess)))


def re_rated_id(line_id: int, re_rating_id: UUID) -> int:
    """The id of what a price change adds to a line of usage."""
    return derive_number("re-rated", _encode((line_id, re_rating_id)))


def correction_id(names: Names, currency: str, booked_on: date) -> int:
    """The id of the one correction of these names in the month that it is booked in."""
    return derive_number("correction", _encode((names, currency, booked_on)))


def sum_lines(lines: Iterable[Line]) -> dict[tuple[Names, str], Figures]:
    """Figures added up by names and currency."""
    found: dict[tuple[Names, str], Figures] = {}
    for line in lines:
        key = line.names, line.currency
        found[key] = found[key].plus(line.figures) if key in found else line.figures
    return found
