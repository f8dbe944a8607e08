"""Budgets: what a team means to spend in a month on all of it, a workflow, a provider or a tag; with their history."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_noop

from accounts.tenancy import TeamForeignKey, TenantModel
from monitoring.models.money import UsdField


class BudgetScope(models.TextChoices):
    """What a budget is for."""

    TEAM = "team", gettext_noop("The whole team")
    WORKFLOW = "workflow", gettext_noop("A workflow")
    PROVIDER = "provider", gettext_noop("A provider")
    TAG = "tag", gettext_noop("A tag")


class Budget(TenantModel):
    """An amount for each calendar month (UTC), in `currency`.

    `workflow` or `value` (a provider's name, a tag as `key=value`) say of what; an empty `environment` is all of them.
    `thresholds` are `{"on": "actual" | "forecast", "percent": whole number}`. A changed amount counts for the month of
    the change and later ones: `earlier` holds what ended, oldest first, as `{"before": first day of a month, "amount":
    text, "currency": code}`. A budget is of no month before the one it was made in. A removed one stays for
    its history.
    """

    name = models.CharField(max_length=120)
    scope = models.CharField(max_length=10, choices=BudgetScope.choices, default=BudgetScope.TEAM)
    workflow = TeamForeignKey("monitoring.Workflow", models.CASCADE, null=True, related_name="+", db_index=False)
    value = models.CharField(max_length=500, blank=True, default="")
    environment = models.CharField(max_length=200, blank=True, default="")
    amount = UsdField()
    currency = models.CharField(max_length=3, default="USD")
    earlier = models.JSONField(default=list)
    thresholds = models.JSONField(default=list)
    # A user who is removed stays named by a number that leads nowhere.
    owner = models.ForeignKey(
        "accounts.User", models.DO_NOTHING, null=True, db_constraint=False, db_index=False, related_name="+"
    )
    owner_group = TeamForeignKey("accounts.MemberGroup", models.SET_NULL, null=True, db_index=False, related_name="+")
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)
    removed_at = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        db_table = "budget"
        constraints = [
            models.UniqueConstraint(
                fields=["team", "scope", "workflow", "value", "environment"],
                condition=models.Q(removed_at__isnull=True),
                nulls_distinct=False,
                name="budget_scope_once",
            ),
            models.UniqueConstraint(
                fields=["team", "name"], condition=models.Q(removed_at__isnull=True), name="budget_name_once"
            ),
            models.CheckConstraint(condition=models.Q(amount__gt=0), name="budget_amount_positive"),
            models.CheckConstraint(
                condition=(
                    models.Q(scope=BudgetScope.TEAM.value, workflow__isnull=True, value="")
                    | models.Q(scope=BudgetScope.WORKFLOW.value, workflow__isnull=False, value="")
                    | (
                        models.Q(scope__in=[BudgetScope.PROVIDER.value, BudgetScope.TAG.value], workflow__isnull=True)
                        & ~models.Q(value="")
                    )
                ),
                name="budget_scope_whole",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class BudgetEvent(TenantModel):
    """What happened to a budget; rows are only added. `changes` are `{field: [before, after]}`, as pages write them."""

    budget = TeamForeignKey("billing.Budget", models.CASCADE, related_name="events", db_index=False)
    at = models.DateTimeField()
    # NULL: by an API key, which `key_name` names.
    by = models.ForeignKey(
        "accounts.User", models.DO_NOTHING, null=True, db_constraint=False, db_index=False, related_name="+"
    )
    key_name = models.CharField(max_length=200, blank=True, default="")
    what = models.CharField(max_length=10, choices=[(one, one) for one in ("made", "changed", "removed")])
    changes = models.JSONField(default=dict)

    class Meta(TenantModel.Meta):
        db_table = "budget_event"
        indexes = [models.Index(fields=["team", "budget", "at"], name="budget_event_by_time")]

    def __str__(self) -> str:
        return self.what
