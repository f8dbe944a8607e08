"""How figures are written: one function a kind, for pages, exports and sentences alike.

Each takes None for "nobody told us" and says so; an unknown is never written as 0. The minus sign is U+2212. The signs
are those of the formats in force (`accounts.formats`): the reader's on a page, those of British English in all else.
"""

from datetime import datetime, timedelta
from decimal import Decimal

from accounts import formats
from accounts.phrases import gettext as _

MINUS = formats.MINUS
SECOND_MS, MINUTE_MS, HOUR_MS, DAY_MS = 1_000, 60_000, 3_600_000, 86_400_000

Number = int | float | Decimal


def not_told() -> str:
    """What stands where nobody told a value."""
    return _("not told")


def count(value: Number | None) -> str:
    """A whole number with thousands separated: `7,004`."""
    return not_told() if value is None else _signed(f"{value:,.0f}")


def completeness(word: str, lowest: float | None, highest: float | None = None) -> str:
    """How whole the reports of a workflow or source are, where they are not complete: `sampled at 1 in 10`.

    `lowest` and `highest` are one in how many is reported: `sampled at varying rates, 1 in 5 to 1 in 20`.
    """
    if word == "failures-only":
        return _("failures only")
    return _("sampled at {rate}").format(rate=sampling_rate(lowest, highest)) if word == "sampled" else ""


def sampling_rate(lowest: float | None, highest: float | None) -> str:
    """`1 in 10`, `1 in 3.3`; where rates vary `varying rates, 1 in 5 to 1 in 20`."""
    if lowest is None or highest is None or lowest == highest:
        return _("1 in {number}").format(number=_one_in(lowest))
    words = _("varying rates, 1 in {lowest} to 1 in {highest}")
    return words.format(lowest=_one_in(lowest), highest=_one_in(highest))


def _one_in(number: float | None) -> str:
    return _signed(f"{number:.1f}") if number is not None and number < 100 and number % 1 else count(number)


def percent(share: Number | None, digits: int = 1) -> str:
    """A share of 1 as `94.1%`. Rounding never makes an exception vanish: `over 99.9%`, `under 0.1%`."""
    if share is None:
        return not_told()
    if share in (0, 1):
        return formats.percent(f"{share:.0%}")
    text = f"{share:.{digits}%}"
    if text == f"{1:.{digits}%}" and share < 1:
        return _("over {limit}").format(limit=formats.percent(f"{1 - 10 ** -(digits + 2):.{digits}%}"))
    if text == f"{0:.{digits}%}" and share > 0:
        return _("under {limit}").format(limit=formats.percent(f"{10 ** -(digits + 2):.{digits}%}"))
    return formats.percent(text)


def plain_percent(share: float) -> str:
    """A share of 1 that somebody set, with only the digits it needs: `97%`, `99.9%`."""
    return formats.percent(f"{float(f'{share * 100:.4f}'):g}%")


def percent_points(change: Number | None) -> str:
    """The difference of two shares of 1, in percentage points: `−4.3 points`."""
    if change is None:
        return not_told()
    points = round(float(change) * 100, 1)
    if not points:
        return _("no change")
    return _("{change} points").format(change=f"{_plus(points)}{_signed(f'{points:.1f}')}")


def signed_change(ratio: Number | None) -> str:
    """A relative change, 1.42 for 142 % more: `+142%`, `−6%`; below 1 % with one digit."""
    if ratio is None:
        return not_told()
    digits = 0 if abs(float(ratio)) >= 0.0095 else 1
    if round(float(ratio), digits + 2) == 0:
        return _("no change")
    return f"{_plus(ratio)}{formats.percent(f'{ratio:,.{digits}%}')}"


def signed_count(change: Number | None) -> str:
    """A difference of two counts: `+301`, `−12`."""
    if change is None:
        return not_told()
    return f"{_plus(change)}{count(change)}" if round(float(change)) else _("no change")


