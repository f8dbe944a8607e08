"""`/api/v1/costs/entries/`: adjustments, credits and commitments. Amounts are decimal texts, never rounded."""

from typing import Any
from uuid import uuid4

from django.http import Http404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import exceptions, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import ChangesTold
from accounts.authentication import CanReadOrCost
from accounts.tenancy import team_context
from billing.api.callers import caller
from billing.api.month_documents import (
    EntryListSerializer,
    EntrySerializer,
    NewEntrySerializer,
    month_told,
    plain,
)
from billing.models import CostKind, Entry
from billing.reads.choices import KIND_WORDS
from billing.reads.entries import EnteredLine, entries_of, find_entry
from billing.reads.resources import rate_id_of
from billing.services.entries import EntryRefused, remove_entry
from billing.services.entry_fields import TEXTS, enter
from billing.services.refusals import Refused
from monitoring.api.executions import team_of

ENTRY = OpenApiParameter("entry", OpenApiTypes.STR, OpenApiParameter.PATH, description="A 64-bit number")
MONTH = OpenApiParameter("month", str, description="As 2026-11. Absent: the running month", pattern=r"^\d{4}-\d{2}$")
_KINDS = {kind: word for word, kind in KIND_WORDS.items()}


def entry_document(one: EnteredLine) -> dict[str, Any]:
    """An entry as JSON tells it."""
    row = one.row
    names = ("provider", "model", "workflow", "environment", "by", "at")
    return {
        "id": str(row.id),
        "entry": Entry(row.entry).name.lower(),
        "kind": _KINDS[CostKind(row.kind)],
        "day": row.booked_on,
        "cost_usd": plain(row.cost_usd),
        "amount": plain(row.billed),
        "currency": row.currency,
        "rate_usd": plain(one.rate),
        **{name: getattr(one, name) for name in names},
        "tags": dict(one.tags),
        "reason": row.reason,
        "statement": one.statement_id or None,
    }


class EntryList(ChangesTold):
    """What was entered."""

    permission_classes = [CanReadOrCost]

    @extend_schema(operation_id="list_cost_entries", parameters=[MONTH], responses=EntryListSerializer)
    def get(self, request: Request) -> Response:
        """List the entries of a month."""
        month = month_told(request.query_params.get("month")) or timezone.now().date().replace(day=1)
        team_id = team_of(request)
        with team_context(team_id):
            found = entries_of(team_id, month)
        return Response({"month": f"{month:%Y-%m}", "results": [entry_document(one) for one in found]})

    @extend_schema(operation_id="add_cost_entry", request=NewEntrySerializer, responses={201: EntrySerializer})
    def post(self, request: Request) -> Response:
        """Book an entry in an open month."""
        told = NewEntrySerializer(data=request.data)
        told.is_valid(raise_exception=True)
        values = dict(told.validated_data)
        tags = "\n".join(f"{name}={value}" for name, value in values.pop("tags").items())
        texts = {name: str(values[name]).replace("\x00", "") for name in TEXTS if name in values} | {"tags": tags}
        team_id, now, key = team_of(request), timezone.now(), f"api {values.get('key') or uuid4()}"
        with team_context(team_id):
            try:
                made = enter(team_id=team_id, told=texts, key=key, by=caller(request), now=now)
            except Refused as refused:
                reasons = {name: [reason] for name, reason in refused.reasons.items()}
                raise exceptions.ValidationError(reasons) from refused
            return Response(_one(request, str(made.id)), status=status.HTTP_201_CREATED)


class EntryDetail(ChangesTold):
    """One entry."""

    permission_classes = [CanReadOrCost]

    @extend_schema(operation_id="get_cost_entry", parameters=[ENTRY], responses=EntrySerializer)
    def get(self, request: Request, entry: str) -> Response:
        """Read an entry."""
        with team_context(team_of(request)):
            return Response(_one(request, entry))

    @extend_schema(operation_id="remove_cost_entry", parameters=[ENTRY], responses={204: None})
    def delete(self, request: Request, entry: str) -> Response:
        """Remove an entry, while its month is open."""
        team_id, id = team_of(request), rate_id_of(entry)
        with team_context(team_id):
            if id is None or find_entry(team_id, id) is None:
                raise Http404
            try:
                remove_entry(team_id, id, timezone.now(), caller(request))
            except EntryRefused as refused:
                reasons = {name: [reason] for name, reason in refused.reasons.items()}
                raise exceptions.ValidationError(reasons) from refused
        return Response(status=status.HTTP_204_NO_CONTENT)


def _one(request: Request, entry: str) -> dict[str, Any]:
    id = rate_id_of(entry)
    found = None if id is None else find_entry(team_of(request), id)
    if found is None:
        raise Http404
    return entry_document(found)
