"""Adding money exactly: Python's own context keeps 28 digits, sums of cost lines may have more."""

from collections.abc import Iterable
from decimal import Context, Decimal
from functools import reduce

WIDE = Context(prec=200)
_NONE = Decimal(0)


def add_up(amounts: Iterable[Decimal]) -> Decimal:
    """The sum, to the last digit."""
    return reduce(WIDE.add, amounts, _NONE)


def add_known(amounts: Iterable[Decimal | None]) -> Decimal | None:
    """The sum of those that are known; None where none is."""
    told = [one for one in amounts if one is not None]
    return add_up(told) if told else None
