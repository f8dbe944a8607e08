"""Addresses that people and trackers tell, to be shown as links."""

from typing import Any
from urllib.parse import urlsplit

MAX_LINK = 2_000


def is_link(told: Any) -> bool:
    """Whether something can be shown as a link: a text of http or https, with a host, without blanks."""
    if not isinstance(told, str) or len(told) > MAX_LINK or not told.isprintable() or " " in told:
        return False
    try:
        parts = urlsplit(told)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)
