"""Marks texts for translation in packages that import no Django: analysis and adapters.

Each function returns its text as it is until `translate_with` names who translates; `accounts.apps` does when Django is
ready. All other code takes the same names from `django.utils.translation`.
"""

from collections.abc import Callable


class _Translator:
    """Who translates now."""

    def __init__(self) -> None:
        self.one: Callable[[str], str] = str
        self.many: Callable[[str, str, int], str] = _english


def _english(singular: str, plural: str, number: int) -> str:
    return singular if number == 1 else plural


_translator = _Translator()


def gettext(message: str) -> str:
    """The text in the language of the request, of English outside one."""
    return _translator.one(message)


def ngettext(singular: str, plural: str, number: int) -> str:
    """The form of the text that goes with this number, in the language of the request."""
    return _translator.many(singular, plural, number)


def gettext_noop(message: str) -> str:
    """Marks the text of a constant; who shows it calls `gettext` with it."""
    return message


def translate_with(one: Callable[[str], str], many: Callable[[str, str, int], str]) -> None:
    """Says who translates from now on: of one text, and of two forms with a number."""
    _translator.one, _translator.many = one, many
