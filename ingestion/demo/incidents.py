"""What goes wrong in the generated team, and when: something to find on every page of the flow.

Times are days before the end. Each incident changes the odds or the speed of a try.
"""

from dataclasses import dataclass
from random import Random

from ingestion.demo.shapes import PAYMENTS, Node, Shape
from ingestion.demo.workflows import BACKUPS, INVOICES, SUPPORT


@dataclass(frozen=True, slots=True)
class Odds:
    """How a try goes: the chance to fail, the error, how much slower it is, and whether failing means a timeout."""

    failure: float
    error: tuple[str, str]
    slower: float = 1.0
    times_out: bool = False


# The payment provider was away for five hours: two workflows fail at different nodes for one reason.
OUTAGE = (9.45, 9.24)
# Release 2.4.0 of the invoices reads scans wrongly; 2.4.1 puts it right.
BAD_RELEASE = "2.4.0"
# Since three days some answers of one model wait in a queue: nothing fails, the tail grows.
SLOW_SINCE = 3.0
# The scheduler stood still for a night.
STANDSTILL = (12.3, 11.9)


def odds_of(shape: Shape, node: Node, days: float, release: str, input_type: str, random: Random) -> Odds:
    """How a try of this node goes at that time."""
    if node.system == PAYMENTS and OUTAGE[0] >= days >= OUTAGE[1]:
        error = ("ConnectTimeout", f"{PAYMENTS} did not answer in {random.randint(29, 31)} s")
        return Odds(0.9, error, 30_000 / max(node.median_ms, 1), times_out=random.random() < 0.4)
    if shape is INVOICES and node.name == "Extract fields" and release == BAD_RELEASE and input_type == "scan":
        return Odds(0.75, ("KeyError", "'supplier_vat_id' is missing in the extracted fields"))
    if shape is SUPPORT and node.name == "Write the answer" and days <= SLOW_SINCE and random.random() < 0.09:
        return Odds(node.failure, node.error, slower=random.uniform(6, 11))
    return Odds(node.failure, node.error)


def is_missed(shape: Shape, days: float) -> bool:
    """Whether a scheduled run never came."""
    return shape is BACKUPS and STANDSTILL[0] >= days >= STANDSTILL[1]
