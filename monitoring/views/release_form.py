"""The form in which people announce a release or correct what is known of one."""

from datetime import UTC, datetime
from typing import Any

from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from monitoring.reads.releases import KnownRelease

# What the form calls the fields of the API; the page translates them.
FIELD_WORDS = {
    "name": gettext_noop("name"),
    "released_at": gettext_noop("time"),
    "commit": gettext_noop("commit"),
    "url": gettext_noop("address"),
    "note": gettext_noop("note"),
}
_WRONG_TIME = gettext_noop("cannot be read: write it like 2026-08-12 14:30")


def form_values(release: KnownRelease | None) -> dict[str, str]:
    """What the fields hold: of a release that is corrected, else nothing. The time is in the reader's zone."""
    if release is None:
        return dict.fromkeys(("name", "released_at", "commit", "url", "note"), "")
    at = timezone.localtime(release.released_at) if release.released_at else None
    return {
        "name": release.name,
        "released_at": f"{at:%Y-%m-%d %H:%M}" if at else "",
        "commit": release.commit,
        "url": release.url,
        "note": release.note,
    }


def told_of_form(sent: QueryDict) -> tuple[str, dict[str, Any], dict[str, str]]:
    """Name, what is told (an empty field takes away), and why it cannot be read, by field."""
    told: dict[str, Any] = {field: sent.get(field, "").strip() for field in ("commit", "url")}
    told["note"] = sent.get("note", "").replace("\r\n", "\n").strip()
    at, text = None, sent.get("released_at", "").strip()
    if text:
        at = _instant(text)
        if at is None:
            return sent.get("name", ""), told, {"released_at": _(_WRONG_TIME)}
    return sent.get("name", ""), {**told, "released_at": at}, {}


def _instant(text: str) -> datetime | None:
    """A time without a zone is in the reader's."""
    try:
        at = datetime.fromisoformat(text)
        return (timezone.make_aware(at) if timezone.is_naive(at) else at).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
