"""What providers say against what is counted: a month of one provider, and which providers have no statement."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from uuid import UUID

from django.db import connection
from django.db.models import Count

from billing.analysis.reconciliation import (
    NONE_BOOKED,
    Compared,
    Key,
    Measure,
    Reconciliation,
    Side,
    Tone,
    model_key,
    reconcile,
)
from billing.models import (
    CostDimension,
    CostGrain,
    CostKind,
    CostLine,
    Entry,
    ProviderStatement,
    StatementBooking,
    StatementLine,
)

# What a provider bills is usage, as it counts now: with what was re-rated and corrected, without our own bookings.
_ENTRIES = (Entry.USAGE, Entry.CORRECTION, Entry.RE_RATED)
_OURS = """
SELECT r.bucket, p.value, COALESCE(m.value, ''), sum(r.cost_usd),
    sum(COALESCE(r.input_tokens, 0) + COALESCE(r.cache_read_tokens, 0) + COALESCE(r.cache_write_tokens, 0)
        + COALESCE(r.output_tokens, 0)) FILTER (WHERE num_nonnulls(
            r.input_tokens, r.cache_read_tokens, r.cache_write_tokens, r.output_tokens) > 0)::bigint,
    sum(r.unpriced_tokens)::bigint
FROM cost_rollup r
JOIN label p ON p.team_id = r.team_id AND p.id = r.provider_id
LEFT JOIN label m ON m.team_id = r.team_id AND m.id = r.model_id
WHERE r.team_id = %s AND r.grain = %s AND r.dimension = %s AND r.kind = %s AND r.entry = ANY(%s)
    AND r.bucket >= %s AND r.bucket < %s + interval '1 month' AND (%s = '' OR p.value = %s)
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""


@dataclass(frozen=True, slots=True)
class Month:
    """A provider's month with its statement (None: none was uploaded) and what comparing them says."""

    provider: str
    statement: ProviderStatement | None
    result: Reconciliation
    # The names by which each model is shown, by `model_key`.
    names: Mapping[str, str]
    # What was booked of the statement: by day and model, and of all that was left (None: it was not).
    booked: Mapping[Key, Decimal]
    booked_whole: Decimal | None


@dataclass(frozen=True, slots=True)
class Listed:
    """A provider's month in a list: our money, theirs, and how far apart they are (None: no statement)."""

    provider: str
    compared: Compared
    statement: ProviderStatement | None

    @property
    def tone(self) -> Tone | None:
        """None without a statement."""
        return self.compared.tone if self.statement else None


def month_of(team_id: UUID, provider: str, month: date) -> Month:
    """One provider's month, compared by day and model."""
    statement = _statements(team_id, month, provider).get(provider)
    names: dict[str, str] = {}
    ours = {(day, model): side for (_, day, model), side in _ours(team_id, month, provider, names).items()}
    theirs = _theirs(statement, names) if statement else {}
    told = _booked(team_id, [statement.id]).get(statement.id, {}) if statement else {}
    booked = {(day, model): usd for (day, model), usd in told.items() if day is not None}
    whole = told.get((None, ""))
    result = reconcile(ours, theirs, booked, NONE_BOOKED if whole is None else whole)
    return Month(provider, statement, result, names, booked, whole)


def months(team_id: UUID, month: date) -> list[Listed]:
    """Every provider with usage or a statement in the month, the dearest first."""
    statements = _statements(team_id, month)
    ours, theirs = dict[str, Side](), dict[str, Side]()
    for (provider, *_), side in _ours(team_id, month, "", {}).items():
        ours[provider] = ours.get(provider, Side()).plus(side)
    providers = {one.id: provider for provider, one in statements.items()}
    told = StatementLine.objects.filter(team_id=team_id, statement__in=list(providers))
    for statement, usd, tokens in told.values_list("statement_id", "usd", "tokens"):
        provider = providers[statement]
        theirs[provider] = theirs.get(provider, Side()).plus(Side(usd, tokens))
    booked = _booked(team_id, list(providers))
    sums = {providers[id]: sum(told.values(), NONE_BOOKED) for id, told in booked.items()}
    found = [
        _listed(one, ours.get(one, Side()), theirs.get(one), statements.get(one), sums.get(one, NONE_BOOKED))
        for one in {*ours, *statements}
    ]
    return sorted(found, key=lambda one: (-(one.compared.ours.usd or Decimal(0)), one.provider))


def _listed(
    provider: str, ours: Side, theirs: Side | None, statement: ProviderStatement | None, booked: Decimal
) -> Listed:
    by = Measure.TOKENS if theirs is not None and theirs.usd is None else Measure.USD
    return Listed(provider, Compared(ours, theirs or Side(), by, booked), statement)


def unreconciled(team_id: UUID, month: date) -> list[Listed]:
    """Providers of the month that cost something here and have no statement, or one that is not green."""
    return [one for one in months(team_id, month) if one.tone is not Tone.GREEN and (one.statement or _costs(one))]


def _booked(team_id: UUID, statements: Sequence[UUID]) -> dict[UUID, dict[tuple[date | None, str], Decimal]]:
    """What was booked of statements, by day and `model_key`; of a whole month by no day."""
    rows = StatementBooking.objects.filter(team_id=team_id, statement__in=statements).order_by("id")
    told = list(rows.values_list("statement_id", "day", "model", "line_id"))
    lines = CostLine.objects.filter(team_id=team_id, id__in=[line for *_, line in told])
    amounts = dict(lines.values_list("id", "cost_usd"))
    found: dict[UUID, dict[tuple[date | None, str], Decimal]] = {}
    for statement, day, model, line in told:
        found.setdefault(statement, {})[day, model] = amounts.get(line) or NONE_BOOKED
    return found


def _costs(one: Listed) -> bool:
    return bool(one.compared.ours.usd or one.compared.ours.tokens)


def _statements(team_id: UUID, month: date, provider: str = "") -> dict[str, ProviderStatement]:
    found = ProviderStatement.objects.filter(team_id=team_id, month=month, removed_at__isnull=True)
    if provider:
        found = found.filter(provider=provider)
    told = found.select_related("uploaded_by").annotate(line_count=Count("lines"))
    return {one.provider: one for one in told.order_by("provider")}


def _ours(team_id: UUID, month: date, provider: str, names: dict[str, str]) -> dict[tuple[str, date, str], Side]:
    """What is counted, by provider, day and `model_key`; the names of models go into `names`."""
    entries = [entry.value for entry in _ENTRIES]
    kinds = (CostGrain.DAY.value, CostDimension.NONE.value, CostKind.TOKENS.value)
    with connection.cursor() as cursor:
        cursor.execute(_OURS, [team_id, *kinds, entries, month, month, provider, provider])
        rows = cursor.fetchall()
    found: dict[tuple[str, date, str], Side] = {}
    for day, told, model, usd, tokens, unpriced in rows:
        key = model_key(model)
        names.setdefault(key, model)
        place = (told, day, key)
        found[place] = found.get(place, Side()).plus(Side(usd, tokens, unpriced))
    return found


def _theirs(statement: ProviderStatement, names: dict[str, str]) -> dict[Key, Side]:
    found: dict[Key, Side] = {}
    lines = StatementLine.objects.filter(team_id=statement.team_id, statement=statement).order_by("day", "model")
    for line in lines:
        key = model_key(line.model)
        names.setdefault(key, line.model)
        place = (line.day, key)
        found[place] = found.get(place, Side()).plus(Side(line.usd, line.tokens))
    return found
