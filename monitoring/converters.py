"""Names in addresses: free text with slashes, blanks and any script, in a segment that nobody on the way rewrites."""

import re

# Escaped as `~` and two hexadecimal digits a byte: what ends a segment, what is rewritten on the way, what does not
# print.
_TROUBLE = re.compile(r"[/\\~;\x00-\x1f\x7f-\x9f\u2028\u2029]|^\.{1,2}$|^$")
_ESCAPED = re.compile(r"(?:~[0-9A-Fa-f]{2})+")
_EMPTY = "~"


class NameConverter:
    """A name as a part of an address: `openai/gpt-4o` is `openai~2Fgpt-4o`. With its slash it is found, too."""

    regex = ".+"

    def to_python(self, value: str) -> str:
        """The name. Raises `ValueError` (no such page) where the escapes are no text."""
        if value == _EMPTY:
            return ""
        name = _ESCAPED.sub(lambda match: bytes.fromhex(match[0].replace("~", "")).decode(), value)
        if "\0" in name:
            raise ValueError("no name holds NUL")
        return name

    def to_url(self, value: str) -> str:
        """The segment; Django percent-encodes it on top."""
        return _TROUBLE.sub(_escape, value)


def _escape(match: re.Match[str]) -> str:
    return "".join(f"~{byte:02X}" for byte in match[0].encode()) or _EMPTY
