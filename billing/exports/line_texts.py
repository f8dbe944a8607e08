"""Rows of cost lines as a format writes them, a million of them: `line_table` in parts that come again.

PostgreSQL words numbers and ids; what lines have in common (names, words, the price) is written once for each set of
them, and so are times.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from billing.exports.columns import Cell, Encoder
from billing.exports.line_table import COLUMNS, WORDS, moment_text, price_name, unit_price
from billing.reads.cost_lines import KEY_FIELDS, LABELS, Batch, Key
from billing.reads.line_names import Names
from billing.reads.reporting import Reporting

MOST = 4_000
_PLACES = {column.name: place for place, column in enumerate(COLUMNS)}


def _span(first: str, last: str) -> slice:
    return slice(_PLACES[first], _PLACES[last] + 1)


_CHOICES, _TIMES, _NAMES = _span("entry", "outcome"), _span("hour", "booked_on"), _span("workflow", "price")
_UNIT, _ENDS = _span("unit", "unit"), _span("currency", "reporting_currency")
_KEYS = slice(3, 3 + len(KEY_FIELDS))


@dataclass(frozen=True, slots=True)
class _Common:
    """The parts that all lines with one key have."""

    choices: str
    names: str
    unit: str
    ends: str
    unit_price: str


@dataclass(frozen=True, slots=True)
class _When:
    """The parts that all lines of an hour have that count on one day; `is_same`: a unit is a US dollar."""

    text: str
    rate: str
    number: Decimal | None
    is_same: bool


class LineTexts:
    """Turns lines (as `read_texts` has them) into rows of one format."""

    def __init__(self, team_id: UUID, reporting: Reporting, encoder: Encoder) -> None:
        self.names, self.reporting, self.encoder = Names(team_id), reporting, encoder
        self.known: dict[Key, _Common] = {}
        self.times: dict[tuple[str, date], _When] = {}

    def rows(self, batches: Iterable[Batch]) -> Iterator[str]:
        """A row for each line."""
        join, name, numbers = self.encoder.between.join, self.encoder.name, self.encoder.numbers
        known, times, no_name = self.known, self.times, self.encoder.name("")
        for batch in batches:
            self._learn(batch)
            for line in batch:
                common, when = known[line[_KEYS]], times[line[1:3]]
                corrects, counts, money, cost = line[-4:]
                reported = f"{when.rate},{cost or ''}" if when.is_same else self._reported(when, cost)
                yield join(
                    (
                        *(name(line[0]), common.choices, when.text, common.names),
                        *(name(corrects) if corrects else no_name, numbers(counts), common.unit),
                        *(numbers(money), common.ends, numbers(reported), common.unit_price),
                    )
                )

    def _learn(self, batch: Batch) -> None:
        """Writes what the batch has in common with no other one before."""
        if len(self.known) > MOST:
            self.known.clear()
        if len(self.times) > MOST:
            self.times.clear()
        new = {line[_KEYS] for line in batch} - self.known.keys()
        if new:
            self.names.learn(new)
            self.known.update((key, self._common(key)) for key in new)
        self.times.update((told, self._when(*told)) for told in {line[1:3] for line in batch} - self.times.keys())

    def _common(self, key: Key) -> _Common:
        entry, kind, basis, outcome, workflow, *rest = key
        labels, (tags, tier, region, price, unit, currency, reason) = rest[: len(LABELS)], rest[len(LABELS) :]
        names: list[Cell] = [self.names.workflows[workflow], *(self.names.labels[label] for label in labels)]
        names += [self.names.tags[tags], tier or None, region or None, None if price is None else price_name(price)]
        words = [told[number] for told, number in zip(WORDS.values(), (entry, kind, basis, outcome), strict=True)]
        ends = (currency, reason or None, self.reporting.currency)
        cells = self.encoder.cells
        return _Common(
            choices=cells(COLUMNS[_CHOICES], words),
            names=cells(COLUMNS[_NAMES], names),
            unit=cells(COLUMNS[_UNIT], [unit or None]),
            ends=cells(COLUMNS[_ENDS], ends),
            unit_price=self.encoder.numbers(unit_price(self.names.rate_of(kind, price)) or ""),
        )

    def _when(self, hour: str, day: date) -> _When:
        rate = self.reporting.rate_on(day)
        text = self.encoder.cells(COLUMNS[_TIMES], (moment_text(hour), day.isoformat()))
        return _When(text, "" if rate is None else format(rate, "f"), rate, rate == 1)

    def _reported(self, when: _When, cost: str | None) -> str:
        """The rate of the day and what the line costs in the reporting currency."""
        return f"{when.rate},{self.reporting.amount(when.number, cost) or ''}"
