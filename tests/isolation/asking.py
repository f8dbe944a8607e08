"""Requests of the matrix: who asks, what comes back, and what of it may differ from answer to answer."""

import json
import logging
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from io import BytesIO
from typing import Any
from urllib.parse import quote, quote_plus, urlencode
from zipfile import ZipFile

from django.contrib.messages import get_messages
from django.core.handlers.base import BaseHandler
from django.db import transaction
from django.http import HttpResponseBase, QueryDict
from django.test import Client, RequestFactory
from django.utils.datastructures import MultiValueDict

from accounts.models import ApiKey, Membership, Scope, Team, User
from accounts.permissions import Role, scopes_of
from accounts.services.teams import NewTeam, issue_key
from accounts.sessions import USED
from tests.isolation.filling import BEFORE, at, fill
from tests.people import PASSWORD, confirmed

OWN, OTHER, NOBODYS = "riverbed", "mountain", "quagmire"
REQUEST_ID = "isolation-0000-0000"
# A new one in each answer; a page may show one anywhere.
_FRESH = re.compile(
    r"\b[A-Za-z0-9]{64}\b"  # the token of a form
    r"|\bgAAAA[\w=-]{60,}"  # what is encrypted: the cursor of the live tail
    r'|(?<=name="key" value=")[0-9a-f-]{36}'  # what makes sending a form twice harmless
    r'|(?<="timestamp": )\d+'  # Firehose wants the time of an answer
    r'|(?<="at": ")[^"]+(?=", "actor_kind")'  # of an event that the answer itself is
    r"|(?<=/invitation/)[\w-]{32}"  # of a link that was just made
)
# What may be an id: a UUID, or a number of 64 bits.
_ID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|(?<![\w.-])-?\d{16,19}\b")


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who asks, by the headers that say who it is."""

    name: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer without what is new in each, and with `§` for what was asked about."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: str
    messages: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked. `form` is sent as a form, `document` as JSON."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    form: tuple[tuple[str, str], ...] | None = None
    document: Any = None


@dataclass(frozen=True, slots=True)
class World:
    """Two full teams, who asks, and by kind what names an object of the one and of the other.

    `members` are of the first team, one of each role; `outside` is somebody without a team, and nobody.
    """

    team: Team
    other: Team
    members: tuple[Caller, ...]
    outside: tuple[Caller, ...]
    programs: tuple[Caller, ...]
    own: dict[str, str]
    others: dict[str, str]


def build() -> World:
    """Fills both teams, inside the running transaction."""
    with at(BEFORE):
        (made, own), (other, others) = fill(OWN), fill(OTHER)
    same = {kind for kind in own if own[kind] == others[kind]}
    assert not same, f"these name the same in both teams: {same}"
    *members, nobody, anonymous = _people(made)
    return World(made.team, other.team, tuple(members), (nobody, anonymous), _programs(made), own, others)


def _people(made: NewTeam) -> tuple[Caller, ...]:
    """A member of each role, somebody without a team, and nobody."""
    users: list[tuple[str, User]] = [("owner", made.owner)]
    for role in Role:
        if role != Role.OWNER:
            user = User.objects.create_user(f"{role}@{OWN}.test", PASSWORD)
            Membership.objects.create(team=made.team, user=user, role=role)
            users.append((role.value, user))
    users.append(("no team", User.objects.create_user("nobody@example.test", PASSWORD)))
    found = []
    for name, user in users:
        client = Client()
        client.force_login(user)
        # What is behind the question of the password is asked for, too.
        _stay_used(confirmed(client, user))
        found.append(Caller(name, {"HTTP_COOKIE": f"sessionid={client.cookies['sessionid'].value}"}))
    return (*found, Caller("anonymous"))


def _stay_used(client: Client) -> None:
    """No request notes that the session was used: that sets a cookie, after some minutes of the machine's clock."""
    session = client.session
    session[USED] = int(time.time()) + 86_400
    session.save()


def _programs(made: NewTeam) -> tuple[Caller, ...]:
    """A key with all scopes, one with none, a personal one of each role, and nobody."""
    keys = [("key of all scopes", list(Scope.values), None), ("key of no scope", [], None)]
    keys += [(f"key of {one.role}", sorted(scopes_of(one.role)), one.user) for one in _personal(made.team)]
    found = []
    for name, scopes, member in keys:
        key, text = issue_key(team=made.team, name=name, scopes=scopes)
        ApiKey.objects.filter(id=key.id).update(member=member)
        found.append(Caller(name, {"HTTP_AUTHORIZATION": f"Bearer {text}"}))
    return (*found, Caller("anonymous"))


def _personal(team: Team) -> list[Membership]:
    """A member of each role."""
    return [Membership.objects.select_related("user").filter(team=team, role=role)[0] for role in Role]


