"""The fingerprint of an error: its text without what differs from one time to the next."""

import re
from functools import lru_cache

MAX_LENGTH = 200
# Longer texts are stack traces and responses: what tells errors apart is in their beginning.
MAX_READ = 2000

_PARTS = re.compile(
    r"(?P<url>\b[a-z][a-z0-9+.-]{1,20}://[^\s\"'<>)\]]+)"
    r"|(?P<id>\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b)"
    r"|(?P<time>\b\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?)?"
    r"|\b\d\d:\d\d:\d\d(?:[.,]\d+)?)"
    r"|(?P<text>(?<!\w)(?:'[^'\n]{1,200}'|\"[^\"\n]{1,200}\"|`[^`\n]{1,200}`)(?!\w))"
    r"|(?P<hex>\b0x[0-9a-f]+\b|\b(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{8,}\b)"
    r"|(?P<n>\d+(?:[.,]\d+)*)",
    re.IGNORECASE,
)
_SPACE = re.compile(r"\s+")


def _placeholder(match: re.Match[str]) -> str:
    return f"<{match.lastgroup}>"


@lru_cache(maxsize=4096)
def normalise_error(type: str | None, message: str | None) -> str:
    """`<type>: <message>` with numbers, ids, quoted texts, addresses and times replaced, at most 200 characters.

    Empty when neither was told. Applying it to its own answer changes nothing.
    """
    text = _SPACE.sub(" ", _PARTS.sub(_placeholder, (message or "")[:MAX_READ])).strip()
    kind = (type or "").strip()
    if kind and text and not text.startswith(kind):
        text = f"{kind}: {text}"
    return (text or kind)[:MAX_LENGTH].rstrip()
