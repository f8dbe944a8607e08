"""How rates of resources are worded on pages and in exports."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from billing.analysis.pricing import plain
from billing.models import AllocationKey, CostKind, RateUnit, ResourceRate
from billing.reads.resources import ListedRate
from billing.views.price_words import rate_text

CSV_HEADER = (
    *("Name", "Kind", "Unit", "Amount", "Currency", "Workflow", "Environment", "External system", "Billed by"),
    *("Shared out by", "From", "Before", "This month, USD", "Note", "By", "Removed"),
)


@dataclass(frozen=True, slots=True)
class RateWords:
    """A rate in words: what each costs, what it is for, when it holds."""

    kind: str
    amount: str
    scope: str
    key: str
    days: str


def amount_words(row: ResourceRate) -> str:
    """What each costs: `$0.02 per minute of run time`."""
    return f"{rate_text(row.amount, row.currency)} per {RateUnit(row.unit).label}"


def rate_words(listed: ListedRate) -> RateWords:
    """The texts of a rate."""
    row = listed.row
    scopes = {"workflow": listed.workflow, "environment": listed.environment, "external system": listed.system}
    scope = next((f"{kind} {name}" for kind, name in scopes.items() if name), "all workflows")
    key = AllocationKey(row.key).label.lower() if row.key else ""
    last = f" to {(row.ends_on - timedelta(days=1)).isoformat()}" if row.ends_on else ""
    days = f"since {row.starts_on.isoformat()}{last}"
    return RateWords(CostKind(row.kind).label, amount_words(row), scope, key, days)


def csv_cells(listed: ListedRate) -> Sequence[Any]:
    """The cells of a rate under `CSV_HEADER`."""
    row = listed.row
    usd = None if listed.month_usd is None else plain(listed.month_usd)
    names = (listed.workflow, listed.environment, listed.system, listed.provider)
    by = row.created_by.email if row.created_by else ""
    about = (row.name, listed.kind, row.unit, plain(row.amount), row.currency, *names, row.key)
    return (*about, row.starts_on, row.ends_on, usd, row.note, by, row.removed_at)
