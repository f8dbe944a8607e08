"""Texts put together as a person would list them."""

from collections.abc import Sequence

from accounts.phrases import gettext as _


def either(texts: Sequence[str]) -> str:
    """`a or b or c`; empty without any."""
    told = texts[0] if texts else ""
    for text in texts[1:]:
        told = _("{one} or {other}").format(one=told, other=text)
    return told
