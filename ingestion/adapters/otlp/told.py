"""Sorting the attributes of one span: what tells a field of ours, and what stays an attribute."""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from ingestion.adapters.otlp.shapes import MAX_TEXT, Attributes, cut
from ingestion.adapters.rest import MAX_USD, MIN_EXPONENT
from ingestion.adapters.wire import MAX_64
from ingestion.records import Tokens
from ingestion.semantics.lookup import UNKNOWN, find, resolve

MAX_PARSED_DEPTH = 64
_TYPES: dict[type, str] = {str: "string", bool: "bool", int: "int", float: "double", list: "array", dict: "object"}
_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.encode
# (rank, name, value) by field.
Fields = dict[str, tuple[int, str, Any]]


class Told:
    """The attributes of a span by what they tell: `fields`, `tags`, `parts` of families, and the rest."""

    __slots__ = ("attributes", "fields", "parts", "tags")

    def __init__(self, raw: Attributes, unknown: dict[str, str]) -> None:
        self.fields: Fields = {}
        self.attributes: Attributes = {}
        self.tags: dict[str, str] | None = None
        self.parts: dict[str, Attributes] | None = None
        rest = self.attributes
        for name, value in raw.items():
            entry = find(name) or resolve(name)
            field, rank, is_kept, is_json, _, _ = entry
            if field is None:
                rest[name] = value
                if entry is UNKNOWN and name not in unknown:
                    unknown[name] = _TYPES.get(type(value), "null")
            elif entry.rest:
                self._take_part(field, entry.rest, value)
            else:
                if is_json and type(value) is str:
                    value = parsed(value)
                self._take(field, rank, name, value)
                if is_kept:
                    rest[name] = value

    def _take(self, field: str, rank: int, name: str, value: Any) -> None:
        known = self.fields.get(field)
        if known is None:
            self.fields[field] = (rank, name, value)
            return
        # The less trusted one stays as an attribute, where it says something else.
        new = (rank, name, value)
        winner, loser = (new, known) if rank < known[0] else (known, new)
        self.fields[field] = winner
        if loser[2] != winner[2]:
            self.attributes[loser[1]] = loser[2]

    def _take_part(self, field: str, rest: str, value: Any) -> None:
        if field == "tag":
            self.tags = self.tags or {}
            self.tags[cut(rest)] = as_text(value, MAX_TEXT)
        else:
            self.parts = self.parts or {}
            self.parts.setdefault(field, {})[rest] = value

    def value(self, field: str) -> Any:
        """What a field was told to be, or None."""
        found = self.fields.get(field)
        return None if found is None else found[2]

    def name(self, field: str) -> str | None:
        """The same as a name of bounded length; None when empty."""
        found = self.fields.get(field)
        if found is None:
            return None
        value = found[2]
        if type(value) is str and 0 < len(value) <= 200 and "\x00" not in value:
            return value
        return as_text(value) or None

    def number(self, field: str) -> int | None:
        """The same as a count; None where it is none."""
        found = self.fields.get(field)
        return None if found is None else count_of(found[2])

    def content(self, field: str) -> Any:
        """Input or output: the attribute that tells it, else the numbered ones put together."""
        found = self.fields.get(field)
        parts = self.parts.get(f"{field}_parts") if self.parts else None
        if found is None:
            return joined(parts) if parts else None
        if parts:
            self.attributes[f"{field}.messages"] = joined(parts)
        value = found[2]
        return parsed(value) if type(value) is str else without_nul(value)

    def remaining(self) -> Attributes | None:
        """The attributes that stay, each with a bounded value."""
        for name, value in self.attributes.items():
            if type(value) is str and len(value) > MAX_TEXT:
                self.attributes[name] = cut(value, MAX_TEXT)
        return self.attributes or None


def as_text(value: Any, limit: int = 200) -> str:
    """Any value as a text of bounded length."""
    if value is None:
        return ""
    return cut(value if isinstance(value, str) else _encode(value).decode(), limit)


def count_of(value: Any) -> int | None:
    """A count of at least 0, also where it was told as text or with a point; None where it is none."""
    try:
        number = int(value) if isinstance(value, int | float) or (isinstance(value, str) and len(value) < 20) else -1
    except (ValueError, OverflowError):
        return None
    return number if 0 <= number <= MAX_64 and not isinstance(value, bool) else None


def money_of(value: Any) -> Decimal | None:
    """US dollars; None where the value is no amount."""
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
        value = _decode(text)
        # A number that is too large for 64 bits is read, but cannot be written again.
        _encode(value)
    except (ValueError, RecursionError, OverflowError):
        return text
    return value


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


_USAGE = (
    ("input_tokens", ("input_tokens", "prompt_tokens")),
    ("output_tokens", ("output_tokens", "completion_tokens")),
    ("cache_read_tokens", ("cache_read_input_tokens", "cache_read")),
    ("cache_write_tokens", ("cache_creation_input_tokens", "cache_creation")),
    ("reasoning_tokens", ("reasoning_tokens",)),
)


def tokens_of(told: Told) -> Tokens | None:
    """Counts in disjoint buckets. What conventions call input includes cached tokens: these are taken out of it.

    Where the cached ones are more than the whole, the sender counted apart, and the numbers are taken as they are.
    """
    number: Callable[[str], int | None] = told.number
    usage = told.value("token_usage")
    if isinstance(usage, dict):
        for field, names in _USAGE:
            if field not in told.fields and (name := next((one for one in names if one in usage), None)):
                told.fields[field] = (0, name, usage[name])
    whole, read, written = number("input_tokens"), number("cache_read_tokens"), number("cache_write_tokens")
    output, reasoning = number("output_tokens"), number("reasoning_tokens")
    if whole is None and output is None and read is None and written is None and reasoning is None:
        return None
    cached = (read or 0) + (written or 0)
    fresh = whole - cached if whole is not None and whole >= cached else whole
    return Tokens(input=fresh, cache_read=read, cache_write=written, output=output, reasoning=reasoning)


def cost_of(told: Told) -> Decimal | None:
    """The cost that the sender told, in US dollars."""
    value = told.value("cost")
    if value is None and isinstance(told.value("cost_object"), dict):
        value = told.value("cost_object").get("total_cost")
    return None if value is None else money_of(value)