def duration_ms(value: Number | None) -> str:
    """A duration in milliseconds with the two units that matter: `480 ms`, `36.2 s`, `12 min 4 s`, `2 h 5 min`."""
    if value is None:
        return not_told()
    ms = float(value)
    if ms < 0:
        return MINUS + duration_ms(-ms)
    if 0 < ms < 0.5:
        return _("under {limit}").format(limit="1 ms")
    if ms < 999.5:
        return f"{ms:.0f} ms"
    if ms < 59_950:
        return f"{_signed(f'{ms / SECOND_MS:.1f}')} s"
    for limit, unit_ms, part_ms, unit, part in (
        (HOUR_MS, MINUTE_MS, SECOND_MS, "min", "s"),
        (DAY_MS, HOUR_MS, MINUTE_MS, "h", "min"),
    ):
        parts = round(ms / part_ms)
        if parts * part_ms < limit:
            return _two_parts(parts, unit_ms // part_ms, unit, part)
    return _two_parts(round(ms / HOUR_MS), 24, "d", "h")


def plain_duration_ms(value: Number) -> str:
    """A duration in milliseconds that somebody set, with only the digits it needs: `30 s`, `1.5 s`."""
    return duration_ms(value).replace(f"{formats.number('.')}0 ", " ")


def usd(value: Number | None) -> str:
    """US dollars: `$1,202.40`, `$0.019`, `$0.0012`. None is an amount that nobody could price, not 0."""
    if value is None:
        return not_told()
    amount = abs(Decimal(value))
    if amount == 0:
        return formats.dollars("0")
    sign = MINUS if value < 0 else ""
    if amount >= Decimal("0.995"):
        return f"{sign}{formats.dollars(f'{amount:,.2f}')}"
    if amount >= Decimal("0.0095"):
        return f"{sign}{formats.dollars(_trim(f'{amount:.3f}', 2))}"
    if amount >= Decimal("0.00005"):
        return f"{sign}{formats.dollars(f'{amount:.4f}')}"
    return f"{sign}{_('under {limit}').format(limit=formats.dollars('0.0001'))}"


def signed_usd(change: Decimal | None) -> str:
    """A difference of money: `+$1.20`, `−$0.30`, `no change`."""
    if change == 0:
        return _("no change")
    return f"+{usd(change)}" if change and change > 0 else usd(change)


def bytes_size(value: Number | None) -> str:
    """A size in bytes, in steps of 1,000: `512 B`, `3.4 MB`."""
    return not_told() if value is None else _scaled(float(value), ("B", "kB", "MB", "GB", "TB", "PB"), 1_000)


def tokens(value: Number | None) -> str:
    """A count of tokens: whole below 10,000, then `21.5 k`, `412.9 M`."""
    return not_told() if value is None else _scaled(float(value), ("", "k", "M", "bn"), 10_000)


def times(value: Number | None) -> str:
    """A lift or a ratio: `6.1×`."""
    return not_told() if value is None else f"{_signed(f'{value:,.1f}')}\N{MULTIPLICATION SIGN}"


def moment(value: datetime, now: datetime, *, seconds: bool = False, zone: bool = True) -> str:
    """An aware time as its own zone shows it: `19 Nov, 14:10 UTC`, with the year when it is not that of `now`."""
    is_other_year = value.year != now.astimezone(value.tzinfo).year
    text = formats.moment(value, year=is_other_year, seconds=seconds)
    return f"{text}{' ' + zone_name(value) if zone else ''}"


def zone_name(value: datetime) -> str:
    """The short name of an aware time's zone: `UTC`, `CET`, or `UTC+03` where the zone has no letters."""
    name = value.tzname() or "UTC"
    return f"UTC{name}" if name[0] in "+-" else name


def ago(value: datetime, now: datetime) -> str | None:
    """`2 min ago` for a time less than a day back; None for an older or a later one, which is written out."""
    passed = now - value
    if not timedelta(0) <= passed < timedelta(days=1):
        return None
    minutes = int(passed.total_seconds() // 60)
    seconds = int(passed.total_seconds())
    length = f"{seconds} s" if minutes < 1 else f"{minutes} min" if minutes < 60 else f"{minutes // 60} h"
    return _("{length} ago").format(length=length)


_signed = formats.number


def _plus(value: Number) -> str:
    return "+" if value > 0 else ""


def _two_parts(parts: int, per_unit: int, unit: str, part: str) -> str:
    whole, rest = divmod(parts, per_unit)
    return f"{whole} {unit} {rest} {part}" if rest else f"{whole} {unit}"


def _trim(text: str, digits: int) -> str:
    keep = text.index(".") + 1 + digits
    return text[:keep] + text[keep:].rstrip("0")


def _scaled(value: float, units: tuple[str, ...], whole_below: int) -> str:
    if abs(value) < whole_below - 0.5:
        return f"{count(value)} {units[0]}".strip()
    for unit in units[1:]:
        value /= 1_000
        if abs(value) < 999.95 or unit == units[-1]:
            break
    return f"{_signed(f'{value:,.1f}')} {unit}"
