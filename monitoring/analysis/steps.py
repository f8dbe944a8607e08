"""What the analysis sees of an execution and of its steps: plain records, None where nothing was told."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec

from monitoring.analysis.timeline import Visit

# Keys of an output that its shape names; what is beyond them only counts.
MAX_KEYS = 24
_TYPES: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "boolean"),
    ((int, float), "number"),
    (str, "text"),
)


class Step(Visit, frozen=True, gc=False):
    """A step as the analysis sees it: `name` is its node. Times as in `Visit`.

    `duration_ms` beats end minus start where told (clocks of two hosts may differ). `shape` is what `describe` says of
    the output, `output_bytes` its size, `is_empty` whether it holds nothing. `side_effect` is what the sender marked.
    """

    kind: str = ""
    duration_ms: float | None = None
    error_type: str = ""
    error: str = ""
    tokens: int | None = None
    shape: str | None = None
    output_bytes: int | None = None
    is_empty: bool | None = None
    text: str = ""
    tool: str = ""
    system: str = ""
    operation: str = ""
    cost_usd: Decimal | None = None
    side_effect: bool | None = None

    @property
    def took_ms(self) -> float | None:
        """How long it ran; None when not told or when its clock ran backwards."""
        told = self.duration_ms
        if told is None and self.start_ms is not None and self.end_ms is not None:
            told = self.end_ms - self.start_ms
        return told if told is not None and told >= 0 else None


class Run(msgspec.Struct, frozen=True):
    """An execution as the analysis sees it."""

    id: str
    steps: Sequence[Step]
    status: str = "unknown"
    workflow: str = ""
    release: str = ""
    trigger: str = ""
    input_type: str = ""
    duration_ms: float | None = None

    @property
    def failing(self) -> bool:
        """Whether it ended in failure."""
        return self.status in ("failed", "timed_out")


def describe(value: Any) -> str:
    """The shape of a JSON value: its type, with the top-level keys of an object or the shape of a list's first item.

    Two outputs with the same keys have the same shape, whatever they hold.
    """
    if value is None:
        return "null"
    if isinstance(value, Mapping):
        keys = sorted(str(key) for key in value)
        beyond = f" +{len(keys) - MAX_KEYS}" if len(keys) > MAX_KEYS else ""
        return "{" + ",".join(keys[:MAX_KEYS]) + beyond + "}"
    if isinstance(value, (list, tuple)):
        first = value[0] if value else None
        inner = describe(first) if not isinstance(first, (list, tuple)) else "list"
        return f"[{inner}]" if value else "[]"
    return next((word for type_, word in _TYPES if isinstance(value, type_)), "other")


def is_nothing(value: Any) -> bool:
    """Whether an output holds nothing: null, no text, no items. A zero and a false are answers."""
    if isinstance(value, str):
        return not value.strip()
    return value is None or (isinstance(value, (Mapping, list, tuple)) and not value)
