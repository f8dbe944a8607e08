"""Cost lines as rows of FOCUS 1.2: one row a line and priced bucket, so that quantity times unit price is the cost.

The billing currency is the ledger's, US dollars; prices in another one show in the PricingCurrency columns. What the
ledger does not know has no row (BilledCost may not be NULL, and 0 would be wrong): `left_out` counts it. Where a line
cannot be taken apart exactly (told, entered, corrected, or changed by hand) it is one row of quantity 1.
"""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from uuid import UUID

from accounts.models import Team
from billing.analysis.focus_columns import CORRECTION
from billing.exports.columns import Cell, Column, Shape
from billing.exports.focus_rows import PRICED_COLUMNS, PricedRows
from billing.exports.line_table import line_name, moment_text
from billing.models import CostBasis, CostKind, CostOutcome, Entry
from billing.reads.cost_lines import AT, Batch, Line
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
# Entry to outcome, and workflow to region: what tells lines apart by name.
_CHOICES, _NAMES = slice(AT["entry"], AT["outcome"] + 1), slice(AT["workflow_id"], AT["region"] + 1)
_KEPT = 5_000
_HOUR = timedelta(hours=1)


def at(line: Line, name: str) -> Cell | datetime | date | UUID:
    """A field of a line by its name."""
    found: Cell | datetime | date | UUID = line[AT[name]]
    return found


@lru_cache(maxsize=4096)
def _period(day: date) -> tuple[str, str]:
    """The month that a day is in: its start, and the start of the next one."""
    first = day.replace(day=1)
    following = (first + timedelta(days=32)).replace(day=1)
    return f"{first}T00:00:00Z", f"{following}T00:00:00Z"


@lru_cache(maxsize=8192)
def _charged(hour: datetime) -> tuple[str, str]:
    return moment_text(hour), moment_text(hour + _HOUR)


def category_of(line: Line, cost: Decimal) -> tuple[str, str | None, str]:
    """ChargeCategory, ChargeClass and ChargeFrequency. Of what was sold nothing is negative, but of corrections."""
    entry = Entry(line[AT["entry"]])
    day, hour = line[AT["booked_on"]], line[AT["hour"]].date()
    is_correction = entry is Entry.CORRECTION or (hour.year, hour.month) < (day.year, day.month)
    category, frequency = _CATEGORIES.get(entry, ("Adjustment", "One-Time"))
    if cost < 0 and category in ("Usage", "Purchase") and not is_correction:
        category, frequency = "Adjustment", "One-Time"
    return category, CORRECTION if is_correction else None, frequency


class FocusTable:
    """Turns lines into rows of FOCUS. `left_out` and `left_out_tokens` count what has no known cost."""

    columns = COLUMNS

    def __init__(self, team: Team) -> None:
        self.team = team
        self.names = Names(team.id)
        self.priced = PricedRows(team.id)
        self.account: tuple[Cell, ...] = (str(team.id), team.name, "Team", USD)
        self.known: dict[tuple[object, ...], tuple[Cell, ...]] = {}
        self.left_out = 0
        self.left_out_tokens = 0

    def rows(self, batches: Iterable[Batch]) -> Iterator[tuple[Cell, ...]]:
        """The rows of each line, in the order of lines."""
        for batch in batches:
            self.names.learn(batch)
            for line in batch:
                cost = line[AT["cost_usd"]]
                if cost is None:
                    self.left_out += 1
                    self.left_out_tokens += line[AT["unpriced_tokens"]]
                    continue
                yield from self._rows(line, Decimal(cost))

    def _rows(self, line: Line, cost: Decimal) -> Iterator[tuple[Cell, ...]]:
        price = self.priced.prices.of(line[AT["price_id"]])
        category = category_of(line, cost)
        provider = self._provider(line, price)
        service = self._service(line)
        names = self._kept(line, provider, service)
        shared = (*self.account, *self._periods(line), *category, line_name(line[0]), *names)
        for priced in self.priced.of(line, cost, price, category, f"{provider}/{service}"):
            yield (*shared, *priced)

    def _periods(self, line: Line) -> tuple[Cell, ...]:
        return (*_period(line[AT["booked_on"]]), *_charged(line[AT["hour"]]))

    def _provider(self, line: Line, price: PriceRow | None) -> str:
        """Who made it available: as told, else as the price says; what the team entered without one is its own."""
        labels = self.names.labels
        told = labels[line[AT["provider_id"]]] or (price.provider if price else None)
        return told or labels[line[AT["system_id"]]] or self.team.name

    def _service(self, line: Line) -> str:
        labels = self.names.labels
        return labels[line[AT["model_id"]]] or labels[line[AT["system_id"]]] or CostKind(line[AT["kind"]]).label

    def _kept(self, line: Line, provider: str, service: str) -> tuple[Cell, ...]:
        """`_shared`, made once for lines that have all of its names in common."""
        key = (line[_CHOICES], line[_NAMES], line[AT["currency"]], line[AT["reason"]], provider, service)
        found = self.known.get(key)
        if found is None:
            if len(self.known) > _KEPT:
                self.known.clear()
            found = self.known[key] = self._shared(line, provider, service)
        return found

    def _shared(self, line: Line, provider: str, service: str) -> tuple[Cell, ...]:
        """From InvoiceIssuerName on: who, what, where, and our own columns."""
        names, labels = self.names, self.names.labels
        region, workflow_id = line[AT["region"]] or None, line[AT["workflow_id"]]
        workflow = names.workflows[workflow_id]
        account = (str(workflow_id), workflow, "Workflow") if workflow else (None, None, None)
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
