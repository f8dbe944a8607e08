"""`/api/v1/costs/statements/` and `reconciliation/`: providers' statements, differences, and booking them."""

from typing import Any, BinaryIO, cast
from uuid import UUID

from django.http import Http404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import exceptions, status
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.base import ChangesTold
from accounts.authentication import CanReadOrCost
from accounts.tenancy import team_context
from billing.analysis.amounts import read_day
from billing.analysis.reconciliation import Compared, Key, Measure, causes_of
from billing.analysis.statements import StatementRefused
from billing.api.callers import caller
from billing.api.entries import entry_document
from billing.api.month_documents import (
    BookingProposalSerializer,
    BookSerializer,
    EntrySerializer,
    NewStatementSerializer,
    ReconciliationSerializer,
    StatementDetailSerializer,
    StatementListSerializer,
    StatementSerializer,
    month_told,
    plain,
)
from billing.models import ProviderStatement
from billing.reads import reconciliation as reads
from billing.reads.entries import find_entry
from billing.services.bookings import book, propose
from billing.services.refusals import Refused
from billing.services.statements import Upload, import_statement, remove_statement
from monitoring.api.executions import team_of, uuid_of

STATEMENT = OpenApiParameter("statement", OpenApiTypes.UUID, OpenApiParameter.PATH)
MONTH = OpenApiParameter("month", str, description="As 2026-11", pattern=r"^\d{4}-\d{2}$")
OF_MONTH = OpenApiParameter("month", str, description="As 2026-11", required=True, pattern=r"^\d{4}-\d{2}$")
DAY = OpenApiParameter("day", OpenApiTypes.DATE, description="Absent: the whole month")
MODEL_KEY = OpenApiParameter("model_key", str, description="Of the day")
MAPPED = ("day", "model", "amount", "currency", "tokens")
MOST = 1_000


class StatementList(ChangesTold):
    """Statements of providers."""

    permission_classes = [CanReadOrCost]
    parser_classes = [MultiPartParser]

    @extend_schema(operation_id="list_cost_statements", parameters=[MONTH], responses=StatementListSerializer)
    def get(self, request: Request) -> Response:
        """List statements, the latest month first, at most 1,000. Those that were removed or replaced are left out."""
        team_id, month = team_of(request), month_told(request.query_params.get("month"))
        with team_context(team_id):
            rows = _statements(team_id).order_by("-month", "provider", "id")
            found = list((rows.filter(month=month) if month else rows)[:MOST])
        return Response({"results": [statement_document(one) for one in found]})

    @extend_schema(
        operation_id="upload_cost_statement",
        request={"multipart/form-data": NewStatementSerializer},
        responses={201: StatementSerializer},
    )
    def post(self, request: Request) -> Response:
        """Upload an export of a month, read whole or refused by line and column. It replaces an earlier one."""
        told = NewStatementSerializer(data=request.data)
        told.is_valid(raise_exception=True)
        values, team_id = told.validated_data, team_of(request)
        month, file = month_told(values["month"]), values["file"]
        if month is None:
            raise exceptions.ValidationError({"month": ["must be a month, as 2026-11"]})
        mapping = {name: values[name].replace("\x00", "") for name in MAPPED if values.get(name)}
        with team_context(team_id):
            try:
                made = import_statement(
                    team_id=team_id,
                    provider=values["provider"].replace("\x00", ""),
                    month=month,
                    upload=Upload(file.name or "statement.csv", cast(BinaryIO, file.file), mapping or None),
                    by=caller(request),
                    now=timezone.now(),
                )
            except StatementRefused as refused:
                raise _refusal(refused) from refused
            return Response(statement_document(made), status=status.HTTP_201_CREATED)


class StatementDetail(ChangesTold):
    """One statement."""

    permission_classes = [CanReadOrCost]

    @extend_schema(operation_id="get_cost_statement", parameters=[STATEMENT], responses=StatementDetailSerializer)
    def get(self, request: Request, statement: str) -> Response:
        """Read a statement against what is counted, by day and model."""
        team_id = team_of(request)
        with team_context(team_id):
            one = _find(team_id, statement)
            found = reads.month_of(team_id, one.provider, one.month)
        result = found.result
        return Response(
            {
                **statement_document(one),
                "whole": compared_document(result.whole),
                "explained": [
                    {"cause": part.cause.value, "amount": plain(part.amount), "rows": len(part.keys)}
                    for part in result.explained
                ],
                "rows": [_row(found, key) for key in result.rows],
            }
        )

    @extend_schema(operation_id="remove_cost_statement", parameters=[STATEMENT], responses={204: None})
    def delete(self, request: Request, statement: str) -> Response:
        """Remove a statement with the adjustments that were booked of it."""
        team_id = team_of(request)
        with team_context(team_id):
            one = _find(team_id, statement)
            try:
                remove_statement(team_id=team_id, statement_id=one.id, now=timezone.now(), by=caller(request))
            except StatementRefused as refused:
                raise _refusal(refused) from refused
        return Response(status=status.HTTP_204_NO_CONTENT)


