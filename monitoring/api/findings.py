"""`GET /api/v1/findings/` and one of them; leaving one as it is, and taking that back."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import cast
from uuid import UUID

import django_filters
from django.http import Http404
from django.utils import timezone
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import exceptions
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import ChangesTold
from accounts.authentication import CanClassify, CanRead
from accounts.models import ApiKey
from accounts.tenancy import team_context
from monitoring.api.executions import team_of, uuid_of
from monitoring.api.finding_documents import (
    DismissalSerializer,
    FindingListSerializer,
    FindingSerializer,
    finding_document,
)
from monitoring.api.parameters import described, one_of
from monitoring.api.rendering import NumberRenderer
from monitoring.filters import MAX_LENGTH
from monitoring.models import Finding, FindingKind, FindingStatus
from monitoring.reads.findings import FindingRow, Wanted, find, listing
from monitoring.services.finding_decisions import DecisionRefused, dismiss_finding, reopen_finding

FINDING = OpenApiParameter("finding", OpenApiTypes.UUID, OpenApiParameter.PATH)


class FindingFilters(django_filters.FilterSet):
    """What `GET /api/v1/findings/` understands."""

    workflow = described(
        django_filters.CharFilter(max_length=MAX_LENGTH), "Name or slug of one workflow. Absent: all", type="string"
    )
    environment = described(
        django_filters.CharFilter(max_length=MAX_LENGTH), "One environment. Absent: all environments", type="string"
    )
    kind = one_of(FindingKind.values, "Which part of the analysis made it. Absent: all")
    status = one_of(FindingStatus.values, "Whether it is there now. Absent: all")
    q = described(
        django_filters.CharFilter(max_length=MAX_LENGTH), "Words of the title", type="string", maxLength=MAX_LENGTH
    )

    def wanted(self) -> Wanted:
        """The findings that are asked for. Raises `ValidationError`, by field."""
        if not self.is_valid():
            raise exceptions.ValidationError(self.errors)
        told = self.form.cleaned_data
        wanted = {name: [told[name].replace("\x00", "")] if told[name] else [] for name in told}
        return Wanted(
            workflows=wanted["workflow"],
            kinds=wanted["kind"],
            statuses=wanted["status"],
            environments=wanted["environment"],
            q=" ".join(wanted["q"]),
        )


class FindingList(GenericAPIView[Finding]):
    """Findings, those worth most first."""

    permission_classes = [CanRead]
    renderer_classes = [NumberRenderer]
    filter_backends = [DjangoFilterBackend]
    filterset_class = FindingFilters
    queryset = Finding.objects.none()
    pagination_class = None

    @extend_schema(operation_id="list_findings", responses=FindingListSerializer)
    def get(self, request: Request) -> Response:
        """List findings, those worth most first, up to 500."""
        wanted, team_id = FindingFilters(request.query_params, queryset=self.queryset).wanted(), team_of(request)
        with team_context(team_id):
            found = listing(team_id, wanted)
        return Response({"results": [finding_document(one) for one in found]})


class _One(ChangesTold):
    """What the addresses of one finding have in common."""

    renderer_classes = [NumberRenderer]

    def found(self, team_id: UUID, text: str) -> FindingRow:
        """The finding of an address. Raises `Http404`."""
        one = find(team_id, uuid_of(text))
        if one is None:
            raise Http404
        return one


class FindingDetail(_One):
    """One finding."""

    permission_classes = [CanRead]

    @extend_schema(operation_id="get_finding", parameters=[FINDING], responses=FindingSerializer)
    def get(self, request: Request, finding: str) -> Response:
        """Read one finding with its evidence, advice, course and history."""
        team_id = team_of(request)
        with team_context(team_id):
            return Response(finding_document(self.found(team_id, finding)))


class FindingDismissal(_One):
    """Leaving a finding as it is."""

    permission_classes = [CanClassify]

    @extend_schema(
        operation_id="dismiss_finding", parameters=[FINDING], request=DismissalSerializer, responses=FindingSerializer
    )
    def post(self, request: Request, finding: str) -> Response:
        """Dismiss an open finding with a reason. It comes back when its worth is more than twice what it is now."""
        told = DismissalSerializer(data=request.data)
        told.is_valid(raise_exception=True)
        why, team_id = told.validated_data["why"].strip(), team_of(request)
        with team_context(team_id):
            one = self.found(team_id, finding)
            with _refusals():
                dismiss_finding(team_id=team_id, finding_id=one.id, why=why, by=_key(request), now=timezone.now())
            return Response(finding_document(self.found(team_id, finding)))


class FindingReopening(_One):
    """Taking back that a finding was dismissed."""

    permission_classes = [CanClassify]

    @extend_schema(operation_id="reopen_finding", parameters=[FINDING], request=None, responses=FindingSerializer)
    def post(self, request: Request, finding: str) -> Response:
        """Reopen a dismissed finding."""
        team_id = team_of(request)
        with team_context(team_id):
            one = self.found(team_id, finding)
            with _refusals():
                reopen_finding(team_id=team_id, finding_id=one.id, by=_key(request), now=timezone.now())
            return Response(finding_document(self.found(team_id, finding)))


@contextmanager
def _refusals() -> Iterator[None]:
    """Turns a refused decision into REST framework's `ValidationError`, by field."""
    try:
        yield
    except DecisionRefused as refused:
        raise exceptions.ValidationError({field: [reason] for field, reason in refused.reasons.items()}) from refused


def _key(request: Request) -> str:
    return cast(ApiKey, request.auth).name
