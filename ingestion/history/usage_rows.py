"""A row of a usage file as an item of the REST way in: one run with one step. Pure, but for the rates handed in."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Context, Decimal
from typing import Any

from django.utils.translation import gettext as _

from accounts import formats
from ingestion.history.usage_mapping import ALL_INPUT, NAMES, TAG, TOKENS, Mapping

# A row is a call, a day or a month of usage: more than this of one kind is a mistake, and sums of it would not fit.
MAX_TOKENS = 10**15
WORKFLOW, NODE = "Imported usage", "usage"
USD = "USD"
# Python reads no longer ones as numbers.
_MAX_DIGITS = 20
_WHOLE = re.compile(r"\d+(\.0+)?")
_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE]-?\d{1,3})?")
_EXACT = Context(prec=200)
_PARTS = ("cache_read_tokens", "cache_write_tokens")

# Dollars for one unit of a currency on a day; None where the team has no rate for it.
RateOn = Callable[[str, date], Decimal | None]


class BadCell(ValueError):
    """A row that cannot be read: the column, and why."""

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(f"{column}: {reason}")
        self.column, self.reason = column, reason


@dataclass(frozen=True, slots=True)
class Usage:
    """What a row says: tokens by their names, money in dollars (None: not told), and the rest as an item."""

    item: dict[str, Any]
    tokens: dict[str, int]
    cost_usd: Decimal | None
    at: datetime

    @property
    def is_silent(self) -> bool:
        """Whether it tells neither tokens nor a cost: a run whose usage is not known."""
        return not self.tokens and self.cost_usd is None


class RowReader:
    """Reads rows by a mapping. `prefix` makes the ids: the same file gives the same ones."""

    def __init__(self, mapping: Mapping, prefix: str, rate_on: RateOn) -> None:
        self.mapping = mapping
        self.prefix = prefix
        self.rate_on = rate_on

    def read(self, line: int, row: dict[str, str]) -> Usage:
        """The usage of one row; `line` is where it begins in the file. Raises `BadCell`."""
        told = self._told(row)
        at = self._time(told["time"])
        tokens = self._tokens(told)
        calls = self._count("calls", told.get("calls"))
        cost = self._cost(told, at.date())
        step: dict[str, Any] = {
            "id": "usage",
            "kind": "model",
            "node": told.get("node") or NODE,
            "started_at": at.isoformat(),
            "status": "succeeded",
            **{name: told[name] for name in ("provider", "model") if told.get(name)},
            **tokens,
        }
        if cost is not None:
            step["cost_usd"] = cost
        if calls is not None:
            step["attributes"] = {"calls": calls}
        item = {
            "id": f"{self.prefix}-{line}",
            "workflow": told.get("workflow") or WORKFLOW,
            "status": "succeeded",
            **{"started_at": at.isoformat(), "finished_at": at.isoformat(), "steps": [step]},
            **{name: told[name] for name in ("environment", "release") if told.get(name)},
        }
        tags = {name.removeprefix(TAG): value for name, value in told.items() if name.startswith(TAG) and value}
        return Usage({**item, "tags": tags} if tags else item, tokens, cost, at)

    def _told(self, row: dict[str, str]) -> dict[str, str]:
        found = {target: (row[column] or "").strip() for target, column in self.mapping.columns.items()}
        for target, text in found.items():
            if "\x00" in text:
                raise BadCell(self._column(target), _("holds the character NUL, which no text may"))
        for target in (*NAMES, *(name for name in found if name.startswith(TAG))):
            if len(found.get(target, "")) > 200:
                raise BadCell(self._column(target), _("must have at most 200 characters"))
        return {**found, **self.mapping.constants}

    def _column(self, target: str) -> str:
        return self.mapping.columns.get(target, target)

    def _time(self, text: str) -> datetime:
        try:
            found = datetime.fromisoformat(text)
        except ValueError:
            reason = _("is no time: {text}; write it as 2026-08-31T14:00:00Z").format(text=repr(text[:40]))
            raise BadCell(self._column("time"), reason) from None
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)

    def _count(self, target: str, text: str | None) -> int | None:
        if not text:
            return None
        if not _WHOLE.fullmatch(text):
            raise BadCell(self._column(target), _why_not(text).format(text=repr(text[:40])))
        digits = text.partition(".")[0].lstrip("0") or "0"
        count = int(digits) if len(digits) <= _MAX_DIGITS else MAX_TOKENS + 1
        if count > MAX_TOKENS:
            reason = _("is more than {most} in one row: {text}").format(most=formats.count(MAX_TOKENS), text=text[:40])
            raise BadCell(self._column(target), reason)
        return count

    def _tokens(self, told: dict[str, str]) -> dict[str, int]:
        found = {name: self._count(name, told.get(name)) for name in TOKENS}
        total = self._count(ALL_INPUT, told.get(ALL_INPUT))
        if total is not None:
            cached = sum(found[name] or 0 for name in _PARTS)
            if cached > total:
                reason = _("is {count}, less than the {cached} of the cache in it")
                reason = reason.format(count=formats.count(total), cached=formats.count(cached))
                raise BadCell(self._column(ALL_INPUT), reason)
            found["input_tokens"] = total - cached
        return {name: count for name, count in found.items() if count is not None}

    def _cost(self, told: dict[str, str], day: date) -> Decimal | None:
        text, currency = told.get("cost", ""), told.get("currency", "").upper() or USD
        if not text:
            return None
        if not _NUMBER.fullmatch(text):
            raise BadCell(self._column("cost"), _why_no_amount(text).format(text=repr(text[:40])))
        amount = Decimal(text)
        if amount < 0:
            reason = _("must not be negative: {text}; enter credits as adjustments").format(text=text[:40])
            raise BadCell(self._column("cost"), reason)
        if currency == USD:
            return amount
        rate = self.rate_on(currency, day)
        if rate is None:
            column = self._column("currency")
            reason = _("{currency} has no exchange rate on {day}: upload one, or map another currency")
            raise BadCell(column, reason.format(currency=currency[:10], day=day))
        return _EXACT.multiply(amount, rate)


def _why_not(text: str) -> str:
    if "," in text:
        return _("must be a whole number without commas: {text}")
    if text.startswith("-"):
        return _("must not be negative: {text}")
    return _("must be a whole number: {text}")


def _why_no_amount(text: str) -> str:
    if "," in text:
        return _("must be written with a point and without commas, as 1234.56: {text}")
    return _("must be a number without signs of currencies: {text}")
