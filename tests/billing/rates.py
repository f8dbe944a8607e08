"""Rates of resources, and the lines they make, in few words."""

from collections.abc import Sequence
from datetime import UTC, datetime

from accounts.models import Team
from accounts.tenancy import team_context
from billing.models import CostKind, CostLine, CostOutcome, Entry, ResourceRate
from billing.services.resources import add_rate as save_rate
from billing.services.resources import read_rate
from billing.store.allocation import allocate
from monitoring.models import Label, Workflow
from tests.billing.golden import HOUR, NOW, plain

ENTERED_AT = datetime(2026, 7, 1, 8, 0, tzinfo=UTC)
_WORDS = {"from": "starts_on", "before": "ends_on"}


def add_rate(team: Team, text: str, now: datetime = ENTERED_AT) -> ResourceRate:
    """Enters `name unit amount`, then pairs of words: `workflow a`, `from 2026-08-01`, `key runs` ...

    Fixed amounts are of August alone unless told otherwise.
    """
    name, unit, amount, *words = text.split()
    told = {"name": name, "unit": unit, "amount": amount, "kind": "compute", "starts_on": "2026-07-01"}
    told |= {"starts_on": "2026-08-01", "ends_on": "2026-09-01"} if unit == "month" else {}
    told |= {_WORDS.get(word, word): value for word, value in zip(words[::2], words[1::2], strict=True)}
    with team_context(team.id):
        return save_rate(team_id=team.id, wanted=read_rate(told), by=None, now=now)


def share_out(team: Team, now: datetime = NOW) -> None:
    """Shares out fixed costs of all open months."""
    with team_context(team.id):
        allocate(team.id, now)


def described(team: Team) -> list[str]:
    """All lines of the team that are not of tokens: `usage good compute nightly 12 minute 0.096`."""
    with team_context(team.id):
        names = dict(Workflow.objects.values_list("id", "name"))
        labels = dict(Label.objects.values_list("id", "value"))
        rows = CostLine.objects.exclude(kind=CostKind.TOKENS).order_by("id")
        return sorted(" ".join(_words(row, names.get(row.workflow_id, "-"), labels)) for row in rows)


def _words(row: CostLine, workflow: str, labels: dict[int, str]) -> Sequence[str]:
    told = [Entry(row.entry).name.lower(), CostOutcome(row.outcome).name.lower(), CostKind(row.kind).name.lower()]
    environment = labels.get(row.environment_id, "production")
    told += [workflow, *(["env", environment] if environment != "production" else [])]
    told += ["system", labels[row.system_id]] if row.system_id else []
    told += [plain(row.quantity), row.unit] if row.quantity is not None else []
    told += [plain(row.cost_usd) if row.cost_usd is not None else "unknown"]
    told += [row.currency, plain(row.billed)] if row.currency != "USD" and row.billed is not None else []
    usual = row.booked_on.replace(day=1) if row.entry == Entry.ALLOCATED else HOUR.date()
    told += [f"booked {row.booked_on:%m-%d}"] if row.booked_on != usual else []
    return told
