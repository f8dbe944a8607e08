"""Template filters that write figures and times as `monitoring.wording` defines them; part of every template.

A missing value arrives as None or as an empty text and is written "not told".
"""

from datetime import date, datetime
from decimal import Decimal
from html import escape
from typing import Any

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts import formats
from accounts.names import name_of
from monitoring import wording

register = template.Library()


def _told(value: Any) -> Any:
    return None if value == "" else value


@register.filter
def seen(name: str) -> str:
    """A name that a program told, or a word for one of which nothing can be seen: a link needs something to hit."""
    return name if name_of(name) else _("(nothing to see)")


@register.filter
def spoken(word: str) -> str:
    """A fixed word that is kept in English, in the reader's language; who keeps it marks it with `gettext_noop`."""
    return _(str(word)) if word else ""


# Fields that pages call by another name than forms and the API do.
_FIELD_WORDS = {
    "slug": gettext_noop("address"),
    "confirm": gettext_noop("confirmation"),
    "scopes": gettext_noop("list of what it may"),
    "source_kinds": gettext_noop("protocols"),
    "burst": gettext_noop("number of requests at once"),
    "requests_per_second": gettext_noop("number of requests a second"),
    "what": gettext_noop("name, path or pattern"),
    "expires_at": gettext_noop("end"),
}
# What the others are called, for translators to find.
_FIELDS = (
    *(gettext_noop("name"), gettext_noop("email"), gettext_noop("role"), gettext_noop("owner"), gettext_noop("reason")),
    *(
        gettext_noop("member"),
        gettext_noop("members"),
        gettext_noop("groups"),
        gettext_noop("group"),
        gettext_noop("key"),
    ),
    *(gettext_noop("team"), gettext_noop("invitation"), gettext_noop("address"), gettext_noop("addresses")),
    *(
        gettext_noop("provider"),
        gettext_noop("kind"),
        gettext_noop("secret"),
        gettext_noop("format"),
        gettext_noop("text"),
    ),
    *(gettext_noop("label"), gettext_noop("question"), gettext_noop("environment"), gettext_noop("workflow")),
    *(
        gettext_noop("value"),
        gettext_noop("becomes"),
        gettext_noop("scope"),
        gettext_noop("tags"),
        gettext_noop("capture"),
    ),
)


@register.filter
def field_words(field: str) -> str:
    """What a page calls a field of a form."""
    return _(_FIELD_WORDS.get(field, field.replace("_", " ")))


@register.filter
def count(value: int | None) -> str:
    """`7,004`."""
    return wording.count(_told(value))


@register.filter
def percent(share: float | None, digits: int = 1) -> str:
    """A share of 1 as `94.1%`; `|percent:0` without digits."""
    return wording.percent(_told(share), digits)


@register.filter
def percent_points(change: float | None) -> str:
    """The difference of two shares as `−4.3 points`."""
    return wording.percent_points(_told(change))


@register.filter
def signed_change(ratio: float | None) -> str:
    """A relative change as `+142%`."""
    return wording.signed_change(_told(ratio))


@register.filter
def signed_count(change: int | None) -> str:
    """A difference of two counts as `+301`."""
    return wording.signed_count(_told(change))


@register.filter
def duration_ms(value: float | None) -> str:
    """Milliseconds as `36.2 s`, `12 min 4 s`."""
    return wording.duration_ms(_told(value))


@register.filter
def usd(value: Decimal | None) -> str:
    """An amount in US dollars as `$0.019`."""
    return wording.usd(_told(value))


@register.filter
def signed_usd(change: Decimal | None) -> str:
    """`+$1.20`."""
    return wording.signed_usd(_told(change))


@register.filter
def bytes_size(value: int | None) -> str:
    """Bytes as `3.4 MB`."""
    return wording.bytes_size(_told(value))


@register.filter
def tokens(value: int | None) -> str:
    """A count of tokens as `412.9 M`."""
    return wording.tokens(_told(value))


@register.filter
def times(value: float | None) -> str:
    """A lift or ratio as `6.1×`."""
    return wording.times(_told(value))


@register.filter
def when(value: datetime | None, style: str = "") -> SafeString:
    """A time in the user's zone: `19 Nov, 14:10 UTC`. Styles: `seconds`; `plain` leaves the zone to the table's head;
    both: `plain seconds`. The exact time is in the title."""
    if not (local := _local(value)):
        return SafeString(wording.not_told())
    text = wording.moment(local, timezone.now(), seconds="seconds" in style, zone="plain" not in style)
    return _time_element(local, text)


@register.filter
def ago(value: datetime | None) -> str:
    """`2 min ago` under a day, else the time itself. The exact time shows on hover and on focus."""
    if not (local := _local(value)):
        return wording.not_told()
    now = timezone.now()
    if not (text := wording.ago(local, now)):
        return when(local)
    exact = wording.moment(local, now, seconds=True)
    return format_html(
        '<time class="exact" datetime="{}" data-exact="{}" tabindex="0">{}</time>', local.isoformat(), exact, text
    )


@register.filter
def when_text(value: datetime | None) -> str:
    """A time as plain text, for titles, labels and exports."""
    local = _local(value)
    return wording.moment(local, timezone.now()) if local else wording.not_told()


@register.filter
def decimals(value: float | Decimal | None, digits: int) -> str:
    """A figure with so many digits behind the sign; `-3`: with three of them, or none where it is whole."""
    if value is None:
        return wording.not_told()
    text = f"{value:,.{abs(digits)}f}"
    return formats.number(text.removesuffix("." + "0" * -digits) if digits < 0 else text)


@register.filter(expects_localtime=True)
def day(at: date | None) -> str:
    """`19 Nov`. Like all filters of dates, empty without one."""
    return formats.day(at) if at else ""


@register.filter(expects_localtime=True)
def day_of_year(at: date | None) -> str:
    """`19 Nov 2026`."""
    return formats.day_of_year(at) if at else ""


@register.filter(expects_localtime=True)
def long_day(at: date | None) -> str:
    """`19 November`."""
    return formats.long_day(at) if at else ""


@register.filter(expects_localtime=True)
def long_day_of_year(at: date | None) -> str:
    """`19 November 2026`."""
    return formats.long_day_of_year(at) if at else ""


@register.filter(expects_localtime=True)
def month_of_year(at: date | None) -> str:
    """`November 2026`."""
    return formats.month_of_year(at) if at else ""


@register.filter(expects_localtime=True)
def clock(at: datetime | None, style: str = "") -> str:
    """`14:10`. Styles: `seconds`, `zone`."""
    if not at:
        return ""
    return formats.clock(at, seconds="seconds" in style) + (f" {wording.zone_name(at)}" if "zone" in style else "")


@register.filter(expects_localtime=True)
def moment(at: datetime | None, style: str = "") -> str:
    """`19 Nov 2026, 14:10 UTC`. Styles: `seconds`, `short` without the year, `plain` without the zone."""
    if not at:
        return ""
    text = formats.moment(at, year="short" not in style, seconds="seconds" in style)
    return text if "plain" in style else f"{text} {wording.zone_name(at)}"


def _local(value: datetime | None) -> datetime | None:
    return timezone.localtime(value) if value else None


def _time_element(local: datetime, text: str) -> SafeString:
    # Lists have a time in each row: `strftime`, `format_html` and `mark_safe` would take three times as long.
    exact = local.isoformat()
    title = f"{formats.moment(local, seconds=True)} {wording.zone_name(local)}"
    return SafeString(f'<time datetime="{exact}" title="{escape(title)}">{escape(text)}</time>')
