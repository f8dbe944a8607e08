"""Bodies of JSON of the API: what no text of the database may hold is refused here, once, with the field's name."""

from typing import Any

from rest_framework.exceptions import ParseError, ValidationError
from rest_framework.parsers import JSONParser

_NUL = "Null characters are not allowed."
_HALF = "Halves of surrogate pairs are not allowed: they are no characters."


class JsonParser(JSONParser):
    """REST framework's parser, which lets through NUL, halves of surrogate pairs, and fails where JSON is too deep."""

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        """The value of the body. Raises `ParseError`, or `ValidationError` with the field that cannot be stored."""
        try:
            value = super().parse(stream, media_type, parser_context)
        except RecursionError:
            raise ParseError("JSON parse error - it is nested too deeply.") from None
        if found := find_unstorable(value):
            place, reason = found
            raise ValidationError({place or "non_field_errors": [reason]})
        return value


def find_unstorable(value: Any) -> tuple[str, str] | None:
    """The first text in a value of JSON that cannot be stored, names of fields included: its place and the reason."""
    waiting: list[tuple[str, Any]] = [("", value)]
    while waiting:
        place, one = waiting.pop()
        if isinstance(one, str) and (reason := _flaw(one)):
            return place, reason
        if isinstance(one, dict):
            if reason := next(filter(None, map(_flaw, one)), ""):
                return place, f"{reason} (in the name of a field)"
            waiting += [(f"{place}.{key}".lstrip("."), child) for key, child in one.items()]
        elif isinstance(one, list):
            waiting += [(f"{place}.{number}".lstrip("."), child) for number, child in enumerate(one)]
    return None


def _flaw(text: str) -> str:
    if text.isascii():
        return _NUL if "\0" in text else ""
    try:
        text.encode()
    except UnicodeEncodeError:
        return _HALF
    return _NUL if "\0" in text else ""
