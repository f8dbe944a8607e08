"""What each cost centre or customer is charged: months by the value of a tag, and what has no value of it."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from uuid import UUID

from billing.models import CostDimension, CostGrain, CostOutcome, CostRollup, CostSettings
from billing.reads.cost_lines import Chosen
from monitoring.identity import LabelKind
from monitoring.models import Label

WASTED = (CostOutcome.FAILED, CostOutcome.RETRIED, CostOutcome.AFTER_DIVERGENCE)
_TOKENS = ("input_tokens", "cache_read_tokens", "cache_write_tokens", "output_tokens")


@dataclass(slots=True)
class Sums:
    """What was used and what it cost; money None: nothing of it is known."""

    calls: int = 0
    tokens: int = 0
    unpriced_tokens: int = 0
    cost_usd: Decimal | None = None
    waste_usd: Decimal | None = None

    def add(self, row: CostRollup) -> None:
        """Adds the figures of a rollup row."""
        self.calls += row.calls
        self.tokens += sum(getattr(row, name) or 0 for name in _TOKENS)
        self.unpriced_tokens += row.unpriced_tokens
        if row.cost_usd is None:
            return
        self.cost_usd = (self.cost_usd or Decimal(0)) + row.cost_usd
        if row.outcome in WASTED:
            self.waste_usd = (self.waste_usd or Decimal(0)) + row.cost_usd

    def less(self, parts: Iterable["Sums"]) -> "Sums":
        """What is left without these parts. Money is not known where only tokens without a price are left."""
        left = replace(self)
        for part in parts:
            left.calls -= part.calls
            left.tokens -= part.tokens
            left.unpriced_tokens -= part.unpriced_tokens
            left.cost_usd = _less(left.cost_usd, part.cost_usd)
            left.waste_usd = _less(left.waste_usd, part.waste_usd)
        if left.unpriced_tokens and not left.cost_usd:
            left.cost_usd = None
        return left


def _less(whole: Decimal | None, part: Decimal | None) -> Decimal | None:
    return whole if whole is None or part is None else whole - part


@dataclass(frozen=True, slots=True)
class Charge:
    """A row of the sheet: a month, the key of a tag, its value (None: untagged), and the sums."""

    month: date
    key: str
    value: str | None
    sums: Sums


def charges(team_id: UUID, chosen: Chosen) -> list[Charge]:
    """The sheet of the chosen months, by month, key, value; untagged comes last. Inside the team's context.

    A line has one value of a key at most, so the values of a key and its untagged rest add up to the month.
    """
    values = _values(team_id)
    tagged: dict[tuple[date, str], dict[str, Sums]] = defaultdict(lambda: defaultdict(Sums))
    totals: dict[date, Sums] = defaultdict(Sums)
    for row in _rows(team_id, chosen):
        if row.dimension == CostDimension.NONE:
            totals[row.bucket].add(row)
        elif row.value_id in values:
            key, value = values[row.value_id]
            tagged[row.bucket, key][value].add(row)
    found = []
    for month in sorted(totals):
        for key in _keys(team_id, values.values()):
            own = tagged.get((month, key), {})
            found += [Charge(month, key, value, sums) for value, sums in sorted(own.items())]
            found.append(Charge(month, key, None, totals[month].less(own.values())))
    return found


def _rows(team_id: UUID, chosen: Chosen) -> Iterator[CostRollup]:
    dimensions = (CostDimension.NONE, CostDimension.TAG)
    rows = CostRollup.objects.filter(team_id=team_id, grain=CostGrain.MONTH, dimension__in=dimensions)
    if chosen.first:
        rows = rows.filter(bucket__gte=chosen.first.replace(day=1))
    if chosen.end:
        rows = rows.filter(bucket__lt=chosen.end)
    return rows.iterator(chunk_size=2_000)


def _values(team_id: UUID) -> dict[int, tuple[str, str]]:
    """Key and value of each tag, by its label."""
    labels = Label.objects.filter(team_id=team_id, kind=LabelKind.TAG).values_list("id", "value")
    return {id: (key, value) for id, (key, _, value) in ((id, text.partition("=")) for id, text in labels)}


def _keys(team_id: UUID, pairs: Iterable[tuple[str, str]]) -> list[str]:
    """The team's keys in their order, then others that lines have."""
    told = CostSettings.objects.filter(team_id=team_id).values_list("tag_keys", flat=True).first() or []
    seen = {key for key, _ in pairs}
    return [*told, *sorted(seen - set(told))]
