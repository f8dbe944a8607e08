"""JSON as the reading API writes it: amounts of money are numbers, times end in Z."""

from decimal import Decimal
from typing import Any

from rest_framework.renderers import JSONRenderer
from rest_framework.utils.encoders import JSONEncoder


class NumberEncoder(JSONEncoder):
    """Writes an amount as a number. The shortest text of a double keeps 15 digits, more than any price has."""

    def default(self, obj: Any) -> Any:
        """What JSON has for a value that it does not know."""
        return float(obj) if isinstance(obj, Decimal) else super().default(obj)


class NumberRenderer(JSONRenderer):
    """JSON in which amounts are numbers."""

    encoder_class = NumberEncoder
