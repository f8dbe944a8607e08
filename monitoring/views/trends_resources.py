"""What the executions of the Trends page used, in words. What nobody told is said to be unknown, never 0."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from monitoring import wording
from monitoring.reads.figures import Tokens, Totals
from monitoring.reads.trends_page import TrendsPage
from monitoring.templatetags.display import when_text
from monitoring.views.comparing import previous_words, relative_change
from monitoring.windows import Window

UNKNOWN = gettext_noop("unknown")
NOBODY_TOLD = gettext_noop("No execution told it.")
LABELS = {
    "running": gettext_noop("Running now"),
    "retries": gettext_noop("Retries"),
    "api_calls": gettext_noop("API calls"),
    "tokens": gettext_noop("Tokens"),
    "cost": gettext_noop("Cost"),
    "peak_memory": gettext_noop("Peak memory"),
    "storage": gettext_noop("Storage"),
}


@dataclass(frozen=True, slots=True)
class Resource:
    """One figure of use; `metric` is the key of its definition. `told` is False where nobody told any."""

    metric: str
    value: str
    note: str
    told: bool = True

    @property
    def label(self) -> str:
        """What it is called."""
        return _(LABELS[self.metric])


def resources(page: TrendsPage) -> list[Resource]:
    """Running now, retries, API calls, tokens, cost, memory, storage: what we know of each."""
    now, before, window = page.totals, page.previous, page.window
    calls, memory, storage = now.api_calls, now.peak_memory_bytes, now.storage_bytes
    return [
        _running(page),
        Resource("retries", wording.count(now.retries), _change(now.retries, before.retries, window)),
        _told("api_calls", calls, wording.count(calls), _change(calls, before.api_calls, window)),
        _told("tokens", now.tokens.total, wording.tokens(now.tokens.total), bucket_words(now.tokens)),
        cost(now, before, window),
        _told("peak_memory", memory, wording.bytes_size(memory), _memory_words(now.memory_share)),
        _told("storage", storage, wording.bytes_size(storage), _storage_words(now.storage_share)),
    ]


def _memory_words(share: float | None) -> str:
    """With how near a run came to its limit, where that was told."""
    if share is None:
        return _("The most that one run held.")
    words = _("The most that one run held; {share} of its limit at most.")
    return words.format(share=wording.percent(share))


def _storage_words(share: float | None) -> str:
    """With how near a run came to its limit, where that was told."""
    if share is None:
        return _("Written by all runs together.")
    words = _("Written by all runs together; {share} of its limit at most.")
    return words.format(share=wording.percent(share))


def cost(now: Totals, before: Totals, window: Window) -> Resource:
    """Cost, and the tokens that nobody could price: with some of those it is a lower bound, and says so."""
    count = wording.tokens(now.unpriced_tokens) if now.unpriced_tokens else ""
    if now.cost_usd is None:
        words = _("{count} tokens have no price.").format(count=count) if count else _(NOBODY_TOLD)
        return Resource("cost", _(UNKNOWN), words, told=False)
    unpriced = _("{count} tokens have no price").format(count=count) if count else ""
    per_run = ""
    if now.cost_per_success_usd:
        per_run = _("{amount} per successful run").format(amount=wording.usd(now.cost_per_success_usd))
    notes = [per_run, unpriced, "" if unpriced else _change(now.cost_usd, before.cost_usd, window)]
    value = wording.usd(now.cost_usd)
    value = _("at least {amount}").format(amount=value) if unpriced else value
    return Resource("cost", value, ", ".join(note for note in notes if note))


def bucket_words(tokens: Tokens) -> str:
    """The told buckets: `1.2 M input, 3.0 M cached, 200 k output (20 k reasoning)`."""
    parts: Sequence[tuple[int | None, str]] = (
        (tokens.input, _("{count} input")),
        (tokens.cache_read, _("{count} read from cache")),
        (tokens.cache_write, _("{count} written to cache")),
        (tokens.output, _("{count} output ({reasoning} reasoning)") if tokens.reasoning else _("{count} output")),
    )
    reasoning = wording.tokens(tokens.reasoning)
    return ", ".join(
        words.format(count=wording.tokens(number), reasoning=reasoning) for number, words in parts if number is not None
    )


def _running(page: TrendsPage) -> Resource:
    live = page.live
    parts = [
        _("{count} queued").format(count=wording.count(live.queued)) if live.queued else "",
        _("{count} waiting for a person").format(count=wording.count(live.waiting)) if live.waiting else "",
        _("oldest since {at}").format(at=when_text(live.oldest_started_at)) if live.oldest_started_at else "",
    ]
    note = ", ".join(part for part in parts if part) or _("Nothing is queued.")
    return Resource("running", wording.count(live.running), note)


def _told(metric: str, number: int | None, value: str, note: str) -> Resource:
    if number is None:
        return Resource(metric, _(UNKNOWN), _(NOBODY_TOLD), told=False)
    return Resource(metric, value, note)


def _change(now: float | Decimal | None, before: float | Decimal | None, window: Window) -> str:
    change = relative_change(now, before)
    if change is None:
        return ""
    return _("{change} on {period}").format(change=wording.signed_change(change), period=previous_words(window))
