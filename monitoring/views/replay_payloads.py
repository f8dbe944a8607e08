"""Payloads as text to look at: indented, with keys marked, cut where they are long. Never run, always escaped."""

import json
import re
from dataclasses import dataclass
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

# Characters of text that a page shows; the rest is in the raw JSON.
SHOWN = 64 * 1024

_KEY = re.compile(r"^( *)(&quot;.*?&quot;)(?=: )", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class PayloadText:
    """A payload as a page shows it. `raw_href` leads to the whole of it."""

    text: str
    is_cut: bool
    raw_href: str


def payload_text(value: Any, raw_href: str) -> PayloadText:
    """The value as text: a text as it is, anything else as indented JSON with its keys marked."""
    if isinstance(value, str):
        return PayloadText(value[:SHOWN], len(value) > SHOWN, raw_href)
    parts: list[str] = []
    size = 0
    for part in json.JSONEncoder(indent=2, ensure_ascii=False, default=str).iterencode(value):
        parts.append(part)
        size += len(part)
        if size > SHOWN:
            break
    return PayloadText(_marked("".join(parts)[:SHOWN]), size > SHOWN, raw_href)


def raw_json(value: Any) -> Any:
    """The pieces of a value as JSON, for a response that is sent as it is made."""
    return DjangoJSONEncoder(indent=2, ensure_ascii=False).iterencode(value)


def _marked(text: str) -> SafeString:
    # Escaped first: what is added afterwards is the only markup in it.
    return mark_safe(_KEY.sub(r'\1<span class="k">\2</span>', escape(text)))  # noqa: S308
