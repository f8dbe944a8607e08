"""Amounts, percents, days and currencies as people and files write them: read exactly, or refused with the reason."""

import re
from datetime import date
from decimal import Decimal

from accounts.formats import typed
from accounts.phrases import gettext as _

# Active codes of ISO 4217 for money that something can be paid in.
_CODES = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF "
    "CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL "
    "HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD "
    "MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG "
    "QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD "
    "TWD TZS UAH UGX USD UYU UZS VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWG "
)
CURRENCIES = frozenset(_CODES.split())
MOST_DIGITS = 12
_NUMBER = re.compile(r"(\d+)(?:\.(\d+))?")
FIRST_DAY, LAST_DAY = date(2015, 1, 1), date(2100, 1, 1)


def read_amount(text: str) -> Decimal:
    """A number that is not negative. Raises `ValueError` with the reason, as "must ..."."""
    told = typed(text.strip())
    if "," in told:
        raise ValueError(_("must be written with a point and without separators of thousands, as 1234.5"))
    if told.startswith(("-", "\N{MINUS SIGN}")):
        raise ValueError(_("must not be negative"))
    found = _NUMBER.fullmatch(told) if told.isascii() else None
    if found is None:
        raise ValueError(_("must be a number, as 1234.5"))
    if len(found[1]) > MOST_DIGITS or len(found[2] or "") > MOST_DIGITS:
        words = _("must have at most {digits} digits before the point, and {digits} after it")
        raise ValueError(words.format(digits=MOST_DIGITS))
    return Decimal(told)


def read_positive(text: str) -> Decimal:
    """A number over 0. Raises `ValueError` with the reason."""
    found = read_amount(text)
    if not found:
        raise ValueError(_("must be more than 0"))
    return found


def read_percent(text: str) -> Decimal:
    """A percentage over 0, up to 100, with or without the sign. Raises `ValueError` with the reason."""
    found = read_positive(text.strip().removesuffix("%"))
    if found > 100:
        raise ValueError(_("must be at most 100"))
    return found


def read_day(text: str) -> date:
    """A day as `2026-08-31`. Raises `ValueError` with the reason."""
    told = text.strip()
    try:
        found = date.fromisoformat(told)
    except ValueError:
        raise ValueError(_("must be a day, as 2026-08-31")) from None
    if len(told) != 10:
        raise ValueError(_("must be a day, as 2026-08-31"))
    if not FIRST_DAY <= found < LAST_DAY:
        words = _("must be from {first} to before {end}")
        raise ValueError(words.format(first=FIRST_DAY.isoformat(), end=LAST_DAY.isoformat()))
    return found


def read_currency(text: str) -> str:
    """The code of a currency. Raises `ValueError` with the reason."""
    told = text.strip().upper()
    if told not in CURRENCIES:
        raise ValueError(_("must be a code of ISO 4217, as EUR"))
    return told


def read_count(text: str) -> int:
    """A whole number that is not negative. Raises `ValueError` with the reason."""
    found = read_amount(text)
    if found % 1:
        raise ValueError(_("must be a whole number"))
    return int(found)
