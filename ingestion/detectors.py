"""Built-in detectors of values that a team may not want to keep. Pure; every pattern runs in linear time (RE2).

A detector is a pattern that finds candidates, a check of each (check digits), and a hint: a pattern over all texts of a
report that finds something wherever the detector would, so that reports without are not looked at again.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

import re2

from accounts.phrases import gettext as _
from accounts.phrases import gettext_noop
from ingestion.adapters.redact import LOOKS


class Detector(StrEnum):
    """What can be found by its form. The value is kept in the database."""

    NAMES = "names"
    KEYS = "keys"
    JWT = "jwt"
    PRIVATE_KEY = "private_key"
    EMAIL = "email"
    CARD = "card"
    PHONE = "phone"
    IBAN = "iban"


@dataclass(frozen=True, slots=True)
class Look:
    """A form: `keeps` is whether group 1 of the pattern stays before what is put in place of the rest.

    `marks`: without one of these (in lower case) in a text there is nothing to find; empty: it must be looked for.
    """

    find: Callable[[Callable[[object], str], str], str]
    check: Callable[[str], bool] | None = None
    keeps: bool = False
    marks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Kind:
    """A detector for people: its label in place of a value, what it finds, whether it is on where nobody decided."""

    label: str
    name: str
    finds: str
    is_on: bool
    hint: str
    looks: tuple[Look, ...] = ()

    def spoken(self) -> "Kind":
        """The same with its words in the language of who reads; its label is what stands in records."""
        return replace(self, name=_(self.name), finds=_(self.finds))

    @property
    def in_text(self) -> str:
        """The hint as a part of a longer pattern: letters in any case, and a point is any letter."""
        return f"(?is:{self.hint})"


def is_luhn(text: str) -> bool:
    """Whether the digits have the check digit of payment cards (ISO/IEC 7812-1, annex B)."""
    digits = [int(letter) for letter in reversed(text) if letter.isdigit()]
    if len(digits) < 13:
        return False
    doubled = (2 * digit - 9 if digit > 4 else 2 * digit for digit in digits[1::2])
    return (sum(digits[0::2]) + sum(doubled)) % 10 == 0


def _is_card(text: str) -> bool:
    return "." not in text and is_luhn(text)


def is_iban(text: str) -> bool:
    """Whether the check digits of an account number hold: mod 97 is 1 (ISO 13616)."""
    plain = text.replace(" ", "")
    if not 15 <= len(plain) <= 34:
        return False
    return int("".join(str(int(letter, 36)) for letter in plain[4:] + plain[:4])) % 97 == 1


def _is_phone(text: str) -> bool:
    return 8 <= sum(letter.isdigit() for letter in text) <= 15


def _look(pattern: str, check: Callable[[str], bool] | None = None, *, marks: tuple[str, ...] = ()) -> Look:
    return Look(re2.compile(pattern).sub, check, marks=marks)


# The known looks of `adapters.redact`, by what they find.
_KNOWN = {
    Detector.JWT: [look for look in LOOKS if look[0] == ("eyj",)],
    Detector.PRIVATE_KEY: [look for look in LOOKS if look[0] == ("private key-----",)],
}
_KNOWN[Detector.KEYS] = [look for look in LOOKS if not any(look in others for others in _KNOWN.values())]


def _known(detector: Detector) -> tuple[Look, ...]:
    return tuple(Look(pattern.sub, keeps=bool(kept), marks=marks) for marks, pattern, kept in _KNOWN[detector])


def _marks(detector: Detector) -> str:
    marks = {mark for marks, _find, _kept in _KNOWN[detector] if "token" not in marks for mark in marks}
    # The sign of an address with a password in it is told by what stands before it.
    return "|".join(r"://[^/\s]+@" if mark == "@" else re2.escape(mark) for mark in sorted(marks))


# Names before = or : in a text; JSON in a text tells quotes with a backslash.
_TOLD = (
    r"|(?:token|sig|signature|api_?key|secret|passw[a-z]*|pwd|accountkey|accesskey|accesssignature)[\\\"']{0,3} ?[=:]"
)


_DIGITS = tuple("0123456789")
_CARD = (
    r"\b(?:4\d{3}|5[1-5]\d{2}|2[2-7]\d{2}|6(?:011|5\d{2}|4[4-9]\d)|3(?:[47]\d{2}|0[0-5]\d|[689]\d{2}|5\d{2}))"
    r"(?:[ -]?\d){9,15}\b"
)
# A number with up to three digits before its point is none: scores and shares have as many digits as cards. It is found
# first and fails the check. The hint tells what may stand before a card so that it is not the rest of such a number.
_FRACTION = r"(?:^|\D)\d{1,3}\.\d+"
_BEFORE_CARD = r"(?:^|[^.\w]|(?:^|\D|\d{4}|\.\d{1,3})\.)"
_SECRETLIKE = (
    r"passw|pwd|passphrase|secret|authorization|bearer|jwt|cookie|credential|"
    r"(?:api|access|private|signing|encryption|account|subscription|webhook|service|auth|shared|master)[^a-z]?keys?|"
    r"token[^a-z]|auth[^a-z]"
)
KINDS: dict[Detector, Kind] = {
    Detector.NAMES: Kind(
        "redacted",
        gettext_noop("Passwords, keys and tokens by name"),
        gettext_noop(
            "The value of a field that is called like a secret: password, api_key, authorization, access_token."
        ),
        True,
        _SECRETLIKE,
    ),
    Detector.KEYS: Kind(
        "key",
        gettext_noop("Keys and tokens by form"),
        gettext_noop(
            "Keys of well-known services and of Steadyrun, bearer texts, passwords in addresses and in name=value "
            "texts."
        ),
        True,
        _marks(Detector.KEYS) + _TOLD,
        _known(Detector.KEYS),
    ),
    Detector.JWT: Kind(
        "jwt",
        gettext_noop("JSON Web Tokens"),
        gettext_noop("Signed tokens that begin with eyJ."),
        True,
        "eyj",
        _known(Detector.JWT),
    ),
    Detector.PRIVATE_KEY: Kind(
        "private key",
        gettext_noop("Private keys"),
        gettext_noop("PEM blocks of private keys."),
        True,
        "private key-----",
        _known(Detector.PRIVATE_KEY),
    ),
    Detector.EMAIL: Kind(
        "email",
        gettext_noop("E-mail addresses"),
        gettext_noop("Addresses such as name@company.example."),
        False,
        "@",
        (
            _look(
                r"[^\s@<>\"'(),:;=\[\]{}\\]+@[^\s@<>\"'(),:;=\[\]{}\\.]+(?:\.[^\s@<>\"'(),:;=\[\]{}\\.]+)+",
                marks=("@",),
            ),
        ),
    ),
    Detector.CARD: Kind(
        "card",
        gettext_noop("Payment cards"),
        gettext_noop("Numbers of payment cards whose check digit (Luhn) holds."),
        False,
        _BEFORE_CARD + _CARD,
        (_look(f"{_FRACTION}|{_CARD}", _is_card, marks=_DIGITS),),
    ),
    Detector.PHONE: Kind(
        "phone",
        gettext_noop("Phone numbers"),
        gettext_noop("International numbers with + and North American ones."),
        False,
        r"\+\d{1,3}(?:[ .-]?\(\d{1,4}\))?(?:[ .-]?\d){6}|\d{3}\)?[ .-]\d{3}[ .-]\d{4}",
        (
            _look(r"\+\d{1,3}(?:[ .-]?\(\d{1,4}\))?(?:[ .-]?\d){6,12}", _is_phone, marks=("+",)),
            _look(r"(?:\(\d{3}\) ?|\b\d{3}[ .-])\d{3}[ .-]\d{4}\b", marks=_DIGITS),
        ),
    ),
    Detector.IBAN: Kind(
        "iban",
        gettext_noop("Bank accounts (IBAN)"),
        gettext_noop("International bank account numbers whose check digits (mod 97) hold."),
        False,
        r"(?-i:\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2})",
        (_look(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b", is_iban, marks=_DIGITS),),
    ),
}
