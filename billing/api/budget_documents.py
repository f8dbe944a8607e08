"""Budgets as JSON, and what may be sent about them. Money is decimal text, so that no digit is lost."""

from typing import Any

from rest_framework import serializers as s

from billing.analysis.budget_course import BudgetState, ThresholdOn
from billing.models import BudgetScope
from billing.reads.budgets import BudgetRow
from billing.reads.cost_document import text
from billing.services.budget_checks import LEAST_PERCENT, MAX_ENVIRONMENT, MAX_NAME, MAX_VALUE, MOST_PERCENT


class ThresholdSerializer(s.Serializer[Any]):
    """A share of a budget that somebody wants to know of."""

    on = s.ChoiceField([one.value for one in ThresholdOn])
    percent = s.IntegerField(help_text=f"{LEAST_PERCENT} to {MOST_PERCENT:,}")


class BudgetFieldsSerializer(s.Serializer[Any]):
    """What a budget may say."""

    name = s.CharField(max_length=MAX_NAME)
    scope = s.ChoiceField(BudgetScope.choices, required=False, help_text="Absent: the whole team")
    workflow = s.CharField(max_length=200, required=False, allow_null=True, help_text="Name or slug; scope workflow")
    value = s.CharField(
        max_length=MAX_VALUE, required=False, allow_blank=True, help_text="A provider, or a tag as key=value"
    )
    environment = s.CharField(max_length=MAX_ENVIRONMENT, required=False, allow_blank=True, help_text="Empty: all")
    amount = s.CharField(max_length=40, help_text="For each calendar month (UTC), as decimal text")
    currency = s.CharField(max_length=3, required=False, help_text="ISO 4217. Others than USD need an exchange rate")
    thresholds = ThresholdSerializer(many=True, required=False)
    owner_id = s.UUIDField(required=False, allow_null=True, help_text="A member")
    owner_group_id = s.UUIDField(required=False, allow_null=True)
    is_active = s.BooleanField(required=False)


class BudgetChangeSerializer(BudgetFieldsSerializer):
    """What `PATCH` takes: any of them."""


class ReachedSerializer(ThresholdSerializer):
    """A threshold with where it stands."""

    is_reached = s.BooleanField()
    day = s.DateField(allow_null=True, help_text="By the end of which it was reached, or will be by the forecast")


class BudgetSerializer(BudgetFieldsSerializer):
    """A budget and where it stands in a month. US dollars are decimal text; null: not known."""

    id = s.UUIDField()
    month = s.CharField()
    amount = s.CharField(help_text="Of this month")
    rate_usd = s.CharField(allow_null=True, help_text="US dollars for one unit of the currency")
    amount_usd = s.CharField(allow_null=True)
    actual_usd = s.CharField()
    is_least = s.BooleanField(help_text="More was spent than is known: tokens have no price")
    unpriced_tokens = s.IntegerField()
    forecast_usd = s.CharField(allow_null=True, help_text="For the end of the month")
    low_usd = s.CharField(allow_null=True)
    high_usd = s.CharField(allow_null=True)
    actual_share = s.FloatField(allow_null=True)
    forecast_share = s.FloatField(allow_null=True)
    state = s.ChoiceField([one.value for one in BudgetState], help_text="unknown: too few days, or no exchange rate")
    passed_on = s.DateField(allow_null=True, help_text="By the end of which it was over")
    expected_on = s.DateField(allow_null=True, help_text="By the end of which the forecast is over it")
    reached = ReachedSerializer(many=True)
    created_at = s.DateTimeField()
    updated_at = s.DateTimeField()


class BudgetListSerializer(s.Serializer[Any]):
    """All budgets of the team, by name."""

    month = s.CharField()
    results = BudgetSerializer(many=True)


_PLAIN = (
    *("id", "name", "scope", "value", "environment", "thresholds", "owner_id", "owner_group_id", "is_active"),
    *("created_at", "updated_at"),
)


def budget_document(row: BudgetRow) -> dict[str, Any]:
    """A budget in a month."""
    one, course, found = row.budget, row.course, row.forecast
    return {
        **{name: getattr(one, name) for name in _PLAIN},
        "workflow": one.workflow.slug if one.workflow_id else None,
        "month": row.period.at,
        "amount": text(row.amount),
        "currency": row.currency,
        "rate_usd": text(row.rate),
        "amount_usd": text(course.amount) if course else None,
        "actual_usd": text(row.actual),
        "is_least": row.is_least,
        "unpriced_tokens": row.unpriced_tokens,
        "forecast_usd": text(found.usd) if found else None,
        "low_usd": text(found.low) if found else None,
        "high_usd": text(found.high) if found else None,
        "actual_share": course.share if course else None,
        "forecast_share": course.forecast_share if course else None,
        "state": (course.state if course else BudgetState.UNKNOWN).value,
        "passed_on": row.passed_on,
        "expected_on": row.expected_on,
        "reached": [
            {
                "on": each.threshold.on.value,
                "percent": each.threshold.percent,
                "is_reached": each.is_reached,
                "day": each.day,
            }
            for each in row.thresholds
        ],
    }
