"""Who is calling: a key in one of the headers in which clients can be made to send one."""

import base64
import binascii
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from accounts.acting import set_key
from accounts.closed_teams import SUSPENDED, closed_words
from accounts.keys import hash_key, prefix_of
from accounts.models import ApiKey, Membership, Scope, Team, User
from accounts.permissions import scopes_of
from accounts.security_log import noticed, refused
from accounts.statements import run_bound

LAST_USED_PRECISION = timedelta(minutes=1)


_KEY_HEADERS = ("x-api-key", "x-amz-firehose-access-key")


def told_key(headers: Any) -> str | None:
    """The key that a request carries, or None.

    `Authorization` may be `Bearer`, `Splunk` (HEC clients) or `Basic`, whose password is the key; LangSmith's SDK
    sends `x-api-key`, Firehose a header of its own.
    """
    kind, _, value = headers.get("authorization", "").partition(" ")
    kind, value = kind.lower(), value.strip()
    if kind in ("bearer", "splunk") and value:
        return str(value)
    if kind == "basic":
        return _basic_password(value)
    return next((found for name in _KEY_HEADERS if (found := headers.get(name))), None)


def _basic_password(value: str) -> str | None:
    try:
        text = base64.b64decode(value, validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    return text.partition(":")[2] or None


_FIELDS = [field.attname for field in ApiKey._meta.concrete_fields]
# With when its team is erased, whether it is suspended, and for a key that stands for a member that one's role.
_FIND = f"""
SELECT {", ".join(f"k.{name}" for name in _FIELDS)}, t.erased_from, t.suspended_at IS NOT NULL, m.role
FROM {ApiKey._meta.db_table} k JOIN {Team._meta.db_table} t ON t.id = k.team_id
LEFT JOIN ({Membership._meta.db_table} m JOIN {User._meta.db_table} u ON u.id = m.user_id AND u.is_active)
    ON m.team_id = k.team_id AND m.user_id = k.member_id
WHERE k.prefix = $1
"""


@dataclass(frozen=True, slots=True)
class FoundKey:
    """A key with what decides whether it counts: its team's end, whether that is suspended, the role of the member whom
    it stands for."""

    key: ApiKey
    erased_from: datetime | None
    is_suspended: bool
    role: str | None


def find_key(prefix: str) -> FoundKey | None:
    """The key with this prefix. Prepared: every report passes here, and building the query costs more than it."""
    rows = run_bound(_FIND, [prefix])
    return FoundKey(ApiKey.from_db(connection.alias, _FIELDS, rows[0][:-3]), *rows[0][-3:]) if rows else None


def verify_key(text: str, now: datetime) -> ApiKey:
    """The key with this text, with the scopes that it has now.

    Raises `AuthenticationFailed` when it is wrong, revoked or expired, `PermissionDenied` when its team is closed.
    """
    prefix = prefix_of(text)
    found = find_key(prefix) if prefix else None
    key = found.key if found else None
    if found is None or key is None or not hmac.compare_digest(bytes(key.secret_hash), hash_key(text)):
        raise AuthenticationFailed("This API key is not known. Check that it was copied whole.")
    if key.revoked_at is not None:
        noticed("a revoked key was used", "key", key.prefix)
        raise AuthenticationFailed("This API key was revoked. Make a new one.")
    if key.expires_at is not None and key.expires_at <= now:
        raise AuthenticationFailed("This API key has expired. Make a new one.")
    if key.member_id is not None:
        if found.role is None:
            raise AuthenticationFailed("Whoever this API key stands for is no longer a member of the team.")
        key.scopes = [scope for scope in key.scopes if scope in scopes_of(found.role)]
    if found.erased_from is not None:
        raise PermissionDenied(closed_words(found.erased_from))
    if found.is_suspended:
        raise PermissionDenied(SUSPENDED)
    if key.last_used_at is None or now - key.last_used_at > LAST_USED_PRECISION:
        ApiKey.objects.filter(pk=key.pk).update(last_used_at=now)
    return key


class ApiKeyAuthentication(BaseAuthentication):
    """Authenticates a program: `request.auth` is its `ApiKey`."""

    def authenticate(self, request: Request) -> tuple[ApiKey, ApiKey] | None:
        """The verified key, or None when the request carries none."""
        text = told_key(request.headers)
        if text is None:
            return None
        key = verify_key(text, timezone.now())
        set_key(key)
        return key, key

    def authenticate_header(self, request: Request) -> str:
        """Makes a missing key a 401, not a 403."""
        return 'Bearer realm="steadyrun"'


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """Describes the key in the OpenAPI document."""

    target_class = "accounts.authentication.ApiKeyAuthentication"
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """A bearer token."""
        return {"type": "http", "scheme": "bearer"}


class _HasScope(BasePermission):
    scope: Scope

    def has_permission(self, request: Request, view: Any) -> bool:
        """Whether the key carries the scope."""
        self.message = f"This API key does not have the scope '{self.scope}'."
        if not isinstance(request.auth, ApiKey):
            return False
        if self.scope not in request.auth.scopes:
            match = request.resolver_match
            refused("key", request.auth.prefix, f"scope {self.scope}", match.route if match else "")
            return False
        return True


class CanIngest(_HasScope):
    """The key may report."""

    scope = Scope.INGEST


class CanRead(_HasScope):
    """The key may read."""

    scope = Scope.READ


class CanClassify(_HasScope):
    """The key may decide about causes."""

    scope = Scope.CLASSIFY


class CanRelease(_HasScope):
    """The key may announce releases."""

    scope = Scope.RELEASE


class CanAlert(_HasScope):
    """The key may change alert rules, routes, silences, channels and incidents."""

    scope = Scope.ALERT


class CanCost(_HasScope):
    """The key may change prices, budgets and costs."""

    scope = Scope.COST


class CanAudit(_HasScope):
    """The key may read the audit log."""

    scope = Scope.AUDIT


class CanManage(_HasScope):
    """The key may manage members and keys."""

    scope = Scope.MANAGE


class _CanReadOr(BasePermission):
    """A permission that the scope of reading is enough for, unless something is changed."""

    change: type[_HasScope]

    def has_permission(self, request: Request, view: Any) -> bool:
        """Whether the key carries the scope that the method needs."""
        needed = CanRead() if request.method in ("GET", "HEAD", "OPTIONS") else self.change()
        is_allowed = needed.has_permission(request, view)
        self.message = needed.message
        return is_allowed


class CanReadOrAlert(_CanReadOr):
    """The key may read; to change something it needs the scope of alerts."""

    change = CanAlert


class CanReadOrClassify(_CanReadOr):
    """The key may read; to change something it may decide."""

    change = CanClassify


class CanReadOrCost(_CanReadOr):
    """The key may read; to change something it needs the scope of costs."""

    change = CanCost
