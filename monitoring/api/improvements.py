"""`/api/v1/improvements/`: list, plan, read, change, comment."""

from typing import Any, cast
from uuid import UUID

import django_filters
from django.http import Http404
from django.utils import timezone
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import exceptions, status
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import ChangesTold
from accounts.authentication import CanClassify, CanReadOrClassify
from accounts.models import ApiKey, User
from accounts.tenancy import team_context
from monitoring.api.executions import team_of, uuid_of
from monitoring.api.improvement_documents import (
    CommentSerializer,
    ImprovementChangeSerializer,
    ImprovementDetailSerializer,
    ImprovementEventSerializer,
    ImprovementListSerializer,
    NewImprovementSerializer,
    detail_document,
    event_document,
    improvement_document,
)
from monitoring.api.parameters import described, one_of
from monitoring.api.rendering import NumberRenderer
from monitoring.filters import MAX_LENGTH
from monitoring.identity import LabelKind, label_id
from monitoring.models import ChangeKind, Improvement, ImprovementStatus, Label
from monitoring.reads import improvements as reads
from monitoring.reads.workflows import named
from monitoring.services.improvements import (
    ImprovementRefused,
    Wanted,
    change_improvement,
    comment,
    move_improvement,
    plan_improvement,
    release_improvement,
)

# Fields by the names that pages have for them.
_NAMES = {
    "expected change": "expected_change",
    "effect": "expected_effect",
    "tracker link": "tracker_url",
    "group": "failure_group_id",
    "finding": "finding_id",
}
IMPROVEMENT = OpenApiParameter("improvement", OpenApiTypes.UUID, OpenApiParameter.PATH)


class ImprovementFilters(django_filters.FilterSet):
    """What `GET /api/v1/improvements/` understands."""

    workflow = described(
        django_filters.CharFilter(max_length=MAX_LENGTH), "Name or slug of one workflow. Absent: all", type="string"
    )
    status = one_of(ImprovementStatus.values, "Status. Absent: all")
    kind = one_of(ChangeKind.values, "Kind of change. Absent: all")
    owner = described(django_filters.CharFilter(max_length=254), "E-mail of the owner. Absent: all", type="string")
    group = described(django_filters.UUIDFilter(), "Failure group. Absent: all", type="string", format="uuid")
    finding = described(django_filters.UUIDFilter(), "Finding. Absent: all", type="string", format="uuid")


class ImprovementList(ChangesTold, GenericAPIView[Improvement]):
    """Improvements, those that changed last first."""

    permission_classes = [CanReadOrClassify]
    renderer_classes = [NumberRenderer]
    filter_backends = [DjangoFilterBackend]
    filterset_class = ImprovementFilters
    queryset = Improvement.objects.none()
    pagination_class = None

    @extend_schema(operation_id="list_improvements", responses=ImprovementListSerializer)
    def get(self, request: Request) -> Response:
        """List improvements, up to 500."""
        told = ImprovementFilters(request.query_params, queryset=self.queryset)
        if not told.is_valid():
            raise exceptions.ValidationError(told.errors)
        wanted, team_id = told.form.cleaned_data, team_of(request)
        with team_context(team_id):
            workflow = named(team_id, wanted["workflow"].replace("\x00", "")) if wanted["workflow"] else None
            owner = _person(team_id, wanted["owner"]) if wanted["owner"] else None
            is_nothing = (wanted["workflow"] and workflow is None) or (wanted["owner"] and owner is None)
            chosen = reads.Chosen(
                workflow.slug if workflow else "",
                owner.id if owner else None,
                wanted["kind"] or "",
                wanted["status"] or "",
                wanted["group"],
                wanted["finding"],
            )
            found = [] if is_nothing else reads.listing(team_id, chosen)
            return Response({"results": [improvement_document(one) for one in found]})

    @extend_schema(
        operation_id="plan_improvement",
        request=NewImprovementSerializer,
        responses={201: ImprovementDetailSerializer},
    )
    def post(self, request: Request) -> Response:
        """Plan an improvement of a workflow, from a failure group or a finding or neither."""
        told = NewImprovementSerializer(data=request.data)
        told.is_valid(raise_exception=True)
        values, team_id = dict(told.validated_data), team_of(request)
        with team_context(team_id):
            workflow = named(team_id, values.pop("workflow"))
            if workflow is None:
                raise exceptions.ValidationError({"workflow": ["is not known"]})
            wanted = Wanted(workflow_id=workflow.id, **_resolved(team_id, values))
            made = _checked(plan_improvement, team_id=team_id, wanted=wanted, **_by(request))
            return Response(_document(team_id, made.id), status=status.HTTP_201_CREATED)


