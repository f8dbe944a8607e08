"""The attributes of one span, understood: what tells a field of ours, and what stays an attribute."""

from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from itertools import compress
from typing import Any

import msgspec

from billing.analysis.pricing import tier_of
from ingestion.adapters.otlp.plans import TOKEN_FIELDS, Plan, plan_of
from ingestion.adapters.otlp.shapes import MAX_ATTRIBUTES, MAX_NAME, MAX_TEXT, Attributes, check_count, cut
from ingestion.adapters.rest import MAX_USD, MIN_EXPONENT
from ingestion.adapters.wire import MAX_TOKENS, MAX_WORD
from ingestion.records import Tokens

MAX_PARSED_DEPTH = 64
_TYPES: dict[type, str] = {str: "string", bool: "bool", int: "int", float: "double", list: "array", dict: "object"}
_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.encode


class Memory:
    """What is remembered for the length of a request: plans, and names that nothing understands, with a type each."""

    __slots__ = ("has_long", "plans", "unknown")

    def __init__(self) -> None:
        self.plans: dict[tuple[str, ...], Plan] = {}
        self.unknown: dict[str, str] = {}
        # Whether a text may have been read that is longer than is kept.
        self.has_long = False

    def tell(self, names: tuple[str, ...], values: Sequence[Any], count: int) -> "Told":
        """What attributes tell; `count` is how many were sent, of which only the first ones are given."""
        plan = self.plans.get(names)
        if plan is None:
            plan = self.plans[names] = plan_of(names)
            for place in plan.unknown:
                self.unknown.setdefault(names[place], _TYPES.get(type(values[place]), "null"))
        if self.has_long or plan.json_places:
            values = _bounded(plan, values)
        told = Told(plan, values)
        if count > MAX_ATTRIBUTES:
            check_count(told.attributes, count)
        return told


def _bounded(plan: Plan, values: Sequence[Any]) -> list[Any]:
    """The values with long texts cut and JSON text read."""
    found = list(values)
    for place in plan.cut_places:
        if type(found[place]) is str and len(found[place]) > MAX_TEXT:
            found[place] = cut(found[place], MAX_TEXT)
    for place in plan.json_places:
        if type(found[place]) is str:
            found[place] = parsed(found[place])
    return found


class Told:
    """The attributes of a span: `place` has the fields that they tell, `attributes` is what stays."""

    __slots__ = ("attributes", "contents", "parts", "place", "plan", "tags", "values")

    def __init__(self, plan: Plan, values: Sequence[Any]) -> None:
        self.plan = plan
        self.place = plan.place
        self.values = (*values, None)
        attributes: Attributes = dict(zip(plan.kept_names, compress(values, plan.is_kept), strict=True))
        for place, winner in plan.losers:
            if values[place] != values[winner]:
                attributes[plan.names[place]] = values[place]
        self.attributes = attributes
        self.tags: dict[str, str] | None = None
        self.parts: dict[str, Attributes] | None = None
        # Contents that events tell.
        self.contents: dict[str, Any] | None = None
        if plan.families:
            self._gather()

    def _gather(self) -> None:
        self.tags, self.parts = {}, {}
        for field, rest, place in self.plan.families:
            if field == "tag":
                self.tags[cut(rest)] = as_text(self.values[place], MAX_TEXT)
            else:
                self.parts.setdefault(field, {})[rest] = self.values[place]

    def value(self, field: str) -> Any:
        """What a field was told to be, as it was told, or None."""
        place = self.place.get(field)
        return None if place is None else self.values[place]

    def name(self, field: str) -> str | None:
        """A name: a text of bounded length, or None."""
        place = self.place.get(field)
        return None if place is None else as_name(self.values[place])

    def put_back(self, field: str) -> None:
        """Keeps what tells a field as an attribute, too."""
        place = self.place.get(field)
        if place is not None:
            self.attributes[self.plan.names[place]] = self.values[place]

    def content(self, field: str) -> Any:
        """Input or output: the attribute that tells it, else the numbered ones put together."""
        place = self.place.get(field)
        parts = self.parts.get(f"{field}_parts") if self.parts else None
        if place is None and not (self.contents and field in self.contents):
            return joined(parts) if parts else None
        if parts:
            self.attributes[f"{field}.messages"] = joined(parts)
        value = self.values[place] if place is not None else (self.contents or {})[field]
        return parsed(value) if type(value) is str else without_nul(value)

    def add_content(self, field: str, value: Any) -> None:
        """What an event tells, where no attribute does."""
        self.contents = self.contents or {}
        self.contents.setdefault(field, value)


def as_text(value: Any, limit: int = 200) -> str:
    """Any value as a text of bounded length."""
    if value is None:
        return ""
    return cut(value if isinstance(value, str) else _encode(value).decode(), limit)


