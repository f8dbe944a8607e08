"""`/api/v1/masking/` and `/api/v1/capture/`: what is masked and kept, for keys with the scope of managing."""

from typing import Any

from django.http import Http404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import exceptions, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.base import ChangesTold, team_of, uuid_of
from accounts.audit import record
from accounts.authentication import CanManage
from accounts.tenancy import team_context
from ingestion.capture import Capture
from ingestion.detectors import KINDS, Detector
from ingestion.models import CapturePolicy, RedactionRule
from ingestion.redaction import MAX_PATTERN, Rule
from ingestion.rules import Becomes, RuleKind
from ingestion.services import privacy as service
from ingestion.services.privacy import PrivacyRefused

RULE = OpenApiParameter("rule", OpenApiTypes.UUID, OpenApiParameter.PATH)
_BECOMES = [one.value for one in Becomes]


class DetectorSerializer(serializers.Serializer[object]):
    """A detector as the team has it."""

    detector = serializers.ChoiceField([one.value for one in Detector])
    is_on = serializers.BooleanField()
    becomes = serializers.ChoiceField(_BECOMES, default=Becomes.LABEL.value)


class NewMaskingRuleSerializer(serializers.Serializer[object]):
    """A field by name or path, or a pattern of RE2. `label` stands in place of what is found."""

    kind = serializers.ChoiceField([RuleKind.FIELD.value, RuleKind.PATTERN.value])
    what = serializers.CharField(max_length=MAX_PATTERN)
    becomes = serializers.ChoiceField(_BECOMES, default=Becomes.LABEL.value)
    label = serializers.CharField(  # type: ignore[assignment]
        max_length=service.MAX_LABEL, allow_blank=True, default=""
    )


class MaskingRuleSerializer(serializers.Serializer[object]):
    """A rule of the team."""

    id = serializers.UUIDField()
    kind = serializers.ChoiceField([RuleKind.FIELD.value, RuleKind.PATTERN.value])
    what = serializers.CharField()
    becomes = serializers.ChoiceField(_BECOMES)
    label = serializers.CharField()  # type: ignore[assignment]
    created_at = serializers.DateTimeField()


class MaskingSerializer(serializers.Serializer[object]):
    """What is masked."""

    detectors = DetectorSerializer(many=True)
    rules = MaskingRuleSerializer(many=True)


class DetectorsSerializer(serializers.Serializer[object]):
    """Detectors to change; those that are not named stay as they are."""

    detectors = serializers.ListField(child=DetectorSerializer(), allow_empty=False, max_length=len(Detector))


class TrialRequestSerializer(serializers.Serializer[object]):
    """What to try: detectors, rules, or both."""

    detectors = serializers.ListField(child=DetectorSerializer(), required=False, max_length=len(Detector))
    rules = serializers.ListField(child=NewMaskingRuleSerializer(), required=False, max_length=20)


class TrialExampleSerializer(serializers.Serializer[object]):
    """A value that would change: its first letters alone."""

    path = serializers.CharField()
    before = serializers.CharField()
    after = serializers.CharField()


class TrialSerializer(serializers.Serializer[object]):
    """What would change in the payloads of the last executions."""

    payloads = serializers.IntegerField()
    changed_payloads = serializers.IntegerField()
    changed_values = serializers.IntegerField()
    examples = TrialExampleSerializer(many=True)


class NewCaptureRuleSerializer(serializers.Serializer[object]):
    """How much is kept of a workflow in an environment; empty is all of them."""

    workflow = serializers.CharField(max_length=200, allow_blank=True, default="")
    environment = serializers.CharField(max_length=200, allow_blank=True, default="")
    capture = serializers.ChoiceField([one.value for one in Capture])


class CaptureRuleSerializer(NewCaptureRuleSerializer):
    """A rule of capture."""

    id = serializers.UUIDField()
    created_at = serializers.DateTimeField()


class CaptureRulesSerializer(serializers.Serializer[object]):
    """The rules of capture. Without one everything is kept."""

    results = CaptureRuleSerializer(many=True)


class Masking(ChangesTold):
    """What the team masks."""

    permission_classes = [CanManage]

    @extend_schema(operation_id="get_masking", responses=MaskingSerializer)
    def get(self, request: Request) -> Response:
        """Read detectors and rules."""
        with team_context(team_of(request)):
            return Response(_masking())

    @extend_schema(operation_id="set_detectors", request=DetectorsSerializer, responses=MaskingSerializer)
    def patch(self, request: Request) -> Response:
        """Switch detectors. It counts for what is reported from now on."""
        told = DetectorsSerializer(data=request.data)
        told.is_valid(raise_exception=True)
        chosen = {Detector(one["detector"]): (one["is_on"], Becomes(one["becomes"])) for one in _detectors(told)}
        with team_context(team_of(request)):
            service.set_detectors(chosen)
            return Response(_masking())


