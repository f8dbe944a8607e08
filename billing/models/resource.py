"""What runs cost beside tokens: dated rates of compute, storage, calls, backup and subscriptions."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_noop

from accounts.tenancy import TeamForeignKey, TenantManager
from billing.models.cost_line import CostKind
from monitoring.models.money import UsdField


class RateUnit(models.TextChoices):
    """What a rate is paid for each of. Stored, also as the unit of lines."""

    RUN = "run", gettext_noop("run")
    MINUTE = "minute", gettext_noop("minute of run time")
    GB_HOUR = "gb_hour", gettext_noop("GB-hour")
    CALL = "call", gettext_noop("call")
    MONTH = "month", gettext_noop("month")


class AllocationKey(models.TextChoices):
    """What a fixed amount is shared out by."""

    RUNS = "runs", gettext_noop("Runs")
    MINUTES = "minutes", gettext_noop("Run minutes")
    TOKENS = "tokens", gettext_noop("Tokens")
    EQUAL = "equal", gettext_noop("Equal parts")
    NONE = "none", gettext_noop("Not allocated")


class ResourceRate(models.Model):
    """A dated rate of a team: `amount` of `currency` for each `unit`. Key in the database: `(team_id, id)`.

    `id` derives from what was entered and when; lines name it as their price. It holds from `starts_on` to before
    `ends_on` (NULL: until further notice), for all workflows, or for one workflow, one environment or (calls alone) one
    external system; label ids are 0 where none was named. `key` is empty for all units but the month. `provider_id` is
    who bills it. Rows are only added, ended and removed by `removed_at`: closed months keep what they were closed with.
    """

    team = models.ForeignKey("accounts.Team", models.CASCADE, related_name="+", db_index=False)
    id = models.BigIntegerField(primary_key=True)
    name = models.CharField(max_length=200)
    kind = models.SmallIntegerField(choices=CostKind.choices)
    unit = models.CharField(max_length=10, choices=RateUnit.choices)
    amount = UsdField()
    currency = models.CharField(max_length=3, default="USD")
    workflow = TeamForeignKey("monitoring.Workflow", models.CASCADE, null=True, related_name="+", db_index=False)
    environment_id = models.BigIntegerField(default=0)
    system_id = models.BigIntegerField(default=0)
    provider_id = models.BigIntegerField(default=0)
    key = models.CharField(max_length=10, choices=AllocationKey.choices, blank=True, default="")
    starts_on = models.DateField()
    ends_on = models.DateField(null=True)
    note = models.CharField(max_length=500, blank=True, default="")
    created_by = models.ForeignKey(
        "accounts.User", models.DO_NOTHING, null=True, related_name="+", db_constraint=False, db_index=False
    )
    created_at = models.DateTimeField(default=timezone.now)
    removed_at = models.DateTimeField(null=True)

    objects = TenantManager["ResourceRate"]()

    class Meta:
        db_table = "resource_rate"
        base_manager_name = "objects"
        constraints = [
            models.CheckConstraint(condition=models.Q(amount__gte=0), name="resource_rate_amount"),
            models.CheckConstraint(condition=models.Q(kind__gt=0), name="resource_rate_kind"),
            models.CheckConstraint(
                condition=models.Q(ends_on__isnull=True) | models.Q(ends_on__gt=models.F("starts_on")),
                name="resource_rate_days",
            ),
            models.CheckConstraint(
                condition=models.Q(unit="month") & ~models.Q(key="") | ~models.Q(unit="month") & models.Q(key=""),
                name="resource_rate_key",
            ),
        ]

    def __str__(self) -> str:
        return self.name