def as_name(value: Any) -> str | None:
    """Any value as a name: a text of bounded length; None where it says nothing."""
    if type(value) is str and len(value) <= MAX_NAME and "\x00" not in value:
        return value or None
    return as_text(value) or None


def count_of(value: Any) -> int | None:
    """A count of at least 0, also where it was told as text or with a point; None where it is none."""
    if type(value) is int and 0 <= value <= MAX_TOKENS:
        return value
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = int(value) if not isinstance(value, str) or len(value) < 20 else -1
    except (ValueError, OverflowError):
        return None
    # A part of a token is no count.
    return number if 0 <= number <= MAX_TOKENS and (isinstance(value, str) or number == value) else None


def money_of(value: Any) -> Decimal | None:
    """US dollars; None where the value is no amount."""
    if type(value) is float and _FEWEST_USD <= value <= _MOST_USD:
        return Decimal(repr(value))
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        amount = Decimal(str(value)) if len(str(value)) <= 40 else Decimal(-1)
    except InvalidOperation:
        return None
    is_fine = amount.is_finite() and 0 <= amount <= MAX_USD and int(amount.as_tuple().exponent) >= MIN_EXPONENT
    return amount if is_fine else None


def parsed(text: str) -> Any:
    """The value of a text that is JSON, where it can be kept as such; else the text."""
    if not text or text[0] not in '[{"' or text[-1] not in ']}"':
        return text
    if "\\u0000" in text:
        return text
    if text.count("[") + text.count("{") > MAX_PARSED_DEPTH and _is_deep(text):
        return text
    try:
        return _decode(text)
    except (ValueError, RecursionError):
        return text


def without_nul(value: Any) -> Any:
    """A structured value without the character that no column of text takes."""
    text = _encode(value)
    return _decode(text.replace(b"\\u0000", "\ufffd".encode())) if b"\\u0000" in text else value


def _is_deep(text: str) -> bool:
    """Whether brackets may nest deeper than is kept; those inside texts count too, so it errs on the careful side."""
    depth = deepest = 0
    for sign in text:
        if sign in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif sign in "]}":
            depth -= 1
    return deepest > MAX_PARSED_DEPTH


def joined(parts: Attributes) -> Any:
    """Numbered attributes as what they describe: `0.message.role` becomes `[{"role": ...}]`."""
    found: dict[str, Any] = {}
    for name in sorted(parts, key=_numbered):
        place, _, rest = name.partition(".")
        rest = rest.removeprefix("message.").removeprefix("document.")
        found.setdefault(place, {})[rest or "value"] = parts[name]
    return list(found.values())


def _numbered(name: str) -> tuple[int, str]:
    place = name.partition(".")[0]
    return (int(place) if place.isdecimal() and len(place) < 10 else 0), name


# Floats between these have no more digits after the point than are kept.
_FEWEST_USD, _MOST_USD = 1e-12, 1e12
_UNTOLD = [None] * len(TOKEN_FIELDS)
# The same in an object that tells all of them.
_USAGE = (
    ("input_tokens", "prompt_tokens"),
    ("output_tokens", "completion_tokens"),
    ("cache_read_input_tokens", "cache_read"),
    ("cache_creation_input_tokens", "cache_creation"),
    ("reasoning_tokens",),
)


def tokens_of(told: Told) -> Tokens | None:
    """Counts in disjoint buckets. What conventions call input includes cached tokens: these are taken out of it.

    Where the cached ones are more than the whole, the sender counted apart, and the numbers are taken as they are.
    """
    if not told.plan.has_tokens:
        return None
    counts = [None if value is None else count_of(value) for value in told.plan.tokens(told.values)]
    usage = told.value("token_usage")
    if isinstance(usage, dict):
        for place, names in enumerate(_USAGE):
            if counts[place] is None:
                counts[place] = next((count_of(usage[name]) for name in names if name in usage), None)
    whole, output, read, written, reasoning = counts
    if counts == _UNTOLD:
        return None
    cached = (read or 0) + (written or 0)
    fresh = whole - cached if whole is not None and whole >= cached else whole
    if not told.plan.parts:
        return Tokens(input=fresh, cache_read=read, cache_write=written, output=output, reasoning=reasoning)
    parts = {name: count_of(told.values[place]) for name, place in told.plan.parts}
    return Tokens(input=fresh, cache_read=read, cache_write=written, output=output, reasoning=reasoning, **parts)


def tier_of_call(told: Told) -> str | None:
    """The service tier of a model call: what it was answered with, else what was asked for."""
    value = told.value("tier")
    return tier_of(value) if type(value) is str and len(value) <= MAX_WORD else None


def cost_of(told: Told) -> Decimal | None:
    """The cost that the sender told, in US dollars."""
    value = told.value("cost")
    if value is None and isinstance(told.value("cost_object"), dict):
        value = told.value("cost_object").get("total_cost")
    return None if value is None else money_of(value)
