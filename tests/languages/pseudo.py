"""A language that nobody speaks: each text that went through translation is marked, longer, and in other letters."""

import gettext
import re
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

from django.utils import translation
from django.utils.translation import trans_real

CODE = "en-xa"
START, END = "\u27e6", "\u27e7"
_LETTERS = str.maketrans(
    "aceinosuyACEINOSUY",
    "\u00e5\u00e7\u00e9\u00ee\u00f1\u00f8\u0161\u00fc\u00fd\u00c5\u00c7\u00c9\u00ce\u00d1\u00d8\u0160\u00dc\u00dd",
)
# What a translator leaves as it is: places for values, elements, entities.
_KEPT = re.compile(r"%\(\w+\)[a-z]|%%|\{[^{}]*\}|<[^<>]+>|&#?\w+;")


def pseudo(text: str) -> str:
    """The text with marks around it, in letters with accents, a third longer; its places for values stay."""
    if not text:
        return text
    kept = _KEPT.findall(text)
    parts = [part.translate(_LETTERS) for part in _KEPT.split(text)]
    words = "".join(part + one for part, one in zip(parts, [*kept, ""], strict=True))
    return f"{START}{words}{'~' * (len(''.join(parts)) // 3)}{END}"


class Catalog(gettext.NullTranslations):
    """Translates everything that it is asked for."""

    def language(self) -> str:
        """Its code, as Django asks for it."""
        return CODE

    to_language = language

    def gettext(self, message: str) -> str:
        """Also asked with a context before the text."""
        return pseudo(message.rpartition("\x04")[2])

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        """English has two forms."""
        return self.gettext(msgid1 if n == 1 else msgid2)


@contextmanager
def spoken(*, outside: bool = True) -> Iterator[None]:
    """Every request is answered in this language, whatever it asks for; `outside`: it is in force without one, too."""
    known = {**trans_real._translations, CODE: Catalog()}
    with (
        mock.patch.object(trans_real, "_translations", known),
        mock.patch("accounts.languages.language_of", return_value=CODE),
        translation.override(CODE if outside else None),
    ):
        yield
