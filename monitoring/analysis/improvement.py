"""The course of an improvement: from which status it may go to which, by a member and by measuring. Pure.

    planned -> released -> helped | no_help
       ^          |  ^        |  |
       |          v  |        v  v
       +------- reopened <----+--+

Whoever releases names the release; whoever reopens may say why. Measuring closes what is released, and reopens what is
released or helped when its failure group comes back.
"""

from collections.abc import Mapping
from enum import StrEnum


class Standing(StrEnum):
    """Where an improvement stands; the values of `monitoring.models.ImprovementStatus`."""

    PLANNED = "planned"
    RELEASED = "released"
    HELPED = "helped"
    NO_HELP = "no_help"
    REOPENED = "reopened"


BY_MEMBER: Mapping[Standing, frozenset[Standing]] = {
    Standing.PLANNED: frozenset({Standing.RELEASED}),
    # Released by mistake: back to planned. Not to be measured: closed by hand.
    Standing.RELEASED: frozenset({Standing.PLANNED, Standing.HELPED, Standing.NO_HELP, Standing.REOPENED}),
    Standing.HELPED: frozenset({Standing.REOPENED}),
    Standing.NO_HELP: frozenset({Standing.REOPENED, Standing.RELEASED}),
    Standing.REOPENED: frozenset({Standing.RELEASED, Standing.PLANNED}),
}
BY_MEASURING: Mapping[Standing, frozenset[Standing]] = {
    Standing.RELEASED: frozenset({Standing.HELPED, Standing.NO_HELP, Standing.REOPENED}),
    Standing.HELPED: frozenset({Standing.REOPENED}),
}
# What is looked at again and again, while its release is young enough.
WATCHED = frozenset(BY_MEASURING)


def may_become(now: str, then: str, *, by_measuring: bool = False) -> bool:
    """Whether the step is allowed."""
    table = BY_MEASURING if by_measuring else BY_MEMBER
    return Standing(then) in table.get(Standing(now), frozenset())
