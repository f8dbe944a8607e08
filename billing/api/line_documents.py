"""Cost lines as JSON: the columns of the export with the same names and texts; money is text with all its digits."""

from typing import Any

from rest_framework import serializers as s

from billing.exports.columns import Cell, Shape
from billing.exports.line_table import COLUMNS

_MONEY = "Decimal text, never rounded. Null: not known, which is not 0"
_HELP = {
    "line": "Id of the line",
    "entry": "usage, correction, re_rated, adjustment, credit, commitment, allocated",
    "basis": "unpriced, priced, told, entered",
    "booked_on": "The day it counts on: of its hour, or the first of the open month",
    "tags": "JSON text: an object of cost tags",
    "cost_usd": f"US dollars that count. {_MONEY}",
    "billed": f"In `currency`. {_MONEY}",
    "reporting_cost": "In `reporting_currency`, by the rate beside it (dollars a unit), 10 digits after the point",
    "unit_price": f"What one `unit` costs in `currency`, of what is not tokens. {_MONEY}",
    "unpriced_tokens": "Tokens whose cost is not known",
}
_FIELDS = {
    Shape.TEXT: s.CharField,
    Shape.COUNT: s.IntegerField,
    Shape.MONEY: s.CharField,
    Shape.MOMENT: s.DateTimeField,
    Shape.DAY: s.DateField,
}
_GIVEN = {"line", "entry", "kind", "basis", "outcome", "hour", "booked_on", "calls", "unpriced_tokens", "currency"}


def _field(name: str, shape: Shape) -> Any:
    told = _HELP.get(name, _MONEY if shape is Shape.MONEY else "")
    return _FIELDS[shape](allow_null=name not in _GIVEN, help_text=told)


CostLineSerializer: Any = type(
    "CostLineSerializer",
    (s.Serializer,),
    {
        "__doc__": "A cost line: usage of one hour with one set of names at one price.",
        "__module__": __name__,
        **{column.name: _field(column.name, column.shape) for column in COLUMNS},
    },
)


class CostLinePageSerializer(s.Serializer[Any]):
    """A page of cost lines."""

    next = s.CharField(allow_null=True, help_text="Address of the next page")
    results = CostLineSerializer(many=True)


def line_document(row: list[Cell]) -> dict[str, Cell]:
    """A row of the table as JSON."""
    return {column.name: cell for column, cell in zip(COLUMNS, row, strict=True)}
