"""The one door of the ways in: who is calling, from which source, with how much; and how a refusal is worded.

Views behind it take a `Call` and answer in their protocol; everything that goes wrong on the way is a `Refusal`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from typing import Any
from uuid import UUID

from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from psycopg_pool import PoolTimeout

from accounts.authentication import told_key, verify_key
from accounts.keys import hash_key
from accounts.models import Scope
from accounts.tenancy import team_context
from ingestion.acceptance import Outcome
from ingestion.api.admission import Overloaded, admitted, is_full
from ingestion.api.bodies import read_body
from ingestion.api.refusal import EXPECTED, Refusal, Refuse, Wording, as_problem, refusal_of
from ingestion.api.tally import count_items, count_refusal
from ingestion.intake import take_in
from ingestion.kinds import SourceKind
from ingestion.ledger import Receipt, record, record_rejections
from ingestion.masked_reports import mask_rejection
from ingestion.masking import masking_of
from ingestion.quotas import check, count_steps
from ingestion.records import Decoded, Rejection
from ingestion.sources import SourceInfo, find_by_address, find_by_key

NO_KEY = Refusal(401, "Not authenticated", "Send an API key, for instance as 'Authorization: Bearer sr_...'.")
NOT_ALLOWED = Refusal(403, "Not allowed", f"This API key does not have the scope '{Scope.INGEST}'.")
NO_ADDRESS = Refusal(404, "No such address", "No source reports to this address. Copy it again from the source's page.")
SWITCHED_OFF = Refusal(410, "Switched off", "This source was switched off. Nothing was stored.")
NO_METHOD = Refusal(405, "Method not allowed", "This address takes reports by POST.")

# Refusals that say something about the sender's data or line, not about the moment: kept in the ledger.
_TELLING = frozenset({400, 408, 413, 415, 422})


@dataclass(frozen=True, slots=True)
class Call:
    """One request of a known source: its body is whole, bounded and inflated."""

    request: HttpRequest
    source: SourceInfo
    now: datetime
    body: bytes

    def take_in(self, decoded: Decoded) -> Outcome:
        """Stores what the request brought, with its receipt. Raises `StorageUnavailable` or `ReportsRefused`."""
        outcome = take_in(self.source, decoded, now=self.now, byte_count=len(self.body))
        count_items(self.source.kind, outcome)
        count_steps(self.source, sum(len(report.steps or ()) for _, report in decoded.reports))
        return outcome


MAX_REMEMBERED_KEYS = 10_000
_teams_of_keys: dict[bytes, UUID] = {}


def _remember_team(digest: bytes, team_id: UUID) -> None:
    if len(_teams_of_keys) >= MAX_REMEMBERED_KEYS:
        _teams_of_keys.clear()
    _teams_of_keys[digest] = team_id


Find = Callable[[HttpRequest, SourceKind, dict[str, Any], datetime], SourceInfo]
View = Callable[..., HttpResponse]


def find_source_by_key(request: HttpRequest, kind: SourceKind, _arguments: dict[str, Any], now: datetime) -> SourceInfo:
    """The source of the key that a request carries. Raises `Refuse` or `AuthenticationFailed`."""
    text = told_key(request.headers)
    if text is None:
        raise Refuse(NO_KEY)
    # A flood is refused before it costs a query. Whose key this was a moment ago is enough to know for that.
    digest = hash_key(text)
    if (team_id := _teams_of_keys.get(digest)) and is_full(team_id):
        raise Overloaded("this team has as many requests at work as it may")
    key = verify_key(text, now)
    _remember_team(digest, key.team_id)
    if Scope.INGEST not in key.scopes:
        raise Refuse(NOT_ALLOWED)
    return find_by_key(key, kind, now)


def find_source_by_address(
    _request: HttpRequest, _kind: SourceKind, arguments: dict[str, Any], _now: datetime
) -> SourceInfo:
    """The source with the address in the path (the view's argument `address`). Raises `Refuse`."""
    source = find_by_address(arguments["address"])
    if source is None:
        raise Refuse(NO_ADDRESS)
    return source


@dataclass(frozen=True, slots=True)
class _Rule:
    """How one way in is entered."""

    kind: SourceKind
    wording: Wording
    methods: tuple[str, ...]
    find: Find


def way_in(
    kind: SourceKind,
    *,
    wording: Wording = as_problem,
    methods: tuple[str, ...] = ("POST",),
    find: Find = find_source_by_key,
) -> Callable[[View], View]:
    """Makes a view of `view(call, **arguments)`: finds the source, reads the body, words every refusal."""
    rule = _Rule(kind, wording, methods, find)

    def decorate(view: View) -> View:
        @csrf_exempt
        @wraps(view)
        def guarded(request: HttpRequest, **arguments: Any) -> HttpResponse:
            try:
                return _answer(view, rule, request, arguments)
            except EXPECTED as error:
                return _refuse(rule, request, refusal_of(error))

        guarded.way_in = kind  # type: ignore[attr-defined]
        return guarded

    return decorate


def _answer(view: View, rule: _Rule, request: HttpRequest, arguments: dict[str, Any]) -> HttpResponse:
    if request.method not in rule.methods:
        raise Refuse(NO_METHOD)
    now = timezone.now()
    source = rule.find(request, rule.kind, arguments, now)
    if not source.is_active:
        raise Refuse(SWITCHED_OFF)
    check(source, now)
    with admitted(source.team_id):
        try:
            return view(Call(request, source, now, read_body(request)), **arguments)
        except EXPECTED as error:
            _note(source, refusal_of(error), now)
            raise


def _refuse(rule: _Rule, request: HttpRequest, refusal: Refusal) -> HttpResponse:
    response = rule.wording(request, refusal)
    count_refusal(rule.kind, refusal.status)
    if refusal.retry_after is not None:
        response["Retry-After"] = str(refusal.retry_after)
    if refusal.status == 401:
        response.headers.setdefault("WWW-Authenticate", 'Bearer realm="steadyrun"')
    if refusal.status == 405:
        response["Allow"] = ", ".join(rule.methods)
    return response


def _note(source: SourceInfo, refusal: Refusal, now: datetime) -> None:
    """Keeps a refused request in the ledger, so that the source's page tells it; the answer does not depend on it."""
    if refusal.status not in _TELLING:
        return
    reason = Rejection(index=0, field="(request)", reason=refusal.detail)
    try:
        with team_context(source.team_id):
            reason = mask_rejection(masking_of(source.team_id).redactor, reason)
            record(Receipt(source, now, 0, refused=1))
            record_rejections(source, [reason], now)
    except (DatabaseError, InterfaceError, PoolTimeout):
        return
