"""Channels of a team: made, changed, switched, removed, and tried. Secrets are kept encrypted and never shown again."""

import json
from collections.abc import Mapping, Set
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings as installation
from django.db import transaction
from django.db.models import F
from django.urls import reverse

from accounts import formats
from accounts.encryption import Unreadable, encrypt
from accounts.models import MemberGroup, Membership
from accounts.outgoing import Refused, check
from accounts.retrying import Result, Verdict
from alerts.analysis.conditions import Severity
from alerts.analysis.notices import Notice, NoticeKind
from alerts.channels import CHANNELS, REPEATING
from alerts.channels.contract import Field, one_line
from alerts.channels.places import origin_of
from alerts.channels.webhook import new_secret
from alerts.models import AlertDelivery, AlertDeliveryDue, Channel, ChannelDue, ChannelMessage
from alerts.services.sending import Outcome, perform
from alerts.services.settling import UNREADABLE, Work, job_of, secrets_of, settle

MAX_CHANNELS = 100
MAX_NAME = 120


class ChannelRefused(Exception):
    """A channel that cannot be saved: `reasons` says why, by field."""

    def __init__(self, reasons: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{field} {reason}" for field, reason in reasons.items()))
        self.reasons = dict(reasons)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a form asks for. `secrets` holds those that were entered; the others stay, but for those in `cleared`."""

    kind: str
    name: str
    settings: Mapping[str, Any]
    secrets: Mapping[str, str] = field(default_factory=dict)
    cleared: Set[str] = frozenset()
    is_active: bool = True


@transaction.atomic
def save_channel(team_id: UUID, wanted: Wanted, now: datetime, one: Channel | None = None) -> tuple[Channel, str]:
    """Makes or changes a channel; with the text of its signing secret if that was made here: the one time to see it.

    An address on another host clears the secrets, so that nobody there is told them. Raises `ChannelRefused`.
    """
    kind = CHANNELS[wanted.kind]
    settings = {told.name: wanted.settings.get(told.name) for told in kind.fields if not told.is_secret}
    settings = {name: value for name, value in settings.items() if value}
    kept = _kept_secrets(one, kind.fields, settings)
    entered = {told.name: wanted.secrets.get(told.name, "") for told in kind.fields if told.is_secret}
    secrets = {name: value for name, value in kept.items() if name not in wanted.cleared}
    secrets |= {name: value for name, value in entered.items() if value}
    made = ""
    if wanted.kind == "webhook" and not secrets.get("secret"):
        made = secrets["secret"] = new_secret()
    name = one_line(wanted.name)
    reasons = {**_reasons(team_id, name, one), **_unfit(kind.fields, settings, secrets, entered)}
    reasons = {**_strangers(team_id, settings), **kind.check(settings, secrets), **reasons}
    if reasons:
        raise ChannelRefused(reasons)
    has_moved = one is not None and (settings != one.settings or secrets != kept or kept != _known(one))
    one = one or Channel(team_id=team_id, kind=wanted.kind, created_at=now)
    one.name, one.settings, one.is_active, one.last_error = name, settings, wanted.is_active, ""
    one.secrets = encrypt(json.dumps(secrets)) if secrets else None
    one.save()
    if has_moved and one.kind not in REPEATING:
        # What was kept of messages names them as the place before knew them.
        ChannelMessage.objects.filter(team_id=team_id, channel_id=one.id).delete()
    _hurry(one, now)
    return one, made


def kept_names(one: Channel) -> list[str]:
    """The names of the secrets that are set."""
    return sorted(_known(one))


def _known(one: Channel) -> Mapping[str, str]:
    try:
        return secrets_of(one)
    except Unreadable:
        return {}


def _kept_secrets(one: Channel | None, fields: tuple[Field, ...], settings: Mapping[str, Any]) -> dict[str, str]:
    """The secrets that stay: none of them follows the address to another host."""
    if one is None:
        return {}
    places = [told.name for told in fields if told.is_address and not told.is_secret]
    if any(origin_of(one.settings.get(name, "")) != origin_of(settings.get(name, "")) for name in places):
        return {}
    return dict(_known(one))


def _reasons(team_id: UUID, name: str, one: Channel | None) -> dict[str, str]:
    others = Channel.objects.filter(team_id=team_id)
    if one is None and others.count() >= MAX_CHANNELS:
        return {"name": f"cannot be added: a team may have {MAX_CHANNELS} channels"}
    if not name or len(name) > MAX_NAME:
        return {"name": f"must be filled in, with at most {MAX_NAME} letters"}
    if (others.exclude(id=one.id) if one else others).filter(name=name).exists():
        return {"name": "is another channel's already"}
    return {}


def _unfit(
    fields: tuple[Field, ...], settings: Mapping[str, Any], secrets: Mapping[str, str], entered: Mapping[str, str]
) -> dict[str, str]:
    """Values that are too long or hold control characters, and addresses that may not be called from here."""
    reasons = {}
    for told in fields:
        value = (secrets if told.is_secret else settings).get(told.name) or ""
        texts = value if isinstance(value, list) else [value]
        if sum(len(text) for text in texts) > told.max_length or any(not text.isprintable() for text in texts):
            reasons[told.name] = f"may have {formats.count(told.max_length)} letters, and no control characters"
        elif told.is_address and value and (not told.is_secret or entered.get(told.name)):
            try:
                check(value)
            except Refused as refused:
                reasons[told.name] = f"cannot be used. {refused}"
    return reasons


def _strangers(team_id: UUID, settings: Mapping[str, Any]) -> dict[str, str]:
    """Members and groups that are not of the team."""
    reasons = {}
    for name, known in (
        ("members", Membership.objects.filter(team_id=team_id).values_list("user_id", flat=True)),
        ("groups", MemberGroup.objects.filter(team_id=team_id).values_list("id", flat=True)),
    ):
        told = set(settings.get(name) or [])
        if told and not told <= {str(id) for id in known}:
            reasons[name] = "has somebody who is not of the team any more: choose again"
    return reasons


def _hurry(one: Channel, now: datetime) -> None:
    """What waits for another try is tried at once; what is held back until later stays so."""
    AlertDeliveryDue.objects.filter(channel_id=one.id, due_at__gt=now).exclude(due_at=F("since")).update(due_at=now)
    ChannelDue.objects.filter(channel_id=one.id).update(next_at=now, failures=0)


def switch_channel(one: Channel, now: datetime, *, is_active: bool) -> None:
    """Switches it off, or on again: what waits then is sent if that is within a day."""
    one.is_active = is_active
    one.save(update_fields=["is_active"])
    _hurry(one, now)


@transaction.atomic
def change_secret(one: Channel) -> str:
    """A new signing secret for a webhook; its text, which is shown once."""
    secret = new_secret()
    one.secrets = encrypt(json.dumps({**_known(one), "secret": secret}))
    one.save(update_fields=["secrets"])
    return secret


@transaction.atomic
def remove_channel(one: Channel) -> None:
    """Removes a channel with its deliveries and what waits, and takes it out of routes."""
    AlertDeliveryDue.objects.filter(channel_id=one.id).delete()
    ChannelDue.objects.filter(channel_id=one.id).delete()
    one.delete()


def try_channel(one: Channel, now: datetime) -> Outcome:
    """Sends a test now, with one try of up to 15 s, and keeps it among the deliveries.

    Call it inside the team's context.
    """
    page = installation.BASE_URL.rstrip("/") + reverse("channel", args=[one.team.slug, one.id])
    notice = Notice(
        kind=NoticeKind.TEST,
        key=f"test-{uuid4().hex}",
        team=one.team.name,
        severity=Severity.INFO,
        what=f"the channel {one.name} works",
        since=now,
        how_bad="Nothing is wrong: somebody sent this to see whether it arrives.",
        url=page,
    )
    kept = AlertDelivery.objects.create(
        team_id=one.team_id, channel=one, kind=NoticeKind.TEST.value, notice=notice.as_document(), created_at=now
    )
    try:
        outcome = perform(job_of(one, kept, now))
    except Unreadable:
        outcome = Outcome(Result(Verdict.REFUSED, UNREADABLE))
    settle(one.team_id, one.id, Work(None, kept, now), outcome, now)
    return outcome
