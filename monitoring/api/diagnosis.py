"""`GET /api/v1/executions/<id>/diagnosis/`, and deciding about its cause."""

from typing import Any, cast

from django.http import Http404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.base import ChangesTold
from accounts.authentication import CanClassify, CanRead
from accounts.models import ApiKey
from accounts.tenancy import team_context
from monitoring.analysis.retries import tell_story
from monitoring.analysis.signals import Cause
from monitoring.analysis.timeline import relate
from monitoring.api.diagnosis_documents import (
    ClassificationSerializer,
    DecisionSerializer,
    DiagnosisSerializer,
    decision_documents,
    divergence_document,
    impact_document,
    step_retries_document,
    story_document,
)
from monitoring.api.executions import team_of, uuid_of
from monitoring.api.rendering import NumberRenderer
from monitoring.models import Classification
from monitoring.reads.analysed import earliest, visits_of
from monitoring.reads.attempts import attempts_of, step_stories
from monitoring.reads.classifications import decisions_about
from monitoring.reads.replay import load
from monitoring.services.classification import Subject, decide
from monitoring.services.examination import examine
from monitoring.services.suggestions import Suggested, suggestion_of

EXECUTION = OpenApiParameter("execution", OpenApiTypes.UUID, OpenApiParameter.PATH)


class DiagnosisDetail(APIView):
    """What was found out about one execution."""

    permission_classes = [CanRead]
    renderer_classes = [NumberRenderer]

    @extend_schema(operation_id="get_diagnosis", parameters=[EXECUTION], responses=DiagnosisSerializer)
    def get(self, request: Request, execution: str) -> Response:
        """Read the first divergence, its impact, retries, and the suggested cause of one execution."""
        team_id, now = team_of(request), timezone.now()
        with team_context(team_id):
            replay = load(team_id, uuid_of(execution))
            if replay is None:
                raise Http404
            own = replay.execution
            found = examine(team_id, replay, now)
            visits = visits_of(replay, earliest(replay))
            tries = step_stories(replay.steps, visits, relate(visits).container)
            suggested = suggestion_of(team_id, replay, found, now)
            attempts = attempts_of(team_id, own.origin_id)
            decisions = decisions_about(team_id, own.id, own.failure_group_id)
        story = tell_story(attempt for _, attempt in attempts) if len(attempts) > 1 else None
        return Response(
            {
                "execution_id": own.id,
                "failure_group_id": own.failure_group_id,
                "divergence": divergence_document(found, replay),
                "impact": impact_document(found.impact),
                "retries": story_document(story),
                "step_retries": step_retries_document(tries, replay.steps),
                "suggestion": suggested.suggestion if suggested else None,
                "facts": suggested.facts if suggested else None,
                "decisions": decision_documents(decisions),
            }
        )


class ExecutionClassification(ChangesTold):
    """A decision about the cause of one execution."""

    permission_classes = [CanClassify]
    renderer_classes = [NumberRenderer]

    @extend_schema(
        operation_id="classify_execution",
        parameters=[EXECUTION],
        request=ClassificationSerializer,
        responses={201: DecisionSerializer},
    )
    def post(self, request: Request, execution: str) -> Response:
        """Decide about the cause of one execution. The newest decision counts, none is lost."""
        team_id, now = team_of(request), timezone.now()
        with team_context(team_id):
            replay = load(team_id, uuid_of(execution))
            if replay is None:
                raise Http404
            own = replay.execution
            suggested = suggestion_of(team_id, replay, examine(team_id, replay, now), now)
            if suggested is None:
                raise Http404
            subject = Subject(team_id, own.workflow_id, own.failure_group_id, own.id)
            return Response(save_decision(request, subject, suggested), status=status.HTTP_201_CREATED)


def save_decision(request: Request, subject: Subject, suggested: Suggested) -> dict[str, Any]:
    """Saves what was sent, in the name of the key; the decision. Raises `ValidationError`."""
    told = ClassificationSerializer(data=request.data)
    told.is_valid(raise_exception=True)
    kept, now = Cause(suggested.suggestion["cause"]), timezone.now()
    made = decide(subject=subject, **told.validated_data, suggested=kept, by=cast(ApiKey, request.auth).name, now=now)
    return decision_document(made)


def decision_document(made: Classification) -> dict[str, Any]:
    """A decision that was just saved."""
    return {
        "cause": made.cause,
        "suggested": made.suggested,
        "note": made.note,
        "by": made.key_name,
        "decided_at": made.decided_at,
        "execution_id": made.execution_id,
    }
