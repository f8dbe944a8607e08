"""Parts of a sentence joined to one: a list of any length, in the language of the page."""

from collections.abc import Iterable
from functools import reduce

from django.utils.translation import gettext as _


def both(parts: Iterable[str]) -> str:
    """`a and b and c`; nothing of nothing."""
    return _joined(parts, _("{parts} and {last}"))


def either(parts: Iterable[str]) -> str:
    """`a or b or c`; nothing of nothing."""
    return _joined(parts, _("{parts} or {last}"))


def _joined(parts: Iterable[str], words: str) -> str:
    told = list(parts)
    return reduce(lambda before, last: words.format(parts=before, last=last), told[1:], told[0]) if told else ""
