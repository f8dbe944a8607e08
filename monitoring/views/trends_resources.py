"""What the executions of the Trends page used, in words. What nobody told is said to be unknown, never 0."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from monitoring import wording
from monitoring.reads.figures import Tokens, Totals
from monitoring.reads.trends_page import TrendsPage
from monitoring.templatetags.display import when_text
from monitoring.views.comparing import previous_words, relative_change
from monitoring.windows import Window

UNKNOWN = "unknown"
NOBODY_TOLD = "No execution told it."
_METRICS = {
    "Running now": "running",
    "Retries": "retries",
    "API calls": "api_calls",
    "Tokens": "tokens",
    "Cost": "cost",
    "Peak memory": "peak_memory",
    "Storage": "storage",
}


@dataclass(frozen=True, slots=True)
class Resource:
    """One figure of use. `told` is False where nobody told any."""

    label: str
    value: str
    note: str
    told: bool = True

    @property
    def metric(self) -> str:
        """The key of its definition."""
        return _METRICS[self.label]


def resources(page: TrendsPage) -> list[Resource]:
    """Running now, retries, API calls, tokens, cost, memory, storage: what we know of each."""
    now, before, window = page.totals, page.previous, page.window
    calls, memory, storage = now.api_calls, now.peak_memory_bytes, now.storage_bytes
    return [
        _running(page),
        Resource("Retries", wording.count(now.retries), _change(now.retries, before.retries, window)),
        _told("API calls", calls, wording.count(calls), _change(calls, before.api_calls, window)),
        _told("Tokens", now.tokens.total, wording.tokens(now.tokens.total), bucket_words(now.tokens)),
        cost(now, before, window),
        _told("Peak memory", memory, wording.bytes_size(memory), _most("The most that one run held", now.memory_share)),
        _told(
            "Storage", storage, wording.bytes_size(storage), _most("Written by all runs together", now.storage_share)
        ),
    ]


def _most(what: str, share: float | None) -> str:
    """With how near a run came to its limit, where that was told."""
    return f"{what}." if share is None else f"{what}; {wording.percent(share)} of its limit at most."


def cost(now: Totals, before: Totals, window: Window) -> Resource:
    """Cost, and the tokens that nobody could price: with some of those it is a lower bound, and says so."""
    unpriced = f"{wording.tokens(now.unpriced_tokens)} tokens have no price" if now.unpriced_tokens else ""
    if now.cost_usd is None:
        return Resource("Cost", UNKNOWN, f"{unpriced}." if unpriced else NOBODY_TOLD, told=False)
    per_run = f"{wording.usd(now.cost_per_success_usd)} per successful run" if now.cost_per_success_usd else ""
    notes = [per_run, unpriced, "" if unpriced else _change(now.cost_usd, before.cost_usd, window)]
    value = wording.usd(now.cost_usd)
    return Resource("Cost", f"at least {value}" if unpriced else value, ", ".join(note for note in notes if note))


def bucket_words(tokens: Tokens) -> str:
    """The told buckets: `1.2 M input, 3.0 M cached, 200 k output (20 k reasoning)`."""
    reasoning = f" ({wording.tokens(tokens.reasoning)} reasoning)" if tokens.reasoning else ""
    parts: Sequence[tuple[int | None, str]] = (
        (tokens.input, "input"),
        (tokens.cache_read, "read from cache"),
        (tokens.cache_write, "written to cache"),
        (tokens.output, f"output{reasoning}"),
    )
    return ", ".join(f"{wording.tokens(number)} {word}" for number, word in parts if number is not None)


def _running(page: TrendsPage) -> Resource:
    live = page.live
    parts = [
        f"{wording.count(live.queued)} queued" if live.queued else "",
        f"{wording.count(live.waiting)} waiting for a person" if live.waiting else "",
        f"oldest since {when_text(live.oldest_started_at)}" if live.oldest_started_at else "",
    ]
    return Resource(
        "Running now", wording.count(live.running), ", ".join(p for p in parts if p) or "Nothing is queued."
    )


def _told(label: str, number: int | None, value: str, note: str) -> Resource:
    return Resource(label, UNKNOWN, NOBODY_TOLD, told=False) if number is None else Resource(label, value, note)


def _change(now: float | Decimal | None, before: float | Decimal | None, window: Window) -> str:
    change = relative_change(now, before)
    return f"{wording.signed_change(change)} on {previous_words(window)}" if change is not None else ""