class ImprovementDetail(ChangesTold):
    """One improvement."""

    permission_classes = [CanReadOrClassify]
    renderer_classes = [NumberRenderer]

    @extend_schema(operation_id="get_improvement", parameters=[IMPROVEMENT], responses=ImprovementDetailSerializer)
    def get(self, request: Request, improvement: str) -> Response:
        """Read an improvement with its comparison of before and after and its history."""
        team_id = team_of(request)
        with team_context(team_id):
            return Response(_document(team_id, uuid_of(improvement)))

    @extend_schema(
        operation_id="change_improvement",
        parameters=[IMPROVEMENT],
        request=ImprovementChangeSerializer,
        responses=ImprovementDetailSerializer,
    )
    def patch(self, request: Request, improvement: str) -> Response:
        """Change fields; `release` sets it released, `status` another status by hand. All or nothing."""
        told = ImprovementChangeSerializer(data=request.data, partial=True)
        told.is_valid(raise_exception=True)
        values, team_id, id = dict(told.validated_data), team_of(request), uuid_of(improvement)
        release, then, text = (values.pop(name, None) for name in ("release", "status", "why"))
        if release is None and then == ImprovementStatus.RELEASED:
            raise exceptions.ValidationError({"release": ["must be named to set the status to released"]})
        if release is not None and then not in (None, ImprovementStatus.RELEASED):
            raise exceptions.ValidationError({"status": ["must be left out, or released, beside a release"]})
        with team_context(team_id):
            about = {"team_id": team_id, "improvement_id": id}
            if values:
                _checked(change_improvement, changes=_resolved(team_id, values), **about, **_by(request))
            if release is not None:
                _checked(release_improvement, release=release, text=text or "", **about, **_by(request))
            elif then is not None:
                _checked(move_improvement, status=then, text=text or "", **about, **_by(request))
            return Response(_document(team_id, id))


class ImprovementComments(ChangesTold):
    """Comments on an improvement."""

    permission_classes = [CanClassify]
    renderer_classes = [NumberRenderer]

    @extend_schema(
        operation_id="comment_improvement",
        parameters=[IMPROVEMENT],
        request=CommentSerializer,
        responses={201: ImprovementEventSerializer},
    )
    def post(self, request: Request, improvement: str) -> Response:
        """Add a comment."""
        told = CommentSerializer(data=request.data)
        told.is_valid(raise_exception=True)
        team_id = team_of(request)
        with team_context(team_id):
            made = _checked(
                comment,
                team_id=team_id,
                improvement_id=uuid_of(improvement),
                text=told.validated_data["text"],
                **_by(request),
            )
            return Response(event_document(made), status=status.HTTP_201_CREATED)


def _by(request: Request) -> dict[str, Any]:
    return {"by": cast(ApiKey, request.auth).name, "now": timezone.now()}


def _checked(act: Any, **told: Any) -> Any:
    """Does it. Raises `ValidationError` by field, or `Http404`."""
    try:
        return act(**told)
    except ImprovementRefused as refused:
        reasons = {_NAMES.get(field, field): [reason] for field, reason in refused.reasons.items()}
        raise exceptions.ValidationError(reasons) from refused
    except Improvement.DoesNotExist:
        raise Http404 from None


def _resolved(team_id: UUID, values: dict[str, Any]) -> dict[str, Any]:
    """Names as ids: the owner by e-mail, the environment by name. Raises `ValidationError`."""
    if "owner" in values:
        email = values.pop("owner")
        person = _person(team_id, email) if email else None
        if email and person is None:
            raise exceptions.ValidationError({"owner": ["must be the e-mail of a member of the team"]})
        values["owner_id"] = person.id if person else None
    if "environment" in values:
        name = values.pop("environment")
        number = label_id(LabelKind.ENVIRONMENT, name) if name else None
        if number is not None and not Label.objects.filter(team_id=team_id, id=number).exists():
            raise exceptions.ValidationError({"environment": ["is not one that executions told"]})
        values["environment_id"] = number
    return values


def _person(team_id: UUID, email: str) -> User | None:
    return next((user for user in reads.members(team_id) if user.email == email.strip().lower()), None)


def _document(team_id: UUID, improvement_id: UUID) -> dict[str, Any]:
    found = reads.detail(team_id, improvement_id, timezone.now())
    if found is None:
        raise Http404
    return detail_document(found)
