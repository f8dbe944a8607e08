"""Cost lines as a table: one row a line, every column that a line has, names instead of ids."""

from collections.abc import Iterable, Iterator
from uuid import UUID

from billing.analysis.pricing import plain
from billing.exports.columns import Cell, Column, Shape, columns
from billing.models import CostBasis, CostKind, CostOutcome, Entry, ResourceRate
from billing.reads.cost_lines import AT, FIELDS, LABELS, TOKENS, Batch, Line, key_of
from billing.reads.line_names import Names
from billing.reads.reporting import Reporting

_MASK = 2**64 - 1
COLUMNS: tuple[Column, ...] = (
    *columns(Shape.TEXT, "line", "entry", "kind", "basis", "outcome"),
    *columns(Shape.MOMENT, "hour"),
    *columns(Shape.DAY, "booked_on"),
    *columns(Shape.TEXT, "workflow", "environment", "release", "node", "provider", "model", "external_system", "tags"),
    *columns(Shape.TEXT, "tier", "region", "price", "corrects"),
    *columns(Shape.COUNT, "calls", *TOKENS, "unpriced_tokens"),
    *columns(Shape.MONEY, "quantity"),
    *columns(Shape.TEXT, "unit"),
    *columns(Shape.MONEY, "cost_usd", "told_usd", "priced_usd", "list_usd", "billed"),
    *columns(Shape.TEXT, "currency", "reason"),
    *columns(Shape.TEXT, "reporting_currency"),
    *columns(Shape.MONEY, "reporting_rate", "reporting_cost", "unit_price"),
)
WORDS = {
    column: {int(one.value): str(one.name).lower() for one in choices}
    for column, choices in (("entry", Entry), ("kind", CostKind), ("basis", CostBasis), ("outcome", CostOutcome))
}
_WORDS = tuple((AT[column], words) for column, words in WORDS.items())
_LABELS = tuple(AT[f"{name}_id"] for name in LABELS)
_EMPTY = tuple(AT[name] for name in ("tier", "region", "unit", "reason"))
_ID, _HOUR, _BOOKED, _WORKFLOW, _TAGS = (AT[name] for name in ("id", "hour", "booked_on", "workflow_id", "tag_set_id"))
_KIND, _PRICE, _CORRECTS, _COST = AT["kind"], AT["price_id"], AT["corrects_id"], AT["cost_usd"]
assert len(COLUMNS) == len(FIELDS) + 4


def line_name(id: int) -> str:
    """The id of a line as text: spreadsheets round whole numbers of more than 15 digits."""
    return f"L{id & _MASK:016x}"


def line_id(name: str) -> int | None:
    """The id that a text stands for; None where it is none."""
    try:
        found = int(name[1:], 16) if len(name) == 17 and name[0] == "L" else -1
    except ValueError:
        return None
    return None if found < 0 else found - 2**64 if found >= 2**63 else found


def price_name(id: int) -> str:
    """The id of a price as text."""
    return f"P{id & _MASK:016x}"


def moment_text(hour: str) -> str:
    """The hour of a line (`2026-08-12 10:00:00`, UTC) as ISO 8601."""
    return f"{hour[:10]}T{hour[11:19]}Z"


def unit_price(rate: ResourceRate | None) -> str | None:
    """What one unit costs in the currency of the line, where it is not of tokens (those have a price a bucket)."""
    return None if rate is None else plain(rate.amount)


class LineTable:
    """Turns lines into rows of cells (`line_texts` writes many of them)."""

    columns = COLUMNS

    def __init__(self, team_id: UUID, reporting: Reporting) -> None:
        self.names = Names(team_id)
        self.reporting = reporting

    def rows(self, batches: Iterable[Batch]) -> Iterator[list[Cell]]:
        """A row for each line."""
        for batch in batches:
            self.names.learn([key_of(line) for line in batch])
            for line in batch:
                yield self._row(line)

    def _row(self, line: Line) -> list[Cell]:
        row = list(line)
        names, labels = self.names, self.names.labels
        row[_ID] = line_name(line[_ID])
        for place, words in _WORDS:
            row[place] = words[line[place]]
        row[_HOUR] = moment_text(line[_HOUR])
        day = line[_BOOKED]
        row[_BOOKED] = day.isoformat()
        row[_WORKFLOW] = names.workflows[line[_WORKFLOW]]
        for place in _LABELS:
            row[place] = labels[line[place]]
        row[_TAGS] = names.tags[line[_TAGS]]
        for place in _EMPTY:
            row[place] = line[place] or None
        if line[_PRICE] is not None:
            row[_PRICE] = price_name(line[_PRICE])
        if line[_CORRECTS] is not None:
            row[_CORRECTS] = line_name(line[_CORRECTS])
        rate = self.reporting.rate_on(day)
        row += (self.reporting.currency, None if rate is None else format(rate, "f"))
        row.append(self.reporting.amount(rate, line[_COST]))
        row.append(unit_price(names.rate_of(line[_KIND], line[_PRICE])))
        return row
