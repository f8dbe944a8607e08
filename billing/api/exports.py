"""`/api/v1/costs/exports/`: exports written in the background: ask for one, see how far it is, get its file."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.http import FileResponse, Http404, QueryDict
from django.urls import reverse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import exceptions, status
from rest_framework import serializers as s
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.base import ChangesTold
from accounts.audit import record
from accounts.authentication import CanRead, CanReadOrCost
from accounts.tenancy import team_context
from billing.api.callers import caller
from billing.api.line_filters import LineFilters
from billing.exports.files import MEDIA_TYPES, Format, Table
from billing.models import CostLine, ExportJob, ExportState
from billing.reads import export_jobs as reads
from billing.services import export_jobs
from monitoring.api.executions import team_of, uuid_of

EXPORT = OpenApiParameter("export", OpenApiTypes.UUID, OpenApiParameter.PATH)
MAX_VALUES, MAX_TEXT = 50, 300
_LISTS = ("workflow", "environment", "provider", "model", "tag", "entry", "kind", "outcome")


def _names(help: str) -> s.ListField:
    child = s.CharField(max_length=MAX_TEXT)
    return s.ListField(child=child, max_length=MAX_VALUES, required=False, help_text=f"{help}. Absent: all")


class ExportRequestSerializer(s.Serializer[Any]):
    """What an export is to hold."""

    table = s.ChoiceField([one.value for one in Table], help_text="What is exported")
    format = s.ChoiceField([one.value for one in Format], help_text="csv is for spreadsheets, csv-machine for programs")
    start = s.DateField(required=False, allow_null=True, help_text="First day that counts. Absent: all")
    end = s.DateField(required=False, allow_null=True, help_text="First day that is left out. Absent: none")
    workflow = _names("Names or slugs of workflows")
    environment = _names("Environments")
    provider = _names("Providers")
    model = _names("Models")
    tag = _names("Cost tags, as key=value")
    entry = _names("Entries")
    kind = _names("Kinds of cost")
    outcome = _names("Outcomes")


class ExportSerializer(s.Serializer[Any]):
    """An export, and how far it is."""

    id = s.UUIDField()
    table = s.ChoiceField([one.value for one in Table])
    format = s.ChoiceField([one.value for one in Format])
    chosen = s.DictField(help_text="The days and names that were asked for")
    state = s.ChoiceField(ExportState.values)
    lines_total = s.IntegerField(help_text="Cost lines, by the rollups")
    lines_done = s.IntegerField()
    rows = s.IntegerField(allow_null=True, help_text="Of the file, without heads")
    left_out_lines = s.IntegerField(help_text="FOCUS: lines whose cost is not known have no row")
    left_out_tokens = s.IntegerField()
    file_name = s.CharField()
    size_bytes = s.IntegerField(allow_null=True)
    sha256 = s.CharField()
    error = s.CharField()
    created_at = s.DateTimeField()
    finished_at = s.DateTimeField(allow_null=True)
    expires_at = s.DateTimeField()
    file = s.CharField(allow_null=True, help_text="Address of the file; null until it is done")


class ExportListSerializer(s.Serializer[Any]):
    """Exports, newest first, at most 100."""

    results = ExportSerializer(many=True)


_PLAIN = (
    *("id", "table", "format", "chosen", "state", "lines_total", "lines_done", "rows", "left_out_lines"),
    *("left_out_tokens", "file_name", "size_bytes", "error", "created_at", "finished_at", "expires_at"),
)


def export_document(request: Request, job: ExportJob) -> dict[str, Any]:
    """An export as JSON."""
    address = request.build_absolute_uri(reverse("api_cost_export_file", args=[job.id]))
    return {
        **{name: getattr(job, name) for name in _PLAIN},
        "sha256": job.digest,
        "file": address if job.state == ExportState.DONE else None,
    }


class ExportList(ChangesTold):
    """Exports of the team."""

    permission_classes = [CanRead]

    @extend_schema(operation_id="list_cost_exports", responses=ExportListSerializer)
    def get(self, request: Request) -> Response:
        """List exports, newest first. They are kept for seven days."""
        team_id = team_of(request)
        with team_context(team_id):
            found = reads.listed(team_id)
        return Response({"results": [export_document(request, job) for job in found]})

    @extend_schema(
        operation_id="create_cost_export", request=ExportRequestSerializer, responses={202: ExportSerializer}
    )
    def post(self, request: Request) -> Response:
        """Ask for an export. It is written in the background: read it until its state is `done`."""
        told = ExportRequestSerializer(data=request.data)
        told.is_valid(raise_exception=True)
        values, team_id, now = told.validated_data, team_of(request), timezone.now()
        chosen = _filters(values).chosen(now)
        try:
            with team_context(team_id):
                job = export_jobs.create(
                    team_id,
                    table=Table(values["table"]),
                    format=Format(values["format"]),
                    chosen=chosen,
                    now=now,
                    by=caller(request),
                )
        except export_jobs.TooManyExports as error:
            raise exceptions.Throttled(detail=str(error)) from error
        return Response(export_document(request, job), status=status.HTTP_202_ACCEPTED)


class ExportDetail(ChangesTold):
    """One export."""

    permission_classes = [CanReadOrCost]

    @extend_schema(operation_id="get_cost_export", parameters=[EXPORT], responses=ExportSerializer)
    def get(self, request: Request, export: str) -> Response:
        """Read how far an export is."""
        return Response(export_document(request, _find(team_of(request), export)))

    @extend_schema(operation_id="remove_cost_export", parameters=[EXPORT], responses={204: None})
    def delete(self, request: Request, export: str) -> Response:
        """Remove an export with its file; one that is being written stops. Needs the scope of costs."""
        team_id = team_of(request)
        job = _find(team_id, export)
        with team_context(team_id):
            export_jobs.remove(team_id, job, by=caller(request), now=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)


class ExportFile(APIView):
    """The file of an export."""

    permission_classes = [CanRead]

    @extend_schema(
        operation_id="get_cost_export_file",
        parameters=[EXPORT],
        responses={(200, "application/octet-stream"): OpenApiResponse(OpenApiTypes.BINARY)},
    )
    def get(self, request: Request, export: str) -> FileResponse:
        """Download the file. 404 until the export is done."""
        job = _find(team_of(request), export)
        path = export_jobs.path_of(job)
        if path is None:
            raise Http404
        with team_context(job.team_id):
            record("export.downloaded", ("export", job.id, job.file_name))
        media = MEDIA_TYPES[Format(job.format)]
        return FileResponse(path.open("rb"), as_attachment=True, filename=job.file_name, content_type=media)


def _filters(values: dict[str, Any]) -> LineFilters:
    """The same filters that the list of lines has, from a body."""
    pairs = [(name, value) for name in _LISTS for value in values.get(name) or ()]
    pairs += [(name, values[key].isoformat()) for name, key in (("from", "start"), ("to", "end")) if values.get(key)]
    return LineFilters(QueryDict(urlencode(pairs)), queryset=CostLine.objects.none())


def _find(team_id: UUID, text: str) -> ExportJob:
    with team_context(team_id):
        job = reads.find(team_id, uuid_of(text))
    if job is None:
        raise Http404
    return job
