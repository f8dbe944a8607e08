"""How many cases each part of the fuzzing tries: a share in `make test`, the whole number in `make fuzz`."""

import os
from collections import Counter
from typing import Any

from hypothesis import HealthCheck, Phase, settings

IS_WHOLE = os.environ.get("FUZZ") == "1"
# How long one request may take: one that hangs is ended.
SECONDS_OF_A_REQUEST = 20

COUNTS: Counter[str] = Counter()


def bounded(whole: int, share: int) -> Any:
    """Settings of a property: `whole` examples in `make fuzz`, `share` in `make test`, always the same.

    Without shrinking in the share: it says quickly that something is wrong, and `make fuzz` says what.
    """
    phases = [Phase.explicit, Phase.generate] + ([Phase.shrink] if IS_WHOLE else [])
    return settings(
        max_examples=whole if IS_WHOLE else share,
        derandomize=not IS_WHOLE,
        database=None,
        deadline=None,
        phases=phases,
        suppress_health_check=list(HealthCheck),
    )


def count(part: str, number: int = 1) -> None:
    """Notes cases that were tried."""
    COUNTS[part] += number
