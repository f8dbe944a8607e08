"""Records and lines in few words, for tables of lines that were worked out by hand.

A step reads `in 1000 out 500 @std`: tokens, and the price that it was rated at. Words: `in read write out reason` and
the parts `write1h in_audio in_image out_audio out_image`; `calls`, `told` (dollars), `tier`, `region`, `node`, `model`,
`provider`, `system`, `status`, `attempt`, `at` (minutes after the hour), and the bare words `covered` and
`computed` (what was computed counts, although a cost was told). A line reads as `describe` writes it.
"""

import json
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection

from accounts.models import Team
from accounts.tenancy import team_context
from billing.analysis.lines import Figures
from billing.analysis.rating import rate_usage
from billing.analysis.usage import Bucket
from billing.models import BookPrice, CostBasis, CostLine, CostOutcome, Entry, ExchangeRate, TeamPrice
from billing.store import lines
from ingestion.records import ExecutionReport, StepReport, Tokens
from monitoring.identity import execution_id, step_id
from monitoring.models import Label
from monitoring.statuses import Status
from monitoring.store import rollups
from tests.factories import report, send

HOUR = datetime(2026, 8, 12, 10, 0, tzinfo=UTC)
NOW = datetime(2026, 9, 3, 9, 0, tzinfo=UTC)
# Dollars per million tokens (per call for `call`); of the team those with a list price or `own`.
PRICES: dict[str, dict[str, str]] = {
    "std": {"input": "2", "cache_read": "0.5", "cache_write": "2.5", "cache_write_1h": "4", "output": "8"},
    "batch": {"input": "1", "cache_read": "0.25", "output": "4"},
    "long": {"input": "4", "output": "12"},
    "audio": {"input": "2", "input_audio": "40", "output": "8", "output_audio": "80"},
    "image": {"input": "5", "input_image": "10", "output": "8", "output_image": "40"},
    "reason": {"input": "1", "output": "4", "reasoning": "6"},
    "search": {"call": "0.01", "input": "2", "output": "8"},
    "free": {"input": "0", "output": "0"},
    "tiny": {"input": "0.000001", "output": "0.000003"},
    "new": {"input": "1.5", "cache_read": "0.1", "cache_write": "2", "output": "10"},
    "euro": {"input": "1", "output": "4"},
    "deal": {"input": "1.6", "cache_read": "0.4", "output": "6.4"},
    "own": {"input": "0.5", "output": "1"},
    "in_only": {"input": "3"},
}
TEAM_PRICES = {"deal": "std", "own": None}
ID = {name: number for number, name in enumerate(PRICES, 1001)}
EURO = Decimal("1.1")
_NAME = {id: name for name, id in ID.items()}
_TOKENS = {"in": "input", "read": "cache_read", "write": "cache_write", "out": "output", "reason": "reasoning"}
_PARTS = {"write1h": "cache_write_1h"} | {
    f"{side}_{kind}": f"{side}put_{kind}" for side in ("in", "out") for kind in ("audio", "image")
}
_COLUMNS = {word: f"{name}_tokens" for word, name in {**_TOKENS, **_PARTS}.items()}


def add_prices(team: Team) -> None:
    """Puts the prices of the table in the book and in the team; a euro is worth $1.10 from 2020 on."""
    with team_context(team.id):
        for name, rates in PRICES.items():
            currency = "EUR" if name == "euro" else "USD"
            if name in TEAM_PRICES:
                listed = TEAM_PRICES[name]
                about = {"list_price_id": ID[listed] if listed else None, "model": "m", "rates": rates}
                TeamPrice(team_id=team.id, id=ID[name], **about).save(force_insert=True)
            else:
                told = {"provider": "openai", "model": "m", "rates": rates, "currency": currency, "source": "test"}
                BookPrice.objects.get_or_create(id=ID[name], defaults=told)
        ExchangeRate.objects.create(currency="EUR", starts_on=date(2020, 1, 1), usd=EURO)


def parse(text: str) -> dict[str, Any]:
    """The words of a step."""
    words, told = iter(text.split()), {}
    for word in words:
        if word.startswith("@"):
            told["price"] = word[1:]
        elif word in ("covered", "computed"):
            told[word] = True
        else:
            told[word] = next(words)
    return told


def run(name: str, *steps: str, hour: datetime = HOUR, **fields: Any) -> tuple[ExecutionReport, list[dict[str, Any]]]:
    """A run that ends half an hour into an hour, and its steps as told."""
    told = [parse(text) | {"id": f"s{number}"} for number, text in enumerate(steps)]
    end = hour + timedelta(minutes=30)
    values = {"id": name, "started_at": hour + timedelta(minutes=1), "finished_at": end, **fields}
    return report(**values, steps=[_step(one, hour) for one in told]), told


def _step(told: dict[str, Any], hour: datetime) -> StepReport:
    counts = {name: int(told[word]) for word, name in _TOKENS.items() if word in told}
    start = hour + timedelta(minutes=int(told.get("at", 2)))
    return StepReport(
        id=told["id"],
        node=told.get("node", "work"),
        provider=told.get("provider", "openai"),
        model=told.get("model", "m"),
        external_system=told.get("system"),
        status=Status[told.get("status", "succeeded").upper()],
        attempt=int(told.get("attempt", 1)),
        started_at=start,
        ended_at=start + timedelta(seconds=30),
        tokens=Tokens(**counts) if counts else None,
    )


