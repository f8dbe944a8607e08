"""What a generated workflow is made of."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Node:
    """A place in a workflow. Durations are log-normal around `median_ms`; `failure` is the chance of one try.

    `inside` names the node that this one runs under. A try that fails is repeated up to `tries` times.
    """

    name: str
    kind: str
    median_ms: float
    failure: float = 0.001
    error: tuple[str, str] = ("RuntimeError", "unexpected answer")
    spread: float = 0.35
    tries: int = 1
    inside: str = ""
    model: str = ""
    tool: str = ""
    system: str = ""
    tokens: tuple[int, int] = (0, 0)


@dataclass(frozen=True, slots=True)
class Shape:
    """A workflow. It runs every `every_minutes`, or about `weight` shares of the other runs at office hours.

    `releases` are (days before the end, name), oldest first.
    """

    name: str
    type: str
    trigger: str
    nodes: tuple[Node, ...]
    weight: int = 0
    every_minutes: int = 0
    releases: tuple[tuple[float, str], ...] = ((40, "1.0.0"),)
    input_types: tuple[str, ...] = ()
    objective: float = 0.99
    memory_mb: int = 180


@dataclass(frozen=True, slots=True)
class Model:
    """A model with its provider and prices: US dollars per million tokens in and out."""

    provider: str
    usd_in: Decimal
    usd_out: Decimal


MODELS = {
    "gpt-4o": Model("openai", Decimal("2.50"), Decimal("10.00")),
    "gpt-4o-mini": Model("openai", Decimal("0.15"), Decimal("0.60")),
    "claude-sonnet-4": Model("anthropic", Decimal("3.00"), Decimal("15.00")),
    "mistral-large": Model("mistral", Decimal("2.00"), Decimal("6.00")),
}
# A model that runs in the house: tokens are told, a price is not.
UNPRICED = {"llama-3.3-70b": "self-hosted"}

PAYMENTS = "api.payments.example"
CRM = "crm.example"
WAREHOUSE = "warehouse.internal"
RATE_LIMIT = ("RateLimitError", "429 Too Many Requests: retry after 2 s")
