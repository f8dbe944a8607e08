"""Usage of the REST way in: counts told beside the other fields, a provider's own object, and whether they fit."""

from typing import Any

from billing.analysis.pricing import tier_of
from ingestion.adapters.refusals import Refused
from ingestion.adapters.usage import read_usage
from ingestion.adapters.wire import WireStep
from ingestion.records import Tokens

# These may be told beside the other fields, too, as `input_tokens` and so on.
_FLAT = ("input", "cache_read", "cache_write", "output", "reasoning")


def settle_usage(report: Any) -> None:
    """Puts what an execution or step tells of its usage into `tokens`. Raises `Refused` where parts do not fit.

    Runs for every step of every body. What is told in our own words wins over the provider's object.
    """
    tokens = report.tokens
    if report.input_tokens is not None or report.output_tokens is not None or _has_rarer(report):
        tokens = report.tokens = _merged(tokens, {name: getattr(report, f"{name}_tokens") for name in _FLAT})
    if isinstance(report, WireStep):
        if report.usage is not None:
            tokens = _settle_object(report, tokens)
        if report.tier is not None:
            report.tier = tier_of(report.tier)
    if tokens is not None:
        _check_parts(tokens)


def _has_rarer(told: Any) -> bool:
    return (
        told.cache_read_tokens is not None or told.cache_write_tokens is not None or told.reasoning_tokens is not None
    )


def _merged(first: Tokens | None, second: dict[str, int | None]) -> Tokens:
    """The counts of both; the first one's win."""
    counts = dict.fromkeys(Tokens.__struct_fields__) | second
    for name in Tokens.__struct_fields__:
        told = getattr(first, name, None)
        counts[name] = counts[name] if told is None else told
    return Tokens(**counts)


def _settle_object(step: WireStep, tokens: Tokens | None) -> Tokens | None:
    found = read_usage(step.usage or {})
    if found.tokens is not None and tokens is None:
        tokens = found.tokens
        step.tokens = tokens  # type: ignore[assignment]  # checked by `strict_count`
    step.tier = found.tier if step.tier is None else step.tier
    step.region = found.region if step.region is None else step.region
    return tokens


def _check_parts(tokens: Tokens) -> None:
    """Raises `Refused` where parts are more than their whole."""
    output, reasoning = tokens.output, tokens.reasoning
    if reasoning is not None and output is not None and reasoning > output:
        _refuse("reasoning", "output", output)
    if tokens.cache_write_1h is not None:
        _check(tokens, "cache_write", "cache_write_1h")
    if tokens.input_audio is not None or tokens.input_image is not None:
        _check(tokens, "input", "input_audio", "input_image")
    if tokens.output_audio is not None or tokens.output_image is not None:
        _check(tokens, "output", "reasoning", "output_audio", "output_image")


def _check(tokens: Tokens, whole: str, *parts: str) -> None:
    limit = getattr(tokens, whole)
    told = [name for name in parts if getattr(tokens, name) is not None]
    if limit is not None and sum(getattr(tokens, name) for name in told) > limit:
        _refuse(told[-1], whole, limit)


def _refuse(part: str, whole: str, limit: int) -> None:
    raise Refused(f"tokens.{part}", f"must be at most {limit}, which is `tokens.{whole}`, with its other parts")
