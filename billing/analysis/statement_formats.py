"""Which columns the exports of providers have, as of November 2026.

OpenAI exports costs (`start_time_iso`, `amount_value`, `amount_currency`, `line_item`) and completions usage
(`start_time_iso`, `model`, `num_model_requests`, `input_tokens` with `input_cached_tokens` inside, `output_tokens`);
Anthropic exports costs (`usage_date_utc`, `model`, `token_type`, `cost_usd`) and usage (`usage_date_utc`,
`model_version`, `usage_input_tokens_no_cache` ...). Any other file says itself which column is which.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from accounts.phrases import gettext_noop


@dataclass(frozen=True, slots=True)
class StatementFormat:
    """Which columns mean what: alternatives in the order in which they are looked for.

    `tokens` are added up. A file is of this format when it has all columns in `signs`.
    """

    key: str
    label: str
    provider: str
    signs: frozenset[str]
    day: tuple[str, ...]
    model: tuple[str, ...]
    amount: tuple[str, ...] = ()
    currency: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    tokens: tuple[str, ...] = ()


FORMATS: tuple[StatementFormat, ...] = (
    StatementFormat(
        "openai-costs",
        gettext_noop("OpenAI costs"),
        "openai",
        frozenset({"amount_value", "amount_currency"}),
        day=("start_time_iso", "start_time"),
        model=("line_item",),
        amount=("amount_value",),
        currency=("amount_currency",),
    ),
    StatementFormat(
        "openai-usage",
        gettext_noop("OpenAI usage"),
        "openai",
        frozenset({"num_model_requests", "input_tokens", "output_tokens"}),
        day=("start_time_iso", "start_time"),
        model=("model",),
        calls=("num_model_requests",),
        tokens=("input_tokens", "output_tokens"),
    ),
    StatementFormat(
        "anthropic-costs",
        gettext_noop("Anthropic costs"),
        "anthropic",
        frozenset({"usage_date_utc", "token_type", "cost_usd"}),
        day=("usage_date_utc",),
        model=("model",),
        amount=("cost_usd",),
    ),
    StatementFormat(
        "anthropic-usage",
        gettext_noop("Anthropic usage"),
        "anthropic",
        frozenset({"usage_date_utc", "model_version", "usage_output_tokens"}),
        day=("usage_date_utc",),
        model=("model_version",),
        tokens=(
            "usage_input_tokens_no_cache",
            "usage_input_tokens_cache_write_5m",
            "usage_input_tokens_cache_write_1h",
            "usage_input_tokens_cache_read",
            "usage_output_tokens",
        ),
    ),
)


def generic(mapping: Mapping[str, str]) -> StatementFormat:
    """The format of a file that says itself which column is which: `day`, `model`, `amount`, `currency`, `calls`.

    `tokens` may name several columns, separated by commas.
    """

    def named(field: str) -> tuple[str, ...]:
        found = [part.strip() for part in mapping.get(field, "").split(",")]
        return tuple(part for part in found if part)

    one = {field: named(field)[:1] for field in ("day", "model", "amount", "currency", "calls")}
    return StatementFormat(
        "generic", gettext_noop("CSV with a mapping"), "", frozenset(), tokens=named("tokens"), **one
    )


def recognise(header: Sequence[str]) -> StatementFormat | None:
    """The known format with all its signs in the header."""
    names = {name.strip().lower() for name in header}
    return next((one for one in FORMATS if one.signs <= names), None)
