"""Sorting the attributes of one span: what tells a field of ours, and what stays an attribute."""

from decimal import Decimal, InvalidOperation
from typing import Any

import msgspec

from ingestion.adapters.otlp.shapes import MAX_TEXT, Attributes, cut
from ingestion.adapters.rest import MAX_USD, MIN_EXPONENT
from ingestion.adapters.wire import MAX_64
from ingestion.records import Tokens
from ingestion.semantics.lookup import UNKNOWN, Entry, find, resolve

MAX_PARSED_DEPTH = 64
_TYPES: dict[type, str] = {str: "string", bool: "bool", int: "int", float: "double", list: "array", dict: "object"}
_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.encode
_NAMES = frozenset(
    {
        *("provider", "model", "tool", "tool_entity", "session", "user", "workflow", "release", "node", "trigger"),
        *("error_type", "peer", "server", "rpc_service", "db", "messaging"),
    }
)
TOKEN_FIELDS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens")
_COUNTS = frozenset({*TOKEN_FIELDS, "attempt", "resend_count"})
_CONTENT = frozenset({"input", "output"})
# One attribute, as it is understood: (field, name, value, what the field makes of it, whether it stays, entry). The
# field is None for an attribute that tells none, and empty for one of several that tell one together.
Got = tuple[str | None, str, Any, Any, bool, Entry]


def understand(name: str, value: Any, unknown: dict[str, str]) -> Got:
    """What an attribute tells. Names that nothing understands are noted in `unknown`."""
    entry = find(name) or resolve(name)
    field = entry.field
    if entry.rest:
        return "", name, value, None, False, entry
    is_text = type(value) is str
    if field in _CONTENT:
        return field, name, value, parsed(value) if is_text else without_nul(value), entry.is_kept, entry
    if is_text and len(value) > MAX_TEXT:
        value = cut(value, MAX_TEXT)
    if field is None:
        if entry is UNKNOWN and name not in unknown:
            unknown[name] = _TYPES.get(type(value), "null")
        return None, name, value, None, False, entry
    if entry.is_json and is_text:
        value = parsed(value)
    made = as_text(value) or None if field in _NAMES else count_of(value) if field in _COUNTS else value
    return field, name, value, made, entry.is_kept, entry


class Told:
    """The attributes of a span: the `fields` that they tell, and the rest. `several` need a second look."""

    __slots__ = ("attributes", "fields", "parts", "tags")

    def __init__(self, fields: dict[str, Got], attributes: Attributes, several: list[Got] | None) -> None:
        self.fields = fields
        self.attributes = attributes
        self.tags: dict[str, str] | None = None
        self.parts: dict[str, Attributes] | None = None
        for got in several or ():
            if got[0]:
                self._choose(got)
            else:
                self._gather(got)

    def _choose(self, got: Got) -> None:
        """Of two names of one field the more trusted one counts; the other stays, where it says something else."""
        field, name, value, _, is_kept, entry = got
        known = self.fields[field or ""]
        winner, loser = (got, known) if entry.rank < known[5].rank else (known, got)
        self.fields[field or ""] = winner
        if loser[2] != winner[2]:
            self.attributes[loser[1]] = loser[2]
        if is_kept:
            self.attributes[name] = value

    def _gather(self, got: Got) -> None:
        _, _, value, _, _, entry = got
        if entry.field == "tag":
            self.tags = self.tags or {}
            self.tags[cut(entry.rest)] = as_text(value, MAX_TEXT)
        else:
            self.parts = self.parts or {}
            self.parts.setdefault(entry.field or "", {})[entry.rest] = value

    def value(self, field: str) -> Any:
        """What a field was told to be, or None. Names are bounded texts, counts are whole numbers, content is plain."""
        found = self.fields.get(field)
        return None if found is None else found[3]

    def content(self, field: str) -> Any:
        """Input or output: the attribute that tells it, else the numbered ones put together."""
        found = self.fields.get(field)
        parts = self.parts.get(f"{field}_parts") if self.parts else None
        if found is None:
            return joined(parts) if parts else None
        if parts:
            self.attributes[f"{field}.messages"] = joined(parts)
        return found[3]


def as_text(value: Any, limit: int = 200) -> str:
    """Any value as a text of bounded length."""
    if value is None:
        return ""
    return cut(value if isinstance(value, str) else _encode(value).decode(), limit)


def count_of(value: Any) -> int | None:
    """A count of at least 0, also where it was told as text or with a point; None where it is none."""
    if type(value) is int and 0 <= value <= MAX_64:
        return value
    try:
        number = int(value) if isinstance(value, int | float) or (isinstance(value, str) and len(value) < 20) else -1
    except (ValueError, OverflowError):
        return None
    return number if 0 <= number <= MAX_64 and not isinstance(value, bool) else None


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
    fields = told.fields
    counts = [fields[field][3] if field in fields else None for field in TOKEN_FIELDS]
    usage = fields["token_usage"][3] if "token_usage" in fields else None
    if isinstance(usage, dict):
        for place, names in enumerate(_USAGE):
            if counts[place] is None:
                counts[place] = next((count_of(usage[name]) for name in names if name in usage), None)
    whole, output, read, written, reasoning = counts
    if counts == _UNTOLD:
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
