"""Months and their closing."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_noop

from accounts.tenancy import TeamForeignKey, TenantModel


class MonthState(models.TextChoices):
    """Whether lines of a month may still change."""

    OPEN = "open", gettext_noop("Open")
    CLOSED = "closed", gettext_noop("Closed")
    # Somebody asked for it to be opened again; a second person has not agreed yet.
    REOPENING = "reopening", gettext_noop("Reopening asked")


class CostMonth(TenantModel):
    """A month that somebody began to close; a month without a row is open.

    `checklist` is what was found, settled and accepted at closing, `rates` the exchange rates of the month, `totals`
    what it adds up to, `digest` the SHA-256 of its machine export: `services.closing` owns the shapes.
    """

    month = models.DateField()
    state = models.CharField(max_length=10, choices=MonthState.choices, default=MonthState.OPEN)
    checklist = models.JSONField(default=dict)
    rates = models.JSONField(default=dict)
    totals = models.JSONField(default=dict)
    digest = models.CharField(max_length=64, blank=True, default="")
    closed_by = models.ForeignKey(
        "accounts.User", models.DO_NOTHING, null=True, related_name="+", db_constraint=False, db_index=False
    )
    closed_at = models.DateTimeField(null=True)
    reopening_by = models.ForeignKey(
        "accounts.User", models.DO_NOTHING, null=True, related_name="+", db_constraint=False, db_index=False
    )

    class Meta(TenantModel.Meta):
        db_table = "cost_month"
        constraints = [
            models.UniqueConstraint(fields=["team", "month"], name="cost_month_month"),
            models.CheckConstraint(condition=models.Q(month__day=1), name="cost_month_first"),
        ]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m} {self.state}"


class CostMonthEvent(TenantModel):
    """What happened to a month, by whom and why; rows are only added."""

    month = TeamForeignKey("billing.CostMonth", models.CASCADE, related_name="events", db_index=False)
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(
        "accounts.User", models.DO_NOTHING, null=True, related_name="+", db_constraint=False, db_index=False
    )
    what = models.CharField(max_length=40)
    detail = models.JSONField(default=dict)

    class Meta(TenantModel.Meta):
        db_table = "cost_month_event"

    def __str__(self) -> str:
        return self.what
