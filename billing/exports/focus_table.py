"""Cost lines as rows of FOCUS 1.2: one row a line and priced bucket, so that quantity times unit price is the cost.

The billing currency is the ledger's, US dollars; prices in another one show in the PricingCurrency columns. What the
ledger does not know has no row (BilledCost may not be NULL, and 0 would be wrong): `left_out` counts it. Where a line
cannot be taken apart exactly (told, entered, corrected, or changed by hand) it is one row of quantity 1.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from accounts.models import Team
from billing.analysis.allocation import next_month
from billing.analysis.focus_columns import CORRECTION
from billing.exports.columns import Cell, Column, Encoder, Shape
from billing.exports.focus_buckets import DollarPrice
from billing.exports.focus_rows import PRICED_COLUMNS, Category, PricedRows, day_of
from billing.exports.line_table import line_name, moment_text
from billing.models import CostBasis, CostKind, CostOutcome, Entry, ResourceRate
from billing.reads.cost_lines import AT, TOKENS, Batch, Key, Line, key_of
from billing.reads.line_names import Names
from billing.reads.price_rows import PriceRow
from billing.reads.reporting import USD

_MOMENTS = ("BillingPeriodStart", "BillingPeriodEnd", "ChargePeriodStart", "ChargePeriodEnd")
_SHARED = (
    *("BillingAccountId", "BillingAccountName", "BillingAccountType", "BillingCurrency", *_MOMENTS),
    *(
        "ChargeCategory",
        "ChargeClass",
        "ChargeFrequency",
        "x_Line",
        "InvoiceIssuerName",
        "ProviderName",
        "PublisherName",
    ),
    *("RegionId", "RegionName", "ServiceCategory", "ServiceSubcategory", "ServiceName", "SubAccountId"),
    *("SubAccountName", "SubAccountType", "Tags", "PricingCurrency", "x_Entry", "x_Basis", "x_Outcome"),
    *("x_Environment", "x_Workflow", "x_Release", "x_Node", "x_Model", "x_ExternalSystem", "x_Tier", "x_Reason"),
)
COLUMNS: tuple[Column, ...] = (
    *(Column(name, Shape.MOMENT if name in _MOMENTS else Shape.TEXT) for name in _SHARED),
    *PRICED_COLUMNS,
)
_SERVICES = {
    CostKind.TOKENS: ("AI and Machine Learning", "Generative AI"),
    CostKind.COMPUTE: ("Compute", "Other (Compute)"),
    CostKind.STORAGE: ("Storage", "Other (Storage)"),
    CostKind.API: ("Integration", "API Management"),
    CostKind.SUBSCRIPTION: ("Business Applications", "Other (Business Applications)"),
    CostKind.BACKUP: ("Storage", "Backup Storage"),
    CostKind.OTHER: ("Other", "Other (Other)"),
}
_CATEGORIES = {
    Entry.USAGE: ("Usage", "Usage-Based"),
    Entry.CORRECTION: ("Usage", "Usage-Based"),
    Entry.CREDIT: ("Credit", "One-Time"),
    Entry.ALLOCATED: ("Purchase", "Recurring"),
}
_NAMES = COLUMNS[[column.name for column in COLUMNS].index("InvoiceIssuerName") : len(_SHARED)]
_ACCOUNT_AND_PERIODS, _CATEGORY = COLUMNS[:8], COLUMNS[8:11]
_ID, _HOUR, _DAY, _PRICE, _COST, _LIST = (
    AT[name] for name in ("id", "hour", "booked_on", "price_id", "cost_usd", "list_usd")
)
_UNPRICED, _CALLS, _TOKENS = AT["unpriced_tokens"], AT["calls"], slice(AT[TOKENS[0]], AT[TOKENS[-1]] + 1)
_USAGE: Category = ("Usage", None, "Usage-Based")
_MOST = 4_000
_HOUR_LONG = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class _Common:
    """What all lines with one key have: who sold it, what, at which price (`apart`: by whole numbers) or rate."""

    names: str
    sku: str
    price: PriceRow | None
    apart: DollarPrice | None
    rate: ResourceRate | None


@dataclass(frozen=True, slots=True)
class _When:
    """The parts that lines of an hour have that count on one day; `is_late`: in a month after that of the hour."""

    text: str
    is_late: bool


def _periods(hour: str, day: date) -> tuple[str, str, str, str]:
    """The month in which it counts, and its hour: starts and ends."""
    end = (datetime.fromisoformat(hour) + _HOUR_LONG).isoformat(" ")
    return f"{day.replace(day=1)}T00:00:00Z", f"{next_month(day)}T00:00:00Z", moment_text(hour), moment_text(end)


def category_of(line: Line, cost: Decimal) -> Category:
    """ChargeCategory, ChargeClass and ChargeFrequency. Of what was sold nothing is negative, but of corrections."""
    entry = Entry(line[AT["entry"]])
    is_correction = entry is Entry.CORRECTION or _is_late(day_of(line), line[_DAY])
    category, frequency = _CATEGORIES.get(entry, ("Adjustment", "One-Time"))
    if cost < 0 and category in ("Usage", "Purchase") and not is_correction:
        category, frequency = "Adjustment", "One-Time"
    return category, CORRECTION if is_correction else None, frequency


def _is_late(hour: date, day: date) -> bool:
    return (hour.year, hour.month) < (day.year, day.month)


class FocusTable:
    """Turns lines into rows of FOCUS in a format. `left_out` and `left_out_tokens` count what has no known cost."""

    columns = COLUMNS

    def __init__(self, team: Team, encoder: Encoder) -> None:
        self.team, self.encoder = team, encoder
        self.names = Names(team.id)
        self.priced = PricedRows(team.id)
        self.account: tuple[Cell, ...] = (str(team.id), team.name, "Team", USD)
        self.usage = encoder.cells(_CATEGORY, _USAGE)
        self.known: dict[Key, _Common] = {}
        self.times: dict[tuple[str, date], _When] = {}
        self.prices: dict[int, DollarPrice] = {}
        self.left_out = 0
        self.left_out_tokens = 0

    def rows(self, batches: Iterable[Batch]) -> Iterator[str]:
        """The rows of each line, in the order of lines."""
        for batch in batches:
            keys = [key_of(line) for line in batch]
            self._learn(batch, keys)
            for line, key in zip(batch, keys, strict=True):
                if line[_COST] is None:
                    self.left_out += 1
                    self.left_out_tokens += line[_UNPRICED]
                else:
                    yield from self._rows(line, self.known[key], self.times[line[_HOUR], line[_DAY]])

    def _rows(self, line: Line, common: _Common, when: _When) -> list[str]:
        cost, between = line[_COST], self.encoder.between
        rest = f"{between}{self.encoder.name(line_name(line[_ID]))}{between}{common.names}{between}"
        if common.apart and not when.is_late and cost[0] != "-":
            parts = common.apart.rows(line[_TOKENS], line[_CALLS], cost, line[_LIST])
            if parts:
                shared = f"{when.text}{between}{self.usage}{rest}"
                return [shared + part for part in parts]
        category = category_of(line, Decimal(cost))
        shared = f"{when.text}{between}{self.encoder.cells(_CATEGORY, category)}{rest}"
        of_rate = self.priced.of_rate(line, Decimal(cost), common.rate, common.sku) if category == _USAGE else None
        priced = [of_rate] if of_rate else self.priced.of(line, Decimal(cost), common.price, category, common.sku)
        return [shared + self.encoder.cells(PRICED_COLUMNS, part) for part in priced]

    def _learn(self, batch: Batch, keys: Sequence[Key]) -> None:
        """Writes what the batch has in common with no other one before."""
        for kept in (self.known, self.times, self.prices):
            if len(kept) > _MOST:
                kept.clear()
        new = {key: line for key, line in zip(keys, batch, strict=True) if key not in self.known}
        if new:
            self.names.learn(new.keys())
            self.known.update((key, self._common(line)) for key, line in new.items())
        times = {(line[_HOUR], line[_DAY]) for line in batch} - self.times.keys()
        self.times.update((told, self._when(*told)) for told in times)

    def _common(self, line: Line) -> _Common:
        price = self.priced.prices.of(line[_PRICE])
        provider, service = self._provider(line, price), self._service(line)
        names = self.encoder.cells(_NAMES, self._shared(line, provider, service))
        rate = self.names.rate_of(line[AT["kind"]], line[_PRICE])
        return _Common(names, f"{provider}/{service}", price, self._apart(line, price), rate)

    def _apart(self, line: Line, price: PriceRow | None) -> DollarPrice | None:
        """The price, where lines like this one may be taken apart at it, by whole numbers."""
        is_priced = (line[AT["entry"]], line[AT["kind"]], line[AT["basis"]]) == (
            *(Entry.USAGE, CostKind.TOKENS),
            CostBasis.PRICED,
        )
        if price is None or not is_priced or not price.currency == line[AT["currency"]] == USD:
            return None
        return self.prices.setdefault(price.id, DollarPrice(price, self.encoder))

    def _when(self, hour: str, day: date) -> _When:
        text = self.encoder.cells(_ACCOUNT_AND_PERIODS, (*self.account, *_periods(hour, day)))
        return _When(text, _is_late(date.fromisoformat(hour[:10]), day))

    def _provider(self, line: Line, price: PriceRow | None) -> str:
        """Who made it available: as told, else as the price says; what the team entered without one is its own."""
        labels = self.names.labels
        told = labels[line[AT["provider_id"]]] or (price.provider if price else None)
        return told or labels[line[AT["system_id"]]] or self.team.name

    def _service(self, line: Line) -> str:
        labels = self.names.labels
        return labels[line[AT["model_id"]]] or labels[line[AT["system_id"]]] or CostKind(line[AT["kind"]]).label

    def _shared(self, line: Line, provider: str, service: str) -> tuple[Cell, ...]:
        """From InvoiceIssuerName on: who, what, where, and our own columns."""
        names, labels = self.names, self.names.labels
        region, workflow_id = line[AT["region"]] or None, line[AT["workflow_id"]]
        workflow = names.workflows[workflow_id]
        account = (workflow_id, workflow, "Workflow") if workflow else (None, None, None)
        return (
            *(provider, provider, provider, region, region),
            *_SERVICES[CostKind(line[AT["kind"]])],
            *(service, *account, names.tags[line[AT["tag_set_id"]]], line[AT["currency"]]),
            *(Entry(line[AT["entry"]]).name.lower(), CostBasis(line[AT["basis"]]).name.lower()),
            CostOutcome(line[AT["outcome"]]).name.lower(),
            *(
                labels[line[AT["environment_id"]]],
                workflow,
                labels[line[AT["release_id"]]],
                labels[line[AT["node_id"]]],
            ),
            *(labels[line[AT["model_id"]]], labels[line[AT["system_id"]]], line[AT["tier"]] or None),
            line[AT["reason"]] or None,
        )
