"""Why something was refused: the errors of adapters, and plain words for what msgspec says."""

import re
from typing import Any

ITEM = "(item)"
MAX_FIELD_LENGTH = 200

_TYPE_WORDS = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "decimal": "a number",
    "bool": "true or false",
    "object": "an object",
    "array": "a list",
    "null": "null",
    "datetime": "a time",
}
_PYTHON_TYPES: dict[type, str] = {
    str: "str",
    int: "int",
    float: "float",
    bool: "bool",
    dict: "object",
    list: "array",
    type(None): "null",
}
TIME_REASON = "must be a time such as 2026-08-04T20:02:37Z, or seconds since 1970"
_GOT = re.compile(r"^Expected `(?P<wanted>[^`]+)`, got `(?P<got>[^`]+)`$")
_LENGTH = re.compile(r"^Expected `(?P<kind>[^`]+)` of length (?P<sign><=|>=) (?P<limit>\d+)$")
_BOUND = re.compile(r"^Expected `(?P<kind>[^`]+)` (?P<sign><=|>=) (?P<limit>\S+)$")
_MISSING = re.compile(r"^Object missing required field `(?P<name>[^`]+)`$")


class Refused(Exception):
    """One item is refused because of one field."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field} {reason}")
        # A key may hold half of a surrogate pair, which no answer could carry.
        self.field = field[:MAX_FIELD_LENGTH].encode("utf-8", "replace").decode()
        self.reason = reason


class Undecodable(Exception):
    """The whole body cannot be decoded. `field` names the place where that is known."""

    def __init__(self, reason: str, field: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.field = field


class TooLarge(Exception):
    """The body passes a limit. The text says which."""


class UnknownEncoding(Exception):
    """The body's content encoding is none that is read."""


def type_word(value: Any) -> str:
    """What kind of JSON value this is, in words."""
    return _TYPE_WORDS[_PYTHON_TYPES.get(type(value), "object")]


def _alternatives(wanted: str) -> str:
    words = [_TYPE_WORDS.get(name.strip(), name.strip()) for name in wanted.split("|") if name.strip() != "null"]
    return " or ".join(dict.fromkeys(words))


def _length_reason(kind: str, sign: str, limit: str) -> str:
    if kind == "str":
        return f"must have at most {int(limit):,} characters" if sign == "<=" else "must not be empty"
    return f"must have at most {int(limit):,} entries" if sign == "<=" else f"must have at least {limit} entries"


def explain(message: str) -> tuple[str, str]:
    """Turns msgspec's `Expected ... - at `$.steps[3].id`` into (field, reason)."""
    text, _, place = message.partition(" - at `")
    field = place.rstrip("`").removeprefix("$").removeprefix(".").replace("[...]", "")
    if match := _MISSING.match(text):
        return (f"{field}.{match['name']}" if field else match["name"]), "is missing"
    field = field or ITEM
    if match := _GOT.match(text):
        return field, f"must be {_alternatives(match['wanted'])}, not {_TYPE_WORDS.get(match['got'], match['got'])}"
    if match := _LENGTH.match(text):
        return field, _length_reason(**match.groupdict())
    if match := _BOUND.match(text):
        limit = match["limit"].removesuffix(".0")
        return field, f"must be at {'most' if match['sign'] == '<=' else 'least'} {limit}"
    if "datetime" in text or "timestamp" in text:
        return field, TIME_REASON
    if "out of range" in text:
        return field, "must fit into 64 bits: at most 9223372036854775807"
    return field, f"cannot be read: {text}"
