"""`GET /api/v1/trends/`: the figures of a range, and of each bucket of it."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import django_filters
from django.utils import timezone
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import CanRead
from accounts.tenancy import team_context
from monitoring.api.documents import TrendsSerializer, totals_document
from monitoring.api.executions import team_of
from monitoring.api.parameters import RangeFilters, described, one_of
from monitoring.api.rendering import NumberRenderer
from monitoring.filters import MAX_LENGTH
from monitoring.models import Execution
from monitoring.reads import trends
from monitoring.reads.trends_page import judged_window, page_series
from monitoring.reads.verdict_document import proposals_document, verdict_document
from monitoring.reads.workflows import named
from monitoring.windows import DAY, HOUR, MINUTE, Window

MAX_POINTS = 2000


def length_word(length: timedelta) -> str:
    """A length of time as the parameter writes it: `5m`, `1h`, `7d`."""
    unit, letter = next(
        (unit, letter) for unit, letter in ((DAY, "d"), (HOUR, "h"), (MINUTE, "m")) if not length % unit
    )
    return f"{length // unit}{letter}"


LENGTHS = {length_word(length): length for length in trends.BUCKETS}
WORDS = {"minute": "1m", "hour": "1h", "day": "1d", "week": "7d"}


class TrendsFilters(RangeFilters):
    """What `GET /api/v1/trends/` understands."""

    workflow = described(
        django_filters.CharFilter(max_length=MAX_LENGTH), "Name or slug of one workflow. Absent: all", type="string"
    )
    environment = described(
        django_filters.CharFilter(max_length=MAX_LENGTH), "One environment. Absent: all environments", type="string"
    )
    bucket = one_of(
        (*LENGTHS, *WORDS), f"Length of a bucket. Absent: the shortest with at most {trends.MAX_POINTS} buckets"
    )


class Trends(GenericAPIView[Execution]):
    """Figures of one workflow, or of all."""

    permission_classes = [CanRead]
    renderer_classes = [NumberRenderer]
    filter_backends = [DjangoFilterBackend]
    filterset_class = TrendsFilters
    queryset = Execution.objects.none()
    pagination_class = None

    @extend_schema(operation_id="read_trends", responses=TrendsSerializer)
    def get(self, request: Request) -> Response:
        """Read figures. Without `from` and `to`: everything there is. Ranges are widened to whole minutes or hours."""
        chosen = TrendsFilters(request.query_params, queryset=self.queryset)
        told, now, team_id = chosen.told(), timezone.now(), team_of(request)
        with team_context(team_id):
            window = chosen.window(now, *trends.known_range(team_id, now)).aligned()
            length = _bucket(told["bucket"], window)
            return Response(_document(team_id, window, told, length, now))


def _bucket(word: str, window: Window) -> timedelta:
    """The length of the buckets. Raises `ValidationError` when there would be too many, or figures are not so fine."""
    if not word:
        return trends.bucket_for(window, trends.MAX_POINTS)
    length = LENGTHS[WORDS.get(word, word)]
    count = -(-window.length // length)
    if count > MAX_POINTS:
        raise exceptions.ValidationError({"bucket": [f"Gives {count:,} buckets; at most {MAX_POINTS:,} are allowed."]})
    if length < window.precision:
        raise exceptions.ValidationError(
            {"bucket": ["Shorter than an hour is for ranges of less than a day within the last 48 hours."]}
        )
    return length


def _document(team_id: UUID, window: Window, told: dict[str, Any], length: timedelta, now: datetime) -> dict[str, Any]:
    workflow = named(team_id, told["workflow"]) if told["workflow"] else None
    # An unknown workflow has no figures; nothing derives from this id.
    chosen: dict[str, Any] = {"environment": told["environment"] or None}
    if told["workflow"]:
        chosen["workflow_id"] = workflow.id if workflow else UUID(int=1)
    found = trends.series(team_id, window, bucket=length, **chosen)
    judged = None
    if workflow is not None:
        # Judged by the buckets of the page, whatever buckets are asked for.
        environment = chosen["environment"]
        judged = judged_window(
            team_id, workflow, window, now, environment=environment, series=page_series(team_id, window, **chosen)
        )
    return {
        "from": window.start,
        "to": window.end,
        "workflow": told["workflow"] or None,
        "environment": told["environment"] or None,
        "bucket": length_word(found.bucket),
        "as_of": trends.as_of(team_id, now),
        "totals": totals_document(trends.totals(team_id, window, **chosen)),
        "verdict": verdict_document(judged.verdict, judged.began) if judged else None,
        "proposed_objectives": proposals_document(judged.proposals) if judged else None,
        "series": [{"start": point.start, **totals_document(point.totals)} for point in found.points],
    }
