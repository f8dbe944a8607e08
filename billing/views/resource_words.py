"""How rates of resources are worded on pages and in exports."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from billing.analysis.pricing import plain
from billing.models import AllocationKey, RateUnit, ResourceRate
from billing.reads.resources import ListedRate
from billing.views.price_words import days_text, rate_text
from billing.views.words import kind_words

CSV_HEADER = (
    *("Name", "Kind", "Unit", "Amount", "Currency", "Workflow", "Environment", "External system", "Billed by"),
    *("Shared out by", "From", "Before", "This month, USD", "Note", "By", "Removed"),
)


# What fixed amounts are shared out by, in a cell.
_KEYS = {
    AllocationKey.RUNS: gettext_noop("runs"),
    AllocationKey.MINUTES: gettext_noop("run minutes"),
    AllocationKey.TOKENS: gettext_noop("tokens"),
    AllocationKey.EQUAL: gettext_noop("equal parts"),
    AllocationKey.NONE: gettext_noop("not allocated"),
}


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
    match RateUnit(row.unit):
        case RateUnit.RUN:
            words = _("{amount} per run")
        case RateUnit.MINUTE:
            words = _("{amount} per minute of run time")
        case RateUnit.GB_HOUR:
            words = _("{amount} per GB-hour")
        case RateUnit.CALL:
            words = _("{amount} per call")
        case RateUnit.MONTH:
            words = _("{amount} per month")
    return words.format(amount=rate_text(row.amount, row.currency))


def rate_words(listed: ListedRate) -> RateWords:
    """The texts of a rate."""
    row = listed.row
    key = _(_KEYS[AllocationKey(row.key)]) if row.key else ""
    days = days_text(row.starts_on, row.ends_on)
    return RateWords(kind_words(row.kind), amount_words(row), _scope_words(listed), key, days)


def _scope_words(listed: ListedRate) -> str:
    if listed.workflow:
        return _("workflow {name}").format(name=listed.workflow)
    if listed.environment:
        return _("environment {name}").format(name=listed.environment)
    return _("external system {name}").format(name=listed.system) if listed.system else _("all workflows")


def csv_cells(listed: ListedRate) -> Sequence[Any]:
    """The cells of a rate under `CSV_HEADER`."""
    row = listed.row
    usd = None if listed.month_usd is None else plain(listed.month_usd)
    names = (listed.workflow, listed.environment, listed.system, listed.provider)
    by = row.created_by.email if row.created_by else ""
    about = (row.name, listed.kind, row.unit, plain(row.amount), row.currency, *names, row.key)
    return (*about, row.starts_on, row.ends_on, usd, row.note, by, row.removed_at)
