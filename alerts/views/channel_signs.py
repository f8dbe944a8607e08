"""How states of channels and deliveries, and kinds of notices, are shown."""

from alerts.analysis.notices import Notice, NoticeKind
from alerts.channels.wording import headline
from alerts.models import AlertDelivery, AlertDeliveryStatus
from alerts.reads.channels import State
from monitoring.templatetags.components import Sign

CHANNEL_SIGNS = {
    State.FAILING: Sign("fail", "Failing", "fail"),
    State.NEW: Sign("clock", "Nothing sent yet", "idle"),
    State.WORKING: Sign("ok", "Working", "ok"),
    State.OFF: Sign("stop", "Switched off", "idle"),
}
DELIVERY_SIGNS = {
    AlertDeliveryStatus.WAITING: Sign("clock", "Waiting", "run"),
    AlertDeliveryStatus.SENT: Sign("ok", "Sent", "ok"),
    AlertDeliveryStatus.FAILED: Sign("fail", "Given up", "fail"),
}
KIND_WORDS = {one.value: one.value.capitalize() for one in NoticeKind}


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
    return headline(notice) if notice else KIND_WORDS.get(one.kind, one.kind)
