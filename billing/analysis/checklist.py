"""What must be settled, or accepted with a reason, before a month is closed: pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from accounts.phrases import gettext as _

MIN_REASON, MAX_REASON = 3, 500


class Check(StrEnum):
    """A point of the checklist. Stored with closed months; never rename."""

    OVER = "over"
    EARLIER = "earlier"
    PENDING = "pending"
    UNPRICED = "unpriced"
    SOURCES = "sources"
    RECONCILED = "reconciled"
    RATES = "rates"


# What nobody can accept: it must be settled first.
STRICT = frozenset({Check.OVER, Check.EARLIER, Check.PENDING})


@dataclass(frozen=True, slots=True)
class Point:
    """A point as it stands: `open_items` says what is not settled, in words; none: it is settled."""

    check: Check
    words: str
    open_items: Sequence[str] = ()

    @property
    def is_settled(self) -> bool:
        """Whether nothing is open."""
        return not self.open_items

    @property
    def is_strict(self) -> bool:
        """Whether it cannot be accepted as it is."""
        return self.check in STRICT


def refusals(points: Sequence[Point], reasons: Mapping[str, str]) -> dict[str, str]:
    """Why a month cannot be closed, by check: what is open and neither accepted nor acceptable."""
    found: dict[str, str] = {}
    for point in points:
        reason = reasons.get(point.check.value, "").strip()
        if point.is_settled:
            continue
        if point.is_strict:
            found[point.check.value] = _("must be settled first: {what}").format(what=point.open_items[0])
        elif not MIN_REASON <= len(reason) <= MAX_REASON:
            words = _("needs a reason of {least} to {most} letters to be accepted as it is")
            found[point.check.value] = words.format(least=MIN_REASON, most=MAX_REASON)
    return found


def kept(points: Sequence[Point], reasons: Mapping[str, str]) -> dict[str, dict[str, object]]:
    """The checklist as a closed month keeps it: each point, what was open, and the reason it was accepted for."""
    return {
        point.check.value: {
            "words": point.words,
            "open": list(point.open_items),
            "reason": "" if point.is_settled else reasons.get(point.check.value, "").strip(),
        }
        for point in points
    }
