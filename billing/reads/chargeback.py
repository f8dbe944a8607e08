"""What each cost centre or customer is charged: months by the value of a tag, and what has no value of it."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
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

    def add(self, row: CostRollup, sign: int = 1) -> None:
        """Adds the figures of a rollup row."""
        self.calls += sign * row.calls
        self.tokens += sign * sum(getattr(row, name) or 0 for name in _TOKENS)
        self.unpriced_tokens += sign * row.unpriced_tokens
        if row.cost_usd is None:
            return
        self.cost_usd = (self.cost_usd or Decimal(0)) + sign * row.cost_usd
        if row.outcome in WASTED:
            self.waste_usd = (self.waste_usd or Decimal(0)) + sign * row.cost_usd


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
    totals: dict[date, list[CostRollup]] = defaultdict(list)
    rest: dict[tuple[date, str], Sums] = defaultdict(Sums)
    for row in _rows(team_id, chosen):
        if row.dimension == CostDimension.NONE:
            totals[row.bucket].append(row)
        elif row.value_id in values:
            key, value = values[row.value_id]
            tagged[row.bucket, key][value].add(row)
            rest[row.bucket, key].add(row, -1)
    found = []
    for month in sorted(totals):
        for key in _keys(team_id, values.values()):
            own = tagged.get((month, key), {})
            found += [Charge(month, key, value, sums) for value, sums in sorted(own.items())]
            for row in totals[month]:
                rest[month, key].add(row)
            found.append(Charge(month, key, None, rest[month, key]))
    return found


def _rows(team_id: UUID, chosen: Chosen) -> Sequence[CostRollup]:
    dimensions = (CostDimension.NONE, CostDimension.TAG)
    rows = CostRollup.objects.filter(team_id=team_id, grain=CostGrain.MONTH, dimension__in=dimensions)
    if chosen.first:
        rows = rows.filter(bucket__gte=chosen.first.replace(day=1))
    if chosen.end:
        rows = rows.filter(bucket__lt=chosen.end)
    return list(rows)


def _values(team_id: UUID) -> dict[int, tuple[str, str]]:
    """Key and value of each tag, by its label."""
    labels = Label.objects.filter(team_id=team_id, kind=LabelKind.TAG).values_list("id", "value")
    return {id: (key, value) for id, (key, _, value) in ((id, text.partition("=")) for id, text in labels)}


def _keys(team_id: UUID, pairs: Iterable[tuple[str, str]]) -> list[str]:
    """The team's keys in their order, then others that lines have."""
    told = CostSettings.objects.filter(team_id=team_id).values_list("tag_keys", flat=True).first() or []
    seen = {key for key, _ in pairs}
    return [*told, *sorted(seen - set(told))]
