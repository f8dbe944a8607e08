"""Our own check of the rules of FOCUS 1.2: a file's columns, then each row. Pure; rows are texts, "" stands for NULL.

It checks what a row by itself can show (and that a price of a SKU has one SKU): presence, data types and formats, NULL,
allowed values, and the rules between columns. It is no certificate: rules about invoices and contracts need more than a
file. Rule names are `<column or attribute>: what is asked`, as `focus_columns` says where they are from.
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Context, Decimal, InvalidOperation

from billing.analysis.focus_columns import COLUMNS, CORRECTION, MANDATORY, PARENT, Data

_NUMBER = re.compile(r"-?\d+(\.\d+)?(E-?\d+)?")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
_CURRENCY = re.compile(r"[A-Z]{3}")
_NAME = re.compile(r"x_[A-Za-z0-9_]+")
_EXACT = Context(prec=200)
_UNIT_PRICES = ("ContractedUnitPrice", "ListUnitPrice")
_SOLD = ("Usage", "Purchase")
# A SKU price remembered: a file with more different ones is checked for the first ones only.
MOST_PRICES = 200_000

Cells = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Violation:
    """A rule that a row breaks (row 0: the file itself). Rows count from 1, without the heads."""

    row: int
    column: str
    rule: str
    value: str = ""

    def __str__(self) -> str:
        where = f"row {self.row}, {self.column}" if self.row else self.column
        return f"{where}: {self.rule}{f' (is {self.value[:80]!r})' if self.value else ''}"


def check_columns(names: Sequence[str]) -> list[Violation]:
    """What is wrong with the heads of a file."""
    found = [Violation(0, name, "is mandatory and missing") for name in MANDATORY if name not in names]
    found += [Violation(0, name, "stands twice") for name in sorted(set(names)) if names.count(name) > 1]
    for name in names:
        if name not in COLUMNS and not _NAME.fullmatch(name):
            found.append(Violation(0, name, "is no column that we know of FOCUS 1.2, and does not begin with x_"))
    return found


class RowChecker:
    """Checks one row after the other; remembers which SKU each price belongs to."""

    def __init__(self) -> None:
        self.rows = 0
        self.sku_of: dict[str, str] = {}

    def check(self, row: Cells) -> list[Violation]:
        """What is wrong with the next row."""
        self.rows += 1
        found = [Violation(self.rows, *told) for told in _cell_flaws(row)]
        if found:
            return found
        found = [Violation(self.rows, *told) for rule in _RULES for told in rule(row)]
        return found + [Violation(self.rows, *told) for told in self._sku(row)]

    def _sku(self, row: Cells) -> "Iterator[Told]":
        price, sku = row.get("SkuPriceId", ""), row.get("SkuId", "")
        if not price or (len(self.sku_of) >= MOST_PRICES and price not in self.sku_of):
            return
        if self.sku_of.setdefault(price, sku) != sku:
            yield "SkuPriceId", f"must have one parent SkuId; had {self.sku_of[price]} before", sku


def check_rows(names: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[Violation]:
    """All that is wrong with a file, as it is found."""
    yield from check_columns(names)
    checker = RowChecker()
    for row in rows:
        if len(row) != len(names):
            checker.rows += 1
            yield Violation(checker.rows, "(row)", f"has {len(row)} fields, the heads have {len(names)}")
            continue
        yield from checker.check(dict(zip(names, row, strict=True)))


# Column, rule, value.
Told = tuple[str, str, str]


def _cell_flaws(row: Cells) -> Iterator[Told]:
    for name, column in COLUMNS.items():
        value = row.get(name)
        if value is None:
            continue
        if not value:
            if not column.is_nullable:
                yield name, "must not be null", ""
        elif column.allowed and value not in column.allowed:
            yield name, "is not one of the allowed values", value
        elif flaw := _FORMATS[column.data](value):
            yield name, flaw, value


def _no_flaw(value: str) -> str:
    return "" if value.strip() else "must not be blank"


def _decimal_flaw(value: str) -> str:
    return "" if _NUMBER.fullmatch(value) else "must be a plain number: digits, one point, a minus; no commas"


def _moment_flaw(value: str) -> str:
    if not _MOMENT.fullmatch(value):
        return "must be YYYY-MM-DDTHH:mm:ssZ"
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return "is no date that exists"
    return ""


def _currency_flaw(value: str) -> str:
    return "" if _CURRENCY.fullmatch(value) else "must be a currency of three letters (ISO 4217)"


def _pairs_flaw(value: str) -> str:
    """A JSON object with unique keys and values that are neither objects nor lists."""
    doubled: list[str] = []

    def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
        keys = [key for key, _ in pairs]
        doubled.extend(key for key in keys if keys.count(key) > 1)
        return dict(pairs)

    try:
        told = json.loads(value, object_pairs_hook=once)
    except (ValueError, RecursionError):
        return "must be a JSON object"
    if not isinstance(told, dict) or any(isinstance(one, dict | list) for one in told.values()):
        return "must be a JSON object of numbers, texts, true, false and null"
    return "has a key twice" if doubled else ""


_FORMATS: dict[Data, Callable[[str], str]] = {
    Data.STRING: _no_flaw,
    Data.DECIMAL: _decimal_flaw,
    Data.MOMENT: _moment_flaw,
    Data.CURRENCY: _currency_flaw,
    Data.PAIRS: _pairs_flaw,
}


def _amount(row: Cells, name: str) -> Decimal | None:
    try:
        return Decimal(row[name]) if row.get(name) else None
    except InvalidOperation:
        return None


def _periods(row: Cells) -> Iterator[Told]:
    """Ends are exclusive, so they lie behind starts. Text in this format has the order of time."""
    for kind in ("Billing", "Charge"):
        start, end = row.get(f"{kind}PeriodStart", ""), row.get(f"{kind}PeriodEnd", "")
        if start and end and end <= start:
            yield f"{kind}PeriodEnd", f"must be after {kind}PeriodStart", end


def _category(row: Cells) -> Iterator[Told]:
    category, frequency = row.get("ChargeCategory", ""), row.get("ChargeFrequency", "")
    if category == "Purchase" and frequency == "Usage-Based":
        yield "ChargeFrequency", "must not be Usage-Based when ChargeCategory is Purchase", frequency
    parent = PARENT.get(row.get("ServiceSubcategory", ""))
    if parent is not None and parent != row.get("ServiceCategory"):
        yield "ServiceSubcategory", f"belongs to ServiceCategory {parent}", row["ServiceSubcategory"]


def _quantities(row: Cells) -> Iterator[Told]:
    category, is_correction = row.get("ChargeCategory", ""), row.get("ChargeClass") == CORRECTION
    for kind in ("Pricing", "Consumed"):
        quantity, unit = row.get(f"{kind}Quantity"), row.get(f"{kind}Unit")
        if quantity is not None and unit is not None and bool(quantity) != bool(unit):
            yield f"{kind}Unit", f"must be null exactly when {kind}Quantity is", unit
    if row.get("PricingQuantity") == "" and category in _SOLD and not is_correction:
        yield "PricingQuantity", f"must not be null when ChargeCategory is {category}", ""
    if row.get("ConsumedQuantity") and category != "Usage":
        yield "ConsumedQuantity", "must be null when ChargeCategory is not Usage", row["ConsumedQuantity"]
    if row.get("ConsumedQuantity") == "" and category == "Usage" and not is_correction:
        yield "ConsumedQuantity", "must not be null when ChargeCategory is Usage", ""


def _skus(row: Cells) -> Iterator[Told]:
    is_sold = row.get("ChargeCategory") in _SOLD and row.get("ChargeClass") != CORRECTION
    for name in ("SkuId", "SkuPriceId", "PricingCategory", *_UNIT_PRICES):
        if is_sold and row.get(name) == "":
            yield name, f"must not be null when ChargeCategory is {row['ChargeCategory']}", ""
    if row.get("SkuMeter") and row.get("SkuId") == "":
        yield "SkuMeter", "must be null when SkuId is", row["SkuMeter"]


def _products(row: Cells) -> Iterator[Told]:
    """Unit price times quantity is the cost, to the last digit."""
    quantity = _amount(row, "PricingQuantity")
    for name, cost_name in zip(_UNIT_PRICES, ("ContractedCost", "ListCost"), strict=True):
        price, cost = _amount(row, name), _amount(row, cost_name)
        if price is not None and price < 0:
            yield name, "must not be negative", row[name]
        if None in (price, quantity, cost) or row.get("ChargeClass") == CORRECTION:
            continue
        if _EXACT.multiply(price or Decimal(0), quantity or Decimal(0)) != cost:
            yield cost_name, f"must be {name} times PricingQuantity", row[cost_name]


def _unrelated(row: Cells) -> Iterator[Told]:
    """Of a charge that relates to no other (a credit), all four costs are the same."""
    if row.get("ChargeCategory") == "Credit":
        for name in ("ListCost", "ContractedCost", "EffectiveCost"):
            if _amount(row, name) != _amount(row, "BilledCost"):
                yield name, "must match BilledCost when ChargeCategory is Credit", row.get(name, "")


_RULES: tuple[Callable[[Cells], Iterator[Told]], ...] = (
    *(_periods, _category, _quantities, _skus, _products, _unrelated),
)
