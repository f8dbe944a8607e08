"""`/api/v1/alert-rules/`: list, make, read, change, remove, rehearse."""

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
from accounts.authentication import CanRead, CanReadOrAlert
from accounts.models import ApiKey
from accounts.tenancy import team_context
from alerts.analysis.catalogue import METRICS
from alerts.analysis.conditions import Severity
from alerts.api.rule_documents import (
    RehearsalSerializer,
    RuleChangeSerializer,
    RuleDetailSerializer,
    RuleFieldsSerializer,
    RuleListSerializer,
    detail_document,
    rehearsal_document,
    rule_document,
)
from alerts.models import AlertRule
from alerts.reads import rules as reads
from alerts.services.rehearsal import rehearse_rule
from alerts.services.rules import RuleRefused, as_rule, checked, remove_rule, save_rule
from monitoring.api.executions import team_of, uuid_of
from monitoring.api.parameters import described, one_of
from monitoring.api.rendering import NumberRenderer
from monitoring.filters import MAX_LENGTH
from monitoring.models import Workflow
from monitoring.reads.workflows import named

RULE = OpenApiParameter("rule", OpenApiTypes.UUID, OpenApiParameter.PATH)
_STATES = [*(state.value for state in reads.ORDER), reads.OFF]


class RuleFilters(django_filters.FilterSet):
    """What `GET /api/v1/alert-rules/` understands."""

    metric = one_of(METRICS, "Metric. Absent: all")
    workflow = described(
        django_filters.CharFilter(max_length=MAX_LENGTH), "Name or slug of one workflow. Absent: all", type="string"
    )
    severity = one_of([one.value for one in Severity], "Severity. Absent: all")
    state = one_of(_STATES, "Where the worst subject of a rule stands, or off. Absent: all")
    q = described(django_filters.CharFilter(max_length=MAX_LENGTH), "A part of name, value or text", type="string")
    after = described(django_filters.CharFilter(max_length=2_000), "Cursor: `next` of the page before", type="string")


class RuleList(ChangesTold, GenericAPIView[AlertRule]):
    """Alert rules, by name."""

    permission_classes = [CanReadOrAlert]
    renderer_classes = [NumberRenderer]
    filter_backends = [DjangoFilterBackend]
    filterset_class = RuleFilters
    queryset = AlertRule.objects.none()
    pagination_class = None

    @extend_schema(operation_id="list_alert_rules", responses=RuleListSerializer)
    def get(self, request: Request) -> Response:
        """List alert rules, 50 a page."""
        told = RuleFilters(request.query_params, queryset=self.queryset)
        if not told.is_valid():
            raise exceptions.ValidationError(told.errors)
        wanted, team_id = {name: (value or "") for name, value in told.form.cleaned_data.items()}, team_of(request)
        after = wanted.pop("after")
        if after and reads.read_cursor(after) is None:
            raise exceptions.ValidationError({"after": ["Not a cursor of this list. Take it from `next`."]})
        with team_context(team_id):
            workflow = named(team_id, wanted["workflow"].replace("\x00", "")) if wanted["workflow"] else None
            if wanted["workflow"] and workflow is None:
                return Response({"results": [], "next": None, "previous": None})
            chosen = reads.Chosen(**{**wanted, "workflow": workflow.slug if workflow else ""})
            page = reads.page(team_id, chosen, after=after)
            rows = [rule_document(row) for row in page.rows]
            return Response({"results": rows, "next": page.next or None, "previous": page.previous or None})

    @extend_schema(operation_id="make_alert_rule", request=RuleFieldsSerializer, responses={201: RuleDetailSerializer})
    def post(self, request: Request) -> Response:
        """Make an alert rule. It is evaluated from now on."""
        team_id = team_of(request)
        with team_context(team_id):
            fields = _fields(team_id, request, RuleFieldsSerializer)
            made = _checked(save_rule, team_id=team_id, fields=_named(team_id, fields), **_by(request))
            return Response(_document(team_id, made.id), status=status.HTTP_201_CREATED)


