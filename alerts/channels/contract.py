"""What a channel is: the fields that it needs, the request that a notice becomes, and what the answer means.

Channels are pure: values in, values out. `services.delivery` makes the requests. Texts of a notice are plain and may
hold anything; each channel escapes them for its own markup and cuts them to its own limits.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

import msgspec

from accounts.phrases import gettext as _
from accounts.retrying import Result, Verdict, verdict_of
from alerts.analysis.notices import Notice, NoticeKind

# Notices that change the message of their incident where a receiver can do that; others are messages of their own.
UPDATING = frozenset({NoticeKind.ACKNOWLEDGED, NoticeKind.RESOLVED})

Settings = Mapping[str, Any]
Secrets = Mapping[str, str]
Reference = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a channel's form; `english` and `hint` are its label and its help as they are marked.

    A secret one is kept encrypted and never shown again. `is_address`: it is called from here, so it must not lead into
    this network. `choices` are values with labels as they are marked. `is_lines`: a list, one a line.
    """

    name: str
    english: str
    hint: str = ""
    is_secret: bool = False
    is_required: bool = False
    is_address: bool = False
    is_lines: bool = False
    choices: tuple[tuple[str, str], ...] = ()
    max_length: int = 500

    @property
    def label(self) -> str:
        """Its label in the language of the reader."""
        return _(self.english)

    @property
    def help(self) -> str:
        """What stands below it, in the language of the reader."""
        return _(self.hint) if self.hint else ""

    @property
    def options(self) -> list[tuple[str, str]]:
        """Its choices with labels in the language of the reader."""
        return [(value, _(label)) for value, label in self.choices]


@dataclass(frozen=True, slots=True)
class About:
    """What a request needs beside the notice.

    `id` is the same on each try of a delivery. `reference` is what `read` kept of an earlier message of the incident
    (None: there is none). `recipients` are the addresses of an e-mail that did not take it yet.
    """

    id: str
    now: datetime
    reference: Reference | None = None
    recipients: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request; its body is JSON."""

    url: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    method: str = "POST"


@dataclass(frozen=True, slots=True)
class Mail:
    """An e-mail, sent to each of the recipients by itself.

    `id` and `thread` are the left parts of its `Message-ID` and of the one that all mails of an incident refer to.
    """

    recipients: tuple[str, ...]
    subject: str
    text: str
    html: str
    id: str
    thread: str


@dataclass(frozen=True, slots=True)
class Told:
    """An answer: its status, at most 64 KiB of its body, and headers with names in lower case."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reading:
    """What an answer means. `reference`: what to keep for later notices of the incident (None: leave it as it is).

    `is_gone`: the message that was to be changed is not there any more; a new one is to be made.
    """

    result: Result
    reference: Reference | None = None
    is_gone: bool = False


class Channel(Protocol):
    """One kind of channel."""

    @property
    def kind(self) -> str:
        """A value of `ChannelKind`."""
        ...

    @property
    def english(self) -> str:
        """Its name in English: of a product, the same in every language."""
        ...

    @property
    def label(self) -> str:
        """Its name."""
        ...

    @property
    def note(self) -> str:
        """One sentence: what it does with the notices of one incident."""
        ...

    @property
    def source(self) -> str:
        """Where its wire format is documented."""
        ...

    @property
    def fields(self) -> tuple[Field, ...]:
        """What its form asks for."""
        ...

    def check(self, settings: Settings, secrets: Secrets) -> dict[str, str]:
        """What is wrong with them, by field."""
        ...

    def place(self, settings: Settings, secrets: Secrets) -> str:
        """Where it leads, in a few letters without anything secret."""
        ...

    def request(self, notice: Notice, settings: Settings, secrets: Secrets, about: About) -> Request | Mail:
        """What is sent."""
        ...

    def read(self, told: Told, notice: Notice, about: About) -> Reading:
        """What the answer means."""
        ...


class Named:
    """The texts of a kind of channel: `english` is its name and `told` its note, as they are marked."""

    english: str
    told: str

    @property
    def label(self) -> str:
        """Its name in the language of the reader."""
        return _(self.english)

    @property
    def note(self) -> str:
        """What it does with the notices of one incident, in the language of the reader."""
        return _(self.told)


def as_json(document: Any) -> bytes:
    """A body; times as RFC 3339."""
    return msgspec.json.encode(document)


def json_of(body: bytes) -> dict[str, Any]:
    """The object that an answer holds; empty where it is something else."""
    try:
        found = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def read_status(told: Told) -> Result:
    """What the status alone means."""
    verdict = verdict_of(told.status)
    return Result(verdict) if verdict is Verdict.TAKEN else Result(verdict, answered(told))


def answered(told: Told) -> str:
    """An answer in words: its status and the beginning of what it said."""
    said = " ".join(told.body[:300].decode("utf-8", "replace").split())
    if 300 <= told.status < 400:
        return f"It answered {told.status}: it sends on to another address, which is not followed. Enter that address."
    return f"It answered {told.status}{f': {said}' if said else ''}"


def seconds(value: Any) -> timedelta | None:
    """A pause that a receiver asked for in its body."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e6
    return timedelta(seconds=float(value)) if is_number else None


def cut(text: str, limit: int) -> str:
    """The text, with an ellipsis where it is longer than `limit` characters."""
    return text if len(text) <= limit else f"{text[: limit - 1].rstrip()}…"


def one_line(text: str) -> str:
    """The text without line breaks and control characters."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def missing(fields: Sequence[Field], settings: Settings, secrets: Secrets) -> dict[str, str]:
    """Fields that must be filled and are not; choices that are none."""
    reasons = {}
    for one in fields:
        value = (secrets if one.is_secret else settings).get(one.name)
        if one.is_required and not value:
            reasons[one.name] = _("must be filled in")
        elif one.choices and value and value not in dict(one.choices):
            reasons[one.name] = _("must be one of: {words}").format(
                words=", ".join(value for value, _label in one.choices)
            )
    return reasons