class StatementBookings(ChangesTold):
    """Booking the difference of a statement."""

    permission_classes = [CanReadOrCost]

    @extend_schema(
        operation_id="preview_cost_booking",
        parameters=[STATEMENT, DAY, MODEL_KEY],
        responses=BookingProposalSerializer,
    )
    def get(self, request: Request, statement: str) -> Response:
        """Look at the adjustment that booking the difference would make."""
        team_id, told = team_of(request), request.query_params
        try:
            key = (read_day(told["day"]), told.get("model_key", "")) if "day" in told else None
        except ValueError as error:
            raise exceptions.ValidationError({"day": [str(error)]}) from error
        with team_context(team_id):
            one = _find(team_id, statement)
            found = _done(propose, team_id, one.provider, one.month, key)
        names = ("day", "model", "reason", "seen")
        return Response({"amount_usd": plain(found.usd), **{name: getattr(found, name) for name in names}})

    @extend_schema(
        operation_id="book_cost_difference",
        parameters=[STATEMENT],
        request=BookSerializer,
        responses={201: EntrySerializer},
    )
    def post(self, request: Request, statement: str) -> Response:
        """Book the difference as one adjustment, once for a day and model or for the whole month."""
        told = BookSerializer(data=request.data)
        told.is_valid(raise_exception=True)
        values, team_id = told.validated_data, team_of(request)
        key: Key | None = (values["day"], values["model_key"]) if values["day"] else None
        about: dict[str, Any] = {"seen": values["seen"], "by": caller(request), "now": timezone.now()}
        with team_context(team_id):
            one = _find(team_id, statement)
            line = _done(book, team_id, one.provider, one.month, key, **about)
            found = find_entry(team_id, line.id)
        if found is None:
            raise Http404
        return Response(entry_document(found), status=status.HTTP_201_CREATED)


class ReconciliationList(APIView):
    """Providers of a month against their statements."""

    permission_classes = [CanReadOrCost]

    @extend_schema(operation_id="get_cost_reconciliation", parameters=[OF_MONTH], responses=ReconciliationSerializer)
    def get(self, request: Request) -> Response:
        """Compare each provider's month with its statement."""
        team_id, month = team_of(request), month_told(request.query_params.get("month"))
        if month is None:
            raise exceptions.ValidationError({"month": ["must be told, as 2026-11"]})
        with team_context(team_id):
            found = reads.months(team_id, month)
        rows = [
            {
                "provider": one.provider,
                "statement": one.statement.id if one.statement else None,
                **compared_document(one.compared),
            }
            for one in found
        ]
        return Response({"month": f"{month:%Y-%m}", "results": rows})


def statement_document(one: ProviderStatement) -> dict[str, Any]:
    """A statement as JSON tells it."""
    names = ("id", "provider", "filename", "format", "sha256", "row_count", "uploaded_at")
    return {
        **{name: getattr(one, name) for name in names},
        "month": f"{one.month:%Y-%m}",
        "uploaded_by": one.uploaded_by.email if one.uploaded_by else "",
    }


def compared_document(one: Compared) -> dict[str, Any]:
    """Both sides as JSON tells them."""
    return {
        "measure": one.by.value,
        "ours": plain(one.ours.usd if one.by is Measure.USD else one.ours.tokens),
        "theirs": plain(one.told),
        "difference": plain(one.difference),
        "share": plain(one.share),
        "booked_usd": plain(one.booked),
        "left": plain(one.left),
        "state": one.tone.value,
    }


def _row(found: reads.Month, key: Key) -> dict[str, Any]:
    row = found.result.rows[key]
    causes = {cause.value: plain(amount) for cause, amount in causes_of(row).items()}
    return {
        "day": key[0],
        "model": found.names[key[1]],
        "model_key": key[1],
        **compared_document(row),
        "causes": causes,
    }


def _statements(team_id: UUID) -> Any:
    return ProviderStatement.objects.filter(team_id=team_id, removed_at__isnull=True).select_related("uploaded_by")


def _find(team_id: UUID, text: str) -> ProviderStatement:
    found: ProviderStatement | None = _statements(team_id).filter(id=uuid_of(text)).first()
    if found is None:
        raise Http404
    return found


def _refusal(refused: StatementRefused) -> exceptions.ValidationError:
    return exceptions.ValidationError({"file": [str(fault) for fault in refused.faults]})


def _done(act: Any, *about: Any, **more: Any) -> Any:
    """Does it. Raises `ValidationError` by field, or `Http404` for a day and model that are not there."""
    try:
        return act(*about, **more)
    except LookupError:
        raise Http404 from None
    except Refused as refused:
        raise exceptions.ValidationError({name: [why] for name, why in refused.reasons.items()}) from refused
