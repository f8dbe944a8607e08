"""`/api/v1/personal-data/`: what is kept about somebody: looked for, exported, deleted; with the scope of managing."""

from typing import Any

from django.http import FileResponse, Http404
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import exceptions, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.base import ChangesTold, team_of, uuid_of
from accounts.audit import record
from accounts.authentication import CanManage
from accounts.tenancy import team_context
from ingestion.models import DataAction, DataState, PersonalDataJob
from ingestion.services import personal_data_jobs as service
from ingestion.services.personal_data import MIN_LETTERS

JOB = OpenApiParameter("job", OpenApiTypes.UUID, OpenApiParameter.PATH)


class DataSearchSerializer(serializers.Serializer[object]):
    """What to look for: a value anywhere (any case), or exactly this value of a tag of executions."""

    value = serializers.CharField(min_length=MIN_LETTERS, max_length=service.MAX_VALUE)
    tag = serializers.CharField(max_length=service.MAX_TAG, allow_blank=True, default="")


class DataDeletionSerializer(serializers.Serializer[object]):
    """The number of executions that the search found."""

    confirm = serializers.IntegerField(min_value=0, max_value=10**15)


class DataJobSerializer(serializers.Serializer[object]):
    """A job. Of the value only its first letters are told. `samples` are ids of some executions that a search found."""

    id = serializers.UUIDField()
    action = serializers.ChoiceField(DataAction.choices)
    state = serializers.ChoiceField(DataState.choices)
    shown = serializers.CharField()
    tag = serializers.CharField(allow_blank=True)
    search_id = serializers.UUIDField(allow_null=True)
    asked_by = serializers.CharField()
    asked_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    expires_at = serializers.DateTimeField()
    days_total = serializers.IntegerField()
    days_done = serializers.IntegerField()
    executions = serializers.IntegerField(help_text="Found, exported or deleted")
    held = serializers.IntegerField(help_text="Under a legal hold: a deletion leaves them")
    deliveries = serializers.IntegerField()
    lines = serializers.IntegerField()
    samples = serializers.ListField(child=serializers.UUIDField())
    size_bytes = serializers.IntegerField(allow_null=True)
    error = serializers.CharField(allow_blank=True)
    file = serializers.CharField(allow_null=True, help_text="Address of the ZIP; null until it is there")


class DataJobListSerializer(serializers.Serializer[object]):
    """The jobs of the last seven days, newest first, at most 100."""

    results = DataJobSerializer(many=True)


class DataJobList(ChangesTold):
    """Jobs of the team."""

    permission_classes = [CanManage]

    @extend_schema(operation_id="list_personal_data_jobs", responses=DataJobListSerializer)
    def get(self, request: Request) -> Response:
        """List searches, exports and deletions, newest first."""
        team_id = team_of(request)
        with team_context(team_id):
            return Response({"results": [_document(request, one) for one in service.listed(team_id)]})

    @extend_schema(
        operation_id="search_personal_data", request=DataSearchSerializer, responses={202: DataJobSerializer}
    )
    def post(self, request: Request) -> Response:
        """Look for what is kept about somebody, in the background: read the job until its state is `done`."""
        told = DataSearchSerializer(data=request.data)
        told.is_valid(raise_exception=True)
        team_id = team_of(request)
        with team_context(team_id):
            try:
                job = service.ask_search(team_id, **told.validated_data, now=timezone.now())
            except service.DataRefused as refused:
                raise _invalid(refused) from refused
        return Response(_document(request, job), status=status.HTTP_202_ACCEPTED)


class DataJobDetail(ChangesTold):
    """One job."""

    permission_classes = [CanManage]

    @extend_schema(operation_id="get_personal_data_job", parameters=[JOB], responses=DataJobSerializer)
    def get(self, request: Request, job: str) -> Response:
        """Read how far a job is and what it found."""
        return Response(_document(request, _find(request, job)))

    @extend_schema(operation_id="remove_personal_data_job", parameters=[JOB], responses={204: None})
    def delete(self, request: Request, job: str) -> Response:
        """Remove a job with its file; one that is at work stops. What a deletion deleted stays deleted."""
        one = _find(request, job)
        with team_context(one.team_id):
            service.remove(one)
        return Response(status=status.HTTP_204_NO_CONTENT)


class DataExport(ChangesTold):
    """An export of what a search found."""

    permission_classes = [CanManage]

    @extend_schema(
        operation_id="export_personal_data", parameters=[JOB], request=None, responses={202: DataJobSerializer}
    )
    def post(self, request: Request, job: str) -> Response:
        """Ask for a ZIP with a JSON document an execution, delivery or line. `job` is a search that is done."""
        search = _find(request, job)
        with team_context(search.team_id):
            try:
                made = service.ask_export(search, timezone.now())
            except service.DataRefused as refused:
                raise _invalid(refused) from refused
        return Response(_document(request, made), status=status.HTTP_202_ACCEPTED)


class DataDeletion(ChangesTold):
    """The deletion of what a search found."""

    permission_classes = [CanManage]

    @extend_schema(
        operation_id="delete_personal_data",
        parameters=[JOB],
        request=DataDeletionSerializer,
        responses={202: DataJobSerializer},
    )
    def post(self, request: Request, job: str) -> Response:
        """Ask for the deletion for good. `job` is a search that is done; `confirm` the executions that it found."""
        told = DataDeletionSerializer(data=request.data)
        told.is_valid(raise_exception=True)
        search = _find(request, job)
        with team_context(search.team_id):
            try:
                made = service.ask_deletion(search, told.validated_data["confirm"], timezone.now())
            except service.DataRefused as refused:
                raise _invalid(refused) from refused
        return Response(_document(request, made), status=status.HTTP_202_ACCEPTED)


class DataFile(APIView):
    """The file of an export."""

    permission_classes = [CanManage]

    @extend_schema(
        operation_id="get_personal_data_file",
        parameters=[JOB],
        responses={(200, "application/zip"): OpenApiResponse(OpenApiTypes.BINARY)},
    )
    def get(self, request: Request, job: str) -> FileResponse:
        """Download the ZIP. 404 until the export is done."""
        one = _find(request, job)
        path = service.path_of(one)
        if path is None:
            raise Http404
        with team_context(one.team_id):
            record("export.downloaded", ("personal data", one.id, one.shown))
        name = f"personal-data-{one.asked_at:%Y-%m-%d}.zip"
        return FileResponse(path.open("rb"), as_attachment=True, filename=name, content_type="application/zip")


_PLAIN = (
    *("id", "action", "state", "shown", "tag", "search_id", "asked_at", "finished_at", "expires_at", "days_total"),
    *("days_done", "executions", "held", "deliveries", "lines", "samples", "size_bytes", "error"),
)


def _document(request: Request, job: PersonalDataJob) -> dict[str, Any]:
    address = request.build_absolute_uri(reverse("api_personal_data_file", args=[job.id]))
    told = {name: getattr(job, name) for name in _PLAIN}
    return {**told, "asked_by": job.actor_name, "file": address if service.path_of(job) else None}


def _find(request: Request, text: str) -> PersonalDataJob:
    team_id = team_of(request)
    with team_context(team_id):
        found = service.find(team_id, uuid_of(text))
    if found is None:
        raise Http404
    return found


def _invalid(refused: service.DataRefused) -> exceptions.ValidationError:
    return exceptions.ValidationError({field: [reason] for field, reason in refused.reasons.items()})