@dataclass(frozen=True, slots=True)
class Read:
    """The names that a view asked its query and its form for."""

    query: set[str] = field(default_factory=set)
    form: set[str] = field(default_factory=set)


class Asker:
    """Sends requests through all middleware and takes back what each changed."""

    def __init__(self, world: World) -> None:
        self.known = {*world.own.values(), *world.others.values()}
        self.handler = BaseHandler()
        self.handler.load_middleware()
        self.factory = RequestFactory()
        self.count = 0

    def _known(self, text: str) -> str:
        """The text without ids that are in neither team: of what an answer has just made."""
        return _ID.sub(lambda match: match[0] if match[0] in self.known else "", text)

    def ask(self, caller: Caller, wanted: Request, about: tuple[str, ...] = (), read: Read | None = None) -> Answer:
        """The answer, with what it is `about` taken out; `read` gets the names that the view asked for."""
        self.count += 1
        request = self.factory.generic(
            wanted.method,
            quote(wanted.path, safe="/~%:@"),
            _body(wanted),
            content_type=_content_type(wanted),
            QUERY_STRING=urlencode(wanted.query),
            HTTP_X_REQUEST_ID=REQUEST_ID,
            HTTP_HOST="127.0.0.1",
            **caller.headers,
        )
        request._dont_enforce_csrf_checks = True  # type: ignore[attr-defined]
        if read is not None:
            request.GET = Noting(urlencode(wanted.query), names=read.query)
            request._files = MultiValueDict()  # type: ignore[attr-defined]
            request._post = Noting(urlencode(wanted.form or ()), names=read.form)  # type: ignore[attr-defined]
        with transaction.atomic(), _quietly():
            response = self.handler.get_response(request)
            body = _content(response)
            # As a server does at the end; its signal would close the connection of the test as well.
            for close in response._resource_closers:  # type: ignore[attr-defined]
                close()
            told = tuple(str(one) for one in get_messages(request)) if hasattr(request, "_messages") else ()
            transaction.set_rollback(True)
        forms = spellings(about)
        return Answer(
            response.status_code,
            tuple(sorted((name, _without(value, forms)) for name, value in _headers(response))),
            self._known(_without(_FRESH.sub("", body), forms)),
            tuple(_without(one, forms) for one in told),
        )


@contextmanager
def _quietly() -> Iterator[None]:
    """Writes no log: thousands of refusals are what is asked for here."""
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


def _body(wanted: Request) -> bytes:
    if wanted.document is not None:
        return json.dumps(wanted.document).encode()
    return urlencode(wanted.form).encode() if wanted.form is not None else b""


def _content_type(wanted: Request) -> str:
    return "application/x-www-form-urlencoded" if wanted.form is not None else "application/json"


def _content(response: HttpResponseBase) -> str:
    """The body as text; of an archive what its files say, as it also holds when it was packed."""
    body: bytes = b"".join(response) if response.streaming else response.content  # type: ignore[attr-defined,call-overload]
    if not body.startswith(b"PK\x03\x04"):
        return body.decode(errors="replace")
    with ZipFile(BytesIO(body)) as packed:
        return "".join(f"{name}\n{packed.read(name).decode(errors='replace')}\n" for name in packed.namelist())


def _headers(response: HttpResponseBase) -> list[tuple[str, str]]:
    """All headers; of cookies what they are called and how they may be used, not what they hold."""
    cookies = [
        ("Set-Cookie", f"{name}; {one['path']}; {one['httponly']}; {one['samesite']}; {one['secure']}")
        for name, one in response.cookies.items()
    ]
    # When an answer is stale goes by the machine's clock.
    told = [(name, "" if name == "Expires" else value) for name, value in response.headers.items()]
    return [*told, *cookies]


def spellings(about: tuple[str, ...]) -> list[str]:
    """How a text may be written in an answer, the longest first."""
    found = {way(text) for text in about if text for way in (str, quote, quote_plus, escape, _hex, _in_json)}
    return sorted(found, key=lambda one: (-len(one), one))


def _hex(text: str) -> str:
    return text.replace("-", "") if re.fullmatch(r"[0-9a-f-]{36}", text) else text


def _in_json(text: str) -> str:
    return json.dumps(text)[1:-1]


def _without(text: str, forms: list[str]) -> str:
    for one in forms:
        text = text.replace(one, "§")
    return text


class Noting(QueryDict):
    """A query or a form that notes which names it is asked for."""

    def __init__(self, text: Any = None, mutable: bool = False, encoding: Any = None, names: Any = None) -> None:
        self.names: set[str] = set() if names is None else names
        super().__init__(text, mutable, encoding)

    def __getitem__(self, name: str) -> Any:
        self.names.add(name)
        return super().__getitem__(name)

    def getlist(self, name: str, default: Any = None) -> Any:
        self.names.add(name)
        return super().getlist(name, default)

    def __contains__(self, name: object) -> bool:
        self.names.add(str(name))
        return super().__contains__(name)