class MaskingRules(ChangesTold):
    """Rules of the team."""

    permission_classes = [CanManage]

    @extend_schema(
        operation_id="add_masking_rule", request=NewMaskingRuleSerializer, responses={201: MaskingRuleSerializer}
    )
    def post(self, request: Request) -> Response:
        """Add a rule. Try it before: what is masked is never kept."""
        told = NewMaskingRuleSerializer(data=request.data)
        told.is_valid(raise_exception=True)
        with team_context(team_of(request)):
            try:
                row = service.add_rule(service.read_rule(**told.validated_data))
            except PrivacyRefused as refused:
                raise _invalid(refused) from refused
            return Response(_rule(row), status=status.HTTP_201_CREATED)


class MaskingRuleDetail(ChangesTold):
    """One rule."""

    permission_classes = [CanManage]

    @extend_schema(operation_id="remove_masking_rule", parameters=[RULE], responses={204: None})
    def delete(self, request: Request, rule: str) -> Response:
        """Remove a rule. What was masked stays so."""
        with team_context(team_of(request)):
            if not service.remove_rule(uuid_of(rule)):
                raise Http404
        return Response(status=status.HTTP_204_NO_CONTENT)


class MaskingTrial(ChangesTold):
    """A trial on what was reported lately."""

    permission_classes = [CanManage]

    @extend_schema(operation_id="try_masking", request=TrialRequestSerializer, responses=TrialSerializer)
    def post(self, request: Request) -> Response:
        """Say what these alone would change in the payloads of the last 200 executions. Nothing is changed."""
        told = TrialRequestSerializer(data=request.data)
        told.is_valid(raise_exception=True)
        values, team_id = told.validated_data, team_of(request)
        try:
            rules = [_detector(one) for one in values.get("detectors", ())]
            rules += [service.read_rule(**one) for one in values.get("rules", ())]
        except PrivacyRefused as refused:
            raise _invalid(refused) from refused
        with team_context(team_id):
            trial = service.try_rules(team_id, rules)
            record("masking.tried", ("masking", "", "API"), after={"rules": [one.what for one in rules if one.is_on]})
        examples = [{"path": one.path, "before": one.before, "after": one.after} for one in trial.examples]
        counts = {name: getattr(trial, name) for name in ("payloads", "changed_payloads", "changed_values")}
        return Response({**counts, "examples": examples})


class CaptureRules(ChangesTold):
    """How much is kept, by workflow and environment."""

    permission_classes = [CanManage]

    @extend_schema(operation_id="list_capture_rules", responses=CaptureRulesSerializer)
    def get(self, request: Request) -> Response:
        """List the rules. The more exact one counts."""
        with team_context(team_of(request)):
            rows = CapturePolicy.objects.order_by("workflow", "environment", "id")
            return Response({"results": [_policy(row) for row in rows]})

    @extend_schema(operation_id="set_capture_rule", request=NewCaptureRuleSerializer, responses=CaptureRuleSerializer)
    def put(self, request: Request) -> Response:
        """Set how much is kept of a workflow in an environment, in place of what was set for the same two."""
        told = NewCaptureRuleSerializer(data=request.data)
        told.is_valid(raise_exception=True)
        with team_context(team_of(request)):
            try:
                row = service.set_policy(**told.validated_data, now=timezone.now())
            except PrivacyRefused as refused:
                raise _invalid(refused) from refused
            return Response(_policy(row))


class CaptureRuleDetail(ChangesTold):
    """One rule of capture."""

    permission_classes = [CanManage]

    @extend_schema(operation_id="remove_capture_rule", parameters=[RULE], responses={204: None})
    def delete(self, request: Request, rule: str) -> Response:
        """Remove a rule of capture."""
        with team_context(team_of(request)):
            if not service.remove_policy(uuid_of(rule)):
                raise Http404
        return Response(status=status.HTTP_204_NO_CONTENT)


def _detectors(told: serializers.Serializer[object]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = told.validated_data["detectors"]
    return found


def _detector(told: dict[str, Any]) -> Rule:
    what = Detector(told["detector"])
    return Rule(RuleKind.DETECTOR, what.value, told["is_on"], Becomes(told["becomes"]), KINDS[what].label)


def _masking() -> dict[str, Any]:
    detectors = [
        {"detector": one.what, "is_on": one.is_on, "becomes": one.becomes.value} for one in service.detectors_of()
    ]
    return {"detectors": detectors, "rules": [_rule(row) for row in service.rules_of()]}


def _rule(row: RedactionRule) -> dict[str, Any]:
    return {name: getattr(row, name) for name in ("id", "kind", "what", "becomes", "label", "created_at")}


def _policy(row: CapturePolicy) -> dict[str, Any]:
    return {name: getattr(row, name) for name in ("id", "workflow", "environment", "capture", "created_at")}


def _invalid(refused: PrivacyRefused) -> exceptions.ValidationError:
    return exceptions.ValidationError({field: [reason] for field, reason in refused.reasons.items()})
