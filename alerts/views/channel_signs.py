"""How states of channels and deliveries, and kinds of notices, are shown."""

from django.utils.translation import gettext_noop

from alerts.analysis.notices import Notice, kind_word
from alerts.channels.wording import headline
from alerts.models import AlertDelivery, AlertDeliveryStatus
from alerts.reads.channels import State
from monitoring.templatetags.components import Sign

CHANNEL_SIGNS = {
    State.FAILING: Sign("fail", gettext_noop("Failing"), "fail"),
    State.NEW: Sign("clock", gettext_noop("Nothing sent yet"), "idle"),
    State.WORKING: Sign("ok", gettext_noop("Working"), "ok"),
    State.OFF: Sign("stop", gettext_noop("Switched off"), "idle"),
}
DELIVERY_SIGNS = {
    AlertDeliveryStatus.WAITING: Sign("clock", gettext_noop("Waiting"), "run"),
    AlertDeliveryStatus.SENT: Sign("ok", gettext_noop("Sent"), "ok"),
    AlertDeliveryStatus.FAILED: Sign("fail", gettext_noop("Given up"), "fail"),
}


def delivery_sign(one: AlertDelivery) -> Sign:
    """What became of it."""
    return DELIVERY_SIGNS[AlertDeliveryStatus(one.status)]


def notice_of(one: AlertDelivery) -> Notice | None:
    """The notice that is kept; None where it cannot be read."""
    try:
        return Notice.from_document(one.notice)
    except (KeyError, TypeError, ValueError):
        return None


def headline_of(one: AlertDelivery) -> str:
    """What it tells, in one line."""
    notice = notice_of(one)
    return headline(notice) if notice else kind_word(one.kind)
