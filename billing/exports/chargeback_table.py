"""The chargeback sheet as a table: a row a month, tag key and value; what has no value of the key stands apart."""

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

from accounts.tenancy import team_context
from billing.analysis.pricing import plain
from billing.exports.columns import Cell, Column, Shape, columns
from billing.reads.chargeback import charges
from billing.reads.cost_lines import Chosen
from billing.reads.reporting import Reporting

COLUMNS: tuple[Column, ...] = (
    *columns(Shape.DAY, "month"),
    *columns(Shape.TEXT, "tag", "value", "is_tagged"),
    *columns(Shape.MONEY, "cost_usd", "waste_usd"),
    *columns(Shape.COUNT, "tokens", "unpriced_tokens", "calls"),
    *columns(Shape.TEXT, "reporting_currency"),
    *columns(Shape.MONEY, "reporting_rate", "reporting_cost"),
)


def rows(team_id: UUID, chosen: Chosen, reporting: Reporting) -> Iterator[tuple[Cell, ...]]:
    """The rows of the sheet. Opens the team's context itself. The rate is that of the month's last day."""
    with team_context(team_id):
        found = charges(team_id, chosen)
    for one in found:
        sums = one.sums
        cost, waste = (None if usd is None else plain(usd) for usd in (sums.cost_usd, sums.waste_usd))
        last_day = (one.month + timedelta(days=32)).replace(day=1) - timedelta(days=1)
        rate = reporting.rate_on(last_day)
        yield (
            *(one.month.isoformat(), one.key, one.value, "no" if one.value is None else "yes", cost, waste),
            *(sums.tokens, sums.unpriced_tokens, sums.calls, reporting.currency),
            *(None if rate is None else plain(rate), reporting.amount(rate, cost)),
        )
