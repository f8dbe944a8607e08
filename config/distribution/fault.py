"""What stands in the way of a cluster, or is not right in one."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """`told` is what was seen in a part, `mend` what to do about it."""

    part: str
    told: str
    mend: str
