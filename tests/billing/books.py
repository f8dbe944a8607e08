"""Small price books for tests, put in as the command would."""

from datetime import UTC, date, datetime

from billing.analysis.package_prices import Book, ModelRow, PriceRow
from billing.services.loading import Loaded, load_book

LOADED_AT = datetime(2026, 8, 1, tzinfo=UTC)
GPT = {"input": "1.25", "cache_read": "0.125", "output": "10"}
CLAUDE = {"input": "3", "cache_read": "0.3", "cache_write": "3.75", "output": "15"}


def model(provider: str, name: str, *, matches: str = "") -> ModelRow:
    """A model whose name is matched by its start."""
    return ModelRow(provider, name, name, {"contains": provider}, {"starts_with": matches or name}, 200_000)


def price(provider: str, name: str, rates: dict[str, str], *, since: date | None = None, tier: str = "") -> PriceRow:
    """A price for the whole day and every length of context."""
    return PriceRow(provider, name, tier, 0, None, since, None, 0, 1440, tuple(rates.items()))


def small_book(*prices: PriceRow) -> Book:
    """`gpt-5` of OpenAI and `claude-sonnet-5` of Anthropic at these prices, the usual ones where none are told."""
    models = [model("openai", "gpt-5"), model("anthropic", "claude-sonnet-5")]
    usual = [price("openai", "gpt-5", GPT), price("anthropic", "claude-sonnet-5", CLAUDE)]
    return Book(models, list(prices) or usual)


def load(book: Book | None = None, *, source: str = "genai-prices 0.1", now: datetime = LOADED_AT) -> Loaded:
    """Makes this the book."""
    return load_book(book or small_book(), source, now)