def tell(team: Team, *runs: tuple[ExecutionReport, list[dict[str, Any]]], now: datetime = NOW) -> None:
    """Sends runs and rates their steps, as the way in does; figures and lines are not made."""
    assert send(team, *(one for one, _ in runs), now=now).rejected == []
    with team_context(team.id):
        for one, steps in runs:
            id = execution_id(team.id, one.id, one.attempt or 1)
            for step in steps:
                _rate(team.id, id, step)
            with connection.cursor() as cursor:
                cursor.execute(_TOTALS, {"team": team.id, "id": id})


_RATE = """
UPDATE step SET cost_usd = %s, told_cost_usd = %s, priced_cost_usd = %s, price_id = %s, usage_detail = %s::jsonb,
    is_covered = %s WHERE team_id = %s AND execution_id = %s AND id = %s
"""
_TOTALS = """
UPDATE execution e SET cost_usd = COALESCE(s.cost, e.told_cost_usd), steps_tell = (e.steps_tell & ~2) | s.tells,
    unpriced_tokens = CASE WHEN e.steps_tell & 1 = 1 THEN s.unpriced
        WHEN s.tells = 2 THEN 0 ELSE e.unpriced_tokens END
FROM (
    SELECT sum(cost_usd) AS cost, CASE WHEN count(cost_usd) > 0 THEN 2 ELSE 0 END AS tells,
        COALESCE(sum(COALESCE(input_tokens, 0) + COALESCE(cache_read_tokens, 0) + COALESCE(cache_write_tokens, 0)
            + COALESCE(output_tokens, 0)) FILTER (WHERE cost_usd IS NULL), 0) AS unpriced
    FROM step WHERE team_id = %(team)s AND execution_id = %(id)s AND NOT is_covered
) s WHERE e.team_id = %(team)s AND e.id = %(id)s
"""


def _rate(team_id: UUID, id: UUID, step: dict[str, Any]) -> None:
    counts = {column: int(step[word]) for word, column in _COLUMNS.items() if word in step}
    usage = Figures(calls=int(step.get("calls", 1)), **counts).usage
    told = Decimal(step["told"]) if "told" in step else None
    rates = {Bucket(name): Decimal(rate) for name, rate in PRICES[step["price"]].items()} if "price" in step else {}
    priced = rate_usage(usage, rates) if rates else None
    if priced is not None and step.get("price") == "euro":
        priced *= EURO
    counted = priced if told is None or ("computed" in step and priced is not None) else told
    detail = {name: int(step[word]) for word, name in _PARTS.items() if word in step}
    detail |= {name: step[name] for name in ("tier", "region") if name in step}
    detail |= {"calls": int(step["calls"])} if "calls" in step else {}
    detail |= {"counts": "computed"} if "computed" in step else {}
    values = [counted, told, priced, ID[step["price"]] if priced is not None else None]
    with connection.cursor() as cursor:
        about = [json.dumps(detail) if detail else None, "covered" in step, team_id, id, step_id(id, step["id"])]
        cursor.execute(_RATE, [*values, *about])


def fold(team: Team, now: datetime = NOW) -> None:
    """Makes figures, lines and their rollups."""
    rollups.fold_all(now, team_id=team.id)
    lines.fold_all(now, team_id=team.id)


def described(team: Team) -> list[str]:
    """All lines of the team, in few words."""
    with team_context(team.id):
        names = dict(Label.objects.values_list("id", "value"))
        return sorted(describe(line, names) for line in CostLine.objects.order_by("id"))


def describe(line: CostLine, names: dict[int, str]) -> str:
    """`usage good priced @std calls 1 in 1000 cost 0.002`: what is as usual, or not known, is left out."""
    told = [Entry(line.entry).name.lower(), CostOutcome(line.outcome).name.lower(), CostBasis(line.basis).name.lower()]
    told += [f"@{_NAME[line.price_id]}"] if line.price_id else []
    usual = {"node": "work", "provider": "openai", "model": "m", "system": None}
    for kind, expected in usual.items():
        found = names.get(getattr(line, f"{kind}_id"))
        told += [f"{kind} {found or '-'}"] if found != expected else []
    told += [f"{word} {value}" for word in ("tier", "region") if (value := getattr(line, word))]
    told += [f"calls {line.calls}"] if line.calls else []
    told += [f"{word} {n}" for word, column in _COLUMNS.items() if (n := getattr(line, column)) is not None]
    told += [f"unpriced {line.unpriced_tokens}"] if line.unpriced_tokens else []
    told += _money(line)
    told += [f"hour {line.hour:%m-%d.%H}"] if line.hour != HOUR else []
    told += [f"booked {line.booked_on:%m-%d}"] if line.booked_on != line.hour.date() else []
    return " ".join(told)


def _money(line: CostLine) -> Iterable[str]:
    shown = [("cost", line.cost_usd)]
    shown += [("told", line.told_usd)] if line.told_usd != line.cost_usd else []
    shown += [("priced", line.priced_usd)] if line.priced_usd not in (line.cost_usd, None) else []
    shown += [("list", line.list_usd)] if line.list_usd not in (line.priced_usd, None) else []
    shown += [(line.currency, line.billed)] if line.currency != "USD" else []
    return [f"{word} {plain(amount)}" for word, amount in shown if amount is not None]


def plain(amount: Decimal) -> str:
    """A number without an exponent or trailing zeros, digit by digit."""
    text = format(amount, "f")
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"