class RuleDetail(ChangesTold):
    """One alert rule."""

    permission_classes = [CanReadOrAlert]
    renderer_classes = [NumberRenderer]

    @extend_schema(operation_id="get_alert_rule", parameters=[RULE], responses=RuleDetailSerializer)
    def get(self, request: Request, rule: str) -> Response:
        """Read an alert rule with where it stands for each of its subjects."""
        team_id = team_of(request)
        with team_context(team_id):
            return Response(_document(team_id, uuid_of(rule)))

    @extend_schema(
        operation_id="replace_alert_rule",
        parameters=[RULE],
        request=RuleFieldsSerializer,
        responses=RuleDetailSerializer,
    )
    def put(self, request: Request, rule: str) -> Response:
        """Say all of an alert rule anew: what is left out is as in a new rule."""
        team_id = team_of(request)
        with team_context(team_id):
            fields = _named(team_id, _fields(team_id, request, RuleFieldsSerializer))
            wanted = _checked(checked, team_id=team_id, fields=fields, kept=None)
            return self._save(request, team_id, rule, {name: getattr(wanted, name) for name in wanted.__slots__})

    @extend_schema(
        operation_id="change_alert_rule",
        parameters=[RULE],
        request=RuleChangeSerializer,
        responses=RuleDetailSerializer,
    )
    def patch(self, request: Request, rule: str) -> Response:
        """Change fields of an alert rule; `is_active` switches it on and off."""
        team_id = team_of(request)
        with team_context(team_id):
            fields = _fields(team_id, request, RuleChangeSerializer, partial=True)
            return self._save(request, team_id, rule, _renamed(team_id, uuid_of(rule), fields))

    def _save(self, request: Request, team_id: UUID, rule: str, fields: dict[str, Any]) -> Response:
        made = _checked(save_rule, team_id=team_id, fields=fields, rule_id=uuid_of(rule), **_by(request))
        return Response(_document(team_id, made.id))

    @extend_schema(operation_id="remove_alert_rule", parameters=[RULE], responses={204: None})
    def delete(self, request: Request, rule: str) -> Response:
        """Remove an alert rule; what it fired is resolved, its incidents stay."""
        team_id = team_of(request)
        with team_context(team_id):
            _checked(remove_rule, team_id=team_id, rule_id=uuid_of(rule), **_by(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


class NewRuleRehearsal(ChangesTold):
    """Rehearses a rule that is not saved. Nothing is changed."""

    permission_classes = [CanRead]
    renderer_classes = [NumberRenderer]

    @extend_schema(operation_id="rehearse_new_alert_rule", request=RuleFieldsSerializer, responses=RehearsalSerializer)
    def post(self, request: Request) -> Response:
        """Say what a rule would have done in the last 30 days."""
        team_id = team_of(request)
        with team_context(team_id):
            fields = _named(team_id, _fields(team_id, request, RuleFieldsSerializer))
            return Response(_rehearsed(team_id, fields, None))


class RuleRehearsal(ChangesTold):
    """Rehearses a rule, or a change of it. Nothing is changed."""

    permission_classes = [CanRead]
    renderer_classes = [NumberRenderer]

    @extend_schema(
        operation_id="rehearse_alert_rule",
        parameters=[RULE],
        request=RuleChangeSerializer,
        responses=RehearsalSerializer,
    )
    def post(self, request: Request, rule: str) -> Response:
        """Say what a rule, with these fields changed, would have done in the last 30 days."""
        team_id = team_of(request)
        with team_context(team_id):
            kept = reads.find(team_id, uuid_of(rule))
            if kept is None:
                raise Http404
            fields = _fields(team_id, request, RuleChangeSerializer, partial=True)
            return Response(_rehearsed(team_id, fields, kept))


def _rehearsed(team_id: UUID, fields: dict[str, Any], kept: AlertRule | None) -> dict[str, Any]:
    rule = as_rule(team_id, _checked(checked, team_id=team_id, fields=fields, kept=kept))
    found = rehearse_rule(team_id, rule, timezone.now())
    told = Workflow.objects.filter(team_id=team_id).values_list("id", "slug") if found.firings else ()
    return rehearsal_document(rule, found, dict(told))


def _by(request: Request) -> dict[str, Any]:
    return {"by": cast(ApiKey, request.auth).name, "now": timezone.now()}


def _fields(
    team_id: UUID, request: Request, kind: type[RuleFieldsSerializer], *, partial: bool = False
) -> dict[str, Any]:
    """What was sent, checked by its shape; the workflow as its id. Raises `ValidationError`."""
    told = kind(data=request.data, partial=partial)
    told.is_valid(raise_exception=True)
    fields = dict(told.validated_data)
    if "workflow" in fields:
        name = fields.pop("workflow")
        found = named(team_id, name.replace("\x00", "")) if name else None
        if name and found is None:
            raise exceptions.ValidationError({"workflow": ["is not known"]})
        fields["workflow_id"] = found.id if found else None
    return fields


def _named(team_id: UUID, fields: dict[str, Any]) -> dict[str, Any]:
    """With a name: a rule that nobody named is named as it reads."""
    if fields.get("name"):
        return fields
    rule = as_rule(team_id, _checked(checked, team_id=team_id, fields={**fields, "name": "-"}, kept=None))
    return {**fields, "name": reads.words_of(rule)[:200]}


def _renamed(team_id: UUID, rule_id: UUID, fields: dict[str, Any]) -> dict[str, Any]:
    """With a name that reads as the rule will, where nobody named it."""
    kept = reads.find(team_id, rule_id)
    if kept is None or "name" in fields or kept.name != reads.words_of(kept)[:200]:
        return fields
    rule = as_rule(team_id, _checked(checked, team_id=team_id, fields=fields, kept=kept))
    return {**fields, "name": reads.words_of(rule)[:200]}


def _checked(act: Any, **told: Any) -> Any:
    """Does it. Raises `ValidationError` by field, or `Http404`."""
    try:
        return act(**told)
    except RuleRefused as refused:
        raise exceptions.ValidationError({name: [why] for name, why in refused.reasons.items()}) from refused
    except AlertRule.DoesNotExist:
        raise Http404 from None


def _document(team_id: UUID, rule_id: UUID) -> dict[str, Any]:
    found = reads.detail(team_id, rule_id)
    if found is None:
        raise Http404
    return detail_document(found)
