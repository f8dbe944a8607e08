"""Times as log lines tell them: ISO 8601 and its looser relatives, and numbers since 1970 in any unit. Pure."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from msgspec import Struct

from monitoring.windows import EARLIEST

MAX_AHEAD = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NUMBER = re.compile(r"^-?\d{1,20}(\.\d{1,12})?$")
# Numbers from these on are nanoseconds, microseconds, milliseconds; the year 2100 is 4.1e9 seconds.
_NANOSECONDS, _MICROSECONDS, _MILLISECONDS = 10**17, 10**14, 10**11
_NS_PER_SECOND = 10**9


class Moment(Struct, frozen=True, gc=False):
    """An aware UTC time, whether its zone was told, and the nanoseconds that do not fit into `at` (0 to 999)."""

    at: datetime
    has_zone: bool = True
    rest_ns: int = 0


def of_nanoseconds(ns: int) -> Moment | None:
    """Nanoseconds since 1970; None when no calendar has them."""
    try:
        return Moment(_EPOCH + timedelta(microseconds=ns // 1000), True, ns % 1000)
    except OverflowError:
        return None


def _of_number(text: str) -> Moment | None:
    """Seconds, milliseconds, microseconds or nanoseconds since 1970: told apart by their size, without rounding."""
    whole, _, fraction = text.partition(".")
    size = abs(int(whole))
    digits = 0 if size >= _NANOSECONDS else 3 if size >= _MICROSECONDS else 6 if size >= _MILLISECONDS else 9
    return of_nanoseconds(int(whole + fraction[:digits].ljust(digits, "0")))


def _of_text(text: str) -> Moment | None:
    if _NUMBER.match(text):
        return _of_number(text)
    plain = text[:-4] + "Z" if text.endswith(" UTC") else text
    if plain[4:5] == "/":
        plain = plain.replace("/", "-", 2)
    try:
        return _settled(datetime.fromisoformat(plain))
    except ValueError:
        rarer = _of_rarer_text(text)
    return _settled(rarer) if rarer else None


def _of_rarer_text(text: str) -> datetime | None:
    """RFC 5322 (`Wed, 12 Aug 2026 10:00:00 GMT`) and the form of web servers' logs (`12/Aug/2026:10:00:00 +0000`)."""
    try:
        if text[2:3] == "/":
            return datetime.strptime(text, "%d/%b/%Y:%H:%M:%S %z")
        return parsedate_to_datetime(text) if text[3:4] == "," else None
    except ValueError:
        return None


def _settled(value: datetime) -> Moment | None:
    try:
        return Moment(value.replace(tzinfo=UTC), False) if value.tzinfo is None else Moment(value.astimezone(UTC))
    except OverflowError:
        return None


def read(value: Any) -> Moment | None:
    """The time that a value tells, or None. A time without a zone is read as UTC."""
    if isinstance(value, str):
        return _of_text(value.strip()) if 8 <= len(value) <= 64 else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    # `repr` keeps each digit that the sender wrote; exponents are no times.
    text = repr(value)
    return _of_number(text) if _NUMBER.match(text) else None


def is_believable(at: datetime, now: datetime) -> bool:
    """From 1990 to a day from now, as everywhere."""
    return EARLIEST <= at <= now + MAX_AHEAD


def read_believable(value: Any, now: datetime) -> Moment | None:
    """The time that a value tells if it is one that a log line can have: from 1990 to a day from now."""
    moment = read(value)
    return moment if moment is not None and is_believable(moment.at, now) else None
