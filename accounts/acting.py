"""Who makes the request or runs the command that is at work, and from where."""

import ipaddress
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import models
from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import gettext_lazy


class ActorKind(models.TextChoices):
    """Who acts."""

    USER = "user", gettext_lazy("Member")
    KEY = "key", gettext_lazy("API key")
    COMMAND = "command", gettext_lazy("Command line")
    SYSTEM = "system", gettext_lazy("Steadyrun")


class Via(models.TextChoices):
    """By which way it was done."""

    PAGE = "page", gettext_lazy("Page")
    API = "api", gettext_lazy("API")
    ADMIN = "admin", gettext_lazy("Administration")
    COMMAND = "command", gettext_lazy("Command line")
    TASK = "task", gettext_lazy("Background task")


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a user, a key, or a command."""

    kind: ActorKind
    name: str
    id: UUID | None = None
    impersonated_by: str = ""


SYSTEM = Actor(ActorKind.SYSTEM, "Steadyrun")


@dataclass(slots=True)
class Scope:
    """What is known of a request or command while it runs; `events` counts what it recorded."""

    via: Via
    actor: Actor | None = None
    address: str | None = None
    request_id: str = ""
    events: int = 0


_scope: ContextVar[Scope | None] = ContextVar("audit_scope", default=None)


def current_scope() -> Scope | None:
    """The request or command that is running."""
    return _scope.get()


@contextmanager
def acting(actor: Actor, via: Via, *, address: str | None = None, request_id: str = "") -> Iterator[Scope]:
    """What is done inside was done by `actor`."""
    scope = Scope(via, actor, address, request_id)
    token = _scope.set(scope)
    try:
        yield scope
    finally:
        _scope.reset(token)


def set_actor(actor: Actor) -> None:
    """Says who makes the request that is running; nothing outside one."""
    if (scope := _scope.get()) is not None:
        scope.actor = actor


def set_user(user: Any, *, impersonated_by: str = "") -> None:
    """As `set_actor`, for a user who has signed in."""
    set_actor(Actor(ActorKind.USER, user.email, user.id, impersonated_by))


def set_key(key: Any) -> None:
    """As `set_actor`, for an API key."""
    set_actor(Actor(ActorKind.KEY, f"{key.name} ({key.prefix})", key.id))


class AuditScope:
    """Middleware: each request begins with nobody known; the doors say who it is."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answers within a scope of its own."""
        scope = Scope(_way_of(request), None, address_of(request), getattr(request, "request_id", ""))
        token = _scope.set(scope)
        try:
            return self.get_response(request)
        finally:
            _scope.reset(token)


def _way_of(request: HttpRequest) -> Via:
    if request.path_info.startswith(("/api/", "/scim/")):
        return Via.API
    return Via.ADMIN if request.path_info.startswith("/admin/") else Via.PAGE


def address_of(request: HttpRequest) -> str | None:
    """Where a request came from: through as many proxies as `TRUSTED_PROXIES` says, each of which adds the one before.

    None where it is no address (a socket file).
    """
    told = request.META.get("REMOTE_ADDR", "")
    if proxies := settings.TRUSTED_PROXIES:
        hops = [one.strip() for one in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if one.strip()]
        told = hops[-proxies] if len(hops) >= proxies else told
    try:
        return str(ipaddress.ip_address(told))
    except ValueError:
        return None
