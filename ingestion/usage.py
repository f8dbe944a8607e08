"""Usage from a report to columns: tokens in their buckets, and the detail that few tell and prices depend on."""

from typing import Any

from ingestion.records import TOKEN_PARTS, StepReport, Tokens
from monitoring.store.rating import COMPUTED, RULE

NO_TOKENS: tuple[None, ...] = (None,) * 5


def token_columns(tokens: Tokens | None) -> tuple[int | None, ...]:
    """The counts that have columns, in their order."""
    if tokens is None:
        return NO_TOKENS
    return tokens.input, tokens.cache_read, tokens.cache_write, tokens.output, tokens.reasoning


def _is_plain(tokens: Tokens) -> bool:
    """Whether no part of a count is told, as most often."""
    return (
        tokens.cache_write_1h is None
        and tokens.input_audio is None
        and tokens.input_image is None
        and tokens.output_audio is None
        and tokens.output_image is None
    )


def parts_of(tokens: Tokens) -> dict[str, Any]:
    """The parts of counts that were told, by name."""
    return {name: count for name in TOKEN_PARTS if (count := getattr(tokens, name)) is not None}


def detail_of(step: StepReport, *, is_computed_first: bool) -> dict[str, Any] | None:
    """`usage_detail` of a step, see `monitoring.models.step`; None where nobody told any of it."""
    tokens = step.tokens
    found = {} if tokens is None or _is_plain(tokens) else parts_of(tokens)
    if step.calls is not None:
        found["calls"] = step.calls
    if step.tier:
        found["tier"] = step.tier
    if step.region:
        found["region"] = step.region
    if is_computed_first and (tokens is not None or step.cost_usd is not None or found):
        found[RULE] = COMPUTED
    return found or None
