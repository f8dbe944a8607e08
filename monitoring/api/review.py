"""`GET /api/v1/review`: the weekly review, as a role reads it on the page, with values in place of words."""

from typing import Any

import django_filters
from django.utils import timezone
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions
from rest_framework import serializers as s
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.authentication import CanRead
from accounts.models import Team
from accounts.permissions import Role
from accounts.tenancy import team_context
from monitoring.api.executions import team_of
from monitoring.api.parameters import described, one_of
from monitoring.api.rendering import NumberRenderer
from monitoring.filters import ANY, MAX_LENGTH
from monitoring.identity import PRODUCTION
from monitoring.models import Workflow
from monitoring.reads.review import Figures
from monitoring.services.review import Review, make_review
from monitoring.services.review_sheet import Part, make_sheet, rows_of
from monitoring.weeks import WORDS, Week, parse_week, week_of


class ReviewFilters(django_filters.FilterSet):
    """What `GET /api/v1/review` understands."""

    week = described(
        django_filters.CharFilter(max_length=8), "ISO week such as 2026-W47. Absent: the last whole one", type="string"
    )
    role = one_of(Role.values, "Whose sections, in whose order. Absent: owner, which has all but missed schedules")
    environment = described(
        django_filters.CharFilter(max_length=MAX_LENGTH),
        "One environment, * for all. Absent: production",
        type="string",
    )

    def asked(self) -> tuple[str, Role, str | None]:
        """Week, role and environment (None: all). Raises REST framework's `ValidationError`, by field."""
        if not self.is_valid():
            raise exceptions.ValidationError(self.errors)
        told = self.form.cleaned_data
        environment = told["environment"].replace("\x00", "") or PRODUCTION
        return told["week"], Role(told["role"] or Role.OWNER), None if environment == ANY else environment


class ReviewFiguresSerializer(s.Serializer[Any]):
    """The runs of a week. Null: not known."""

    runs, failures = s.IntegerField(), s.IntegerField()
    success_rate = s.FloatField(allow_null=True)
    success_interval = s.ListField(child=s.FloatField(), allow_null=True, help_text="95 %, [low, high]")
    p95_ms = s.FloatField(allow_null=True)
    cost_usd, cost_per_success_usd = s.FloatField(allow_null=True), s.FloatField(allow_null=True)
    waste_usd = s.FloatField(allow_null=True, help_text="what failed runs cost, of those that told a cost")
    waste_priced_runs = s.IntegerField(help_text="failed runs that told a cost")
    unpriced_tokens = s.IntegerField(allow_null=True, help_text="tokens that no cost is known of")


class ReviewTableSerializer(s.Serializer[Any]):
    """All rows of a table; a value for each column, null where there is none."""

    key, title = s.CharField(), s.CharField(allow_blank=True)
    columns = s.ListField(child=s.CharField())
    rows = s.ListField(child=s.ListField(child=s.JSONField(allow_null=True)))
    links = s.ListField(child=s.CharField(allow_blank=True), help_text="the page of what each row is about")


class ReviewSectionSerializer(s.Serializer[Any]):
    """A section of the role."""

    section, title = s.CharField(), s.CharField()
    tables = ReviewTableSerializer(many=True)


class ReviewSerializer(s.Serializer[Any]):
    """A week of the team."""

    week = s.CharField()
    is_over = s.BooleanField(help_text="false: the week so far, beside the same hours of the week before")
    to = s.DateTimeField()
    environment = s.CharField(allow_null=True)
    role = s.CharField()
    headline = s.CharField()
    said = s.ListField(child=s.CharField())
    figures, before = ReviewFiguresSerializer(), ReviewFiguresSerializer()
    success_change = s.FloatField(allow_null=True, help_text="this week minus the one before, a share of 1")
    success_change_interval = s.ListField(child=s.FloatField(), allow_null=True, help_text="95 %, [low, high]")
    sections = ReviewSectionSerializer(many=True)

    def get_fields(self) -> dict[str, s.Field[Any, Any, Any, Any]]:
        """The declared fields and `from`, which is a word of Python."""
        return {"from": s.DateTimeField(), **super().get_fields()}


class WeeklyReview(GenericAPIView[Workflow]):
    """The weekly review."""

    permission_classes = [CanRead]
    renderer_classes = [NumberRenderer]
    filter_backends = [DjangoFilterBackend]
    filterset_class = ReviewFilters
    queryset = Workflow.objects.none()
    pagination_class = None

    @extend_schema(operation_id="get_review", responses=ReviewSerializer)
    def get(self, request: Request) -> Response:
        """Read what got worse, what was fixed, what came back and what it cost in a week."""
        text, role, environment = ReviewFilters(request.query_params, queryset=self.queryset).asked()
        team_id, now = team_of(request), timezone.now()
        week = parse_week(text) if text else week_of(now).previous
        if week is None or week.start > now:
            raise exceptions.ValidationError({"week": [f"Must be {WORDS}, up to the present one."]})
        with team_context(team_id):
            review = make_review(team_id, week, now, environment=environment)
            slug = Team.objects.values_list("slug", flat=True).get(id=team_id)
            return Response(review_document(slug, review, week, role))


def review_document(slug: str, review: Review, week: Week, role: Role) -> dict[str, Any]:
    """The review as a role reads it."""
    sheet, found = make_sheet(slug, review, role), review.figures.rate.found
    return {
        "week": week.name,
        "is_over": review.is_over,
        "from": review.window.start,
        "to": review.window.end,
        "environment": review.environment,
        "role": role.value,
        "headline": sheet.headline,
        "said": list(sheet.said),
        "figures": _figures(review.figures.now),
        "before": _figures(review.figures.before),
        "success_change": found.change if found else None,
        "success_change_interval": [found.low, found.high] if found else None,
        "sections": [_section(slug, review, role, part) for part in sheet.parts],
    }


def _figures(figures: Figures) -> dict[str, Any]:
    totals, success = figures.totals, figures.totals.success
    return {
        "runs": totals.runs,
        "failures": totals.failures,
        "success_rate": totals.success_rate,
        "success_interval": [success.low, success.high] if success else None,
        "p95_ms": totals.duration_ms.p95,
        "cost_usd": totals.cost_usd,
        "cost_per_success_usd": totals.cost_per_success_usd,
        "waste_usd": figures.waste.usd,
        "waste_priced_runs": figures.waste.priced,
        "unpriced_tokens": totals.unpriced_tokens,
    }


def _section(slug: str, review: Review, role: Role, part: Part) -> dict[str, Any]:
    found = [rows for table in part.tables if (rows := rows_of(slug, review, role, table.key)) is not None]
    return {
        "section": part.key,
        "title": part.title,
        "tables": [
            {
                "key": rows.key,
                "title": rows.title,
                "columns": [column.title for column in rows.columns],
                "rows": [[cell.raw for cell in row] for row in rows.rows],
                "links": [row[0].href for row in rows.rows],
            }
            for rows in found
        ],
    }
