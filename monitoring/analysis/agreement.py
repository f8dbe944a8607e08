"""How often members agree with the suggested causes: counts and shares with intervals."""

from collections.abc import Iterable
from dataclasses import dataclass

from monitoring.analysis.intervals import Interval, wilson
from monitoring.analysis.signals import DECIDABLE, Cause


@dataclass(frozen=True, slots=True)
class Agreement:
    """Decisions of members where `cause` was suggested (None: any): how many, how many kept it, and that share.

    `chosen` counts what members decided instead or as well, in the order of the causes.
    """

    cause: Cause | None
    decided: int
    agreed: int
    share: Interval | None
    chosen: tuple[tuple[Cause, int], ...]


def agreement(decisions: Iterable[tuple[Cause, Cause]]) -> list[Agreement]:
    """Agreement over (suggested, decided by a member): overall first, then by suggested cause.

    Where nothing was suggested (undecided) there is nothing to agree with: these are a row of their own, without a
    share, and not in the overall one.
    """
    pairs = list(decisions)
    suggested = [pair for pair in pairs if pair[0] is not Cause.UNDECIDED]
    rows = [_row(None, suggested)]
    rows += [_row(cause, [pair for pair in pairs if pair[0] is cause]) for cause in (*DECIDABLE, Cause.UNDECIDED)]
    return rows


def _row(cause: Cause | None, pairs: list[tuple[Cause, Cause]]) -> Agreement:
    agreed = sum(suggested is decided for suggested, decided in pairs)
    chosen = tuple((one, count) for one in Cause if (count := sum(decided is one for _suggested, decided in pairs)))
    if cause is Cause.UNDECIDED:
        return Agreement(cause, len(pairs), 0, None, chosen)
    return Agreement(cause, len(pairs), agreed, wilson(agreed, len(pairs)), chosen)
