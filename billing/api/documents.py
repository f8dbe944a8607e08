"""The shapes of the costs part of the API: what `billing.reads.cost_document` fills."""

from typing import Any

from rest_framework import serializers as s

USD = "US dollars as decimal text, unrounded; null: not known"


def money(help_text: str = USD) -> s.CharField:
    """An amount."""
    return s.CharField(allow_null=True, help_text=help_text)


class FiguresSerializer(s.Serializer[Any]):
    """Sums of cost lines. cost = useful + waste + settled."""

    cost_usd = money()
    failed_usd, retried_usd, diverged_usd = money(), money(), money("of steps after the divergence")
    useful_usd, settled_usd = money(), money("corrections, adjustments, credits and commitments")
    waste_usd = money("failed, retried, after the divergence")
    waste_share = s.FloatField(allow_null=True, help_text="of the cost, from 0 to 1")
    told_usd, computed_usd = money("what senders told"), money("what prices say")
    difference_usd = money("told less computed, of the lines that have both")
    tokens = s.IntegerField(allow_null=True, help_text="of usage; null: none told")
    unpriced_tokens = s.IntegerField(help_text="tokens whose cost is not known")
    calls = s.IntegerField()


class UnitSerializer(FiguresSerializer):
    """Sums, with runs and what each cost."""

    runs = s.IntegerField(allow_null=True, help_text="null: no runs belong to these filters")
    succeeded = s.IntegerField(allow_null=True)
    per_run_usd, per_success_usd = money("cost over all runs"), money("cost over succeeded runs")


class DaysSerializer(s.Serializer[Any]):
    """Days in UTC, both included."""

    first_day, last_day = s.DateField(), s.DateField()


class PeriodSerializer(DaysSerializer):
    """What is shown, and the days it is compared with."""

    kind = s.ChoiceField(choices=["month", "quarter", "year"])
    name = s.CharField()
    compared = DaysSerializer()


class EffectSerializer(s.Serializer[Any]):
    """What one factor added."""

    factor = s.CharField()
    name = s.CharField(help_text="which one, of amounts that are no tokens")
    usd = money()


class ForecastSerializer(s.Serializer[Any]):
    """The cost at the end of the period, with its 80 % interval; null where `reason` says why."""

    usd, low_usd, high_usd = money(), money(), money()
    known_days = s.IntegerField()
    reason = s.CharField()


class BudgetCourseSerializer(s.Serializer[Any]):
    """Where the budget stands."""

    amount_usd = money()
    state = s.ChoiceField(choices=["inside", "at risk", "over", "unknown"])


class UnusualSerializer(DaysSerializer):
    """Days outside the usual; the effects are those of `day` beside `compared_with`."""

    day, compared_with = s.DateField(), s.DateField()
    usd, usual_usd = money(), money()
    effects = EffectSerializer(many=True)


class ReportingSerializer(s.Serializer[Any]):
    """The cost in the reporting currency, each day at its rate."""

    currency = s.CharField()
    amount = money("null: a day has no rate")
    lowest_rate_usd, highest_rate_usd = money("US dollars for one unit"), money("US dollars for one unit")
    days_without_rate = s.ListField(child=s.DateField())


class CostSummarySerializer(s.Serializer[Any]):
    """What a period cost, where it is going, and what changed."""

    period = PeriodSerializer()
    as_of = s.DateTimeField()
    now, before = UnitSerializer(), UnitSerializer(help_text="the same days of the period before")
    change_usd = money()
    effects = EffectSerializer(many=True, help_text="they add up to the change")
    forecast = ForecastSerializer(allow_null=True, help_text="null: the period is over")
    budget = BudgetCourseSerializer(allow_null=True)
    unusual = UnusualSerializer(many=True)
    reporting = ReportingSerializer(allow_null=True, help_text="null: the team reports in US dollars")


class CostDaySerializer(UnitSerializer):
    """A day with costs or runs, or, of a year, a month."""

    day = s.DateField(help_text="of a year the first day of the month")


class CostDailySerializer(s.Serializer[Any]):
    """The days of a period, in order."""

    period = PeriodSerializer()
    as_of = s.DateTimeField()
    results = CostDaySerializer(many=True)


class CostRowSerializer(s.Serializer[Any]):
    """The costs of one name."""

    name = s.CharField(allow_null=True, help_text="null: not told")
    now, before = FiguresSerializer(), FiguresSerializer()


class CostRowsSerializer(s.Serializer[Any]):
    """All names of a dimension, dearest first. Tags do not add up: a line may have several, or none."""

    period = PeriodSerializer()
    as_of = s.DateTimeField()
    results = CostRowSerializer(many=True)
