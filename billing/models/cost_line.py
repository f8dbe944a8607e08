"""Cost lines: what was used and what it costs, by hour; the ledger that rollups, pages and exports are made of."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_noop

from accounts.tenancy import TenantManager, TenantModel
from monitoring.models.money import UsdField


class Entry(models.IntegerChoices):
    """Why a line is there. Stored; never renumber.

    USAGE and ALLOCATED lines say that something was used, CORRECTION lines that more or less was used than closed
    months hold; the others carry money alone.
    """

    USAGE = 0, gettext_noop("Usage")
    # Usage of a closed month that arrived, or changed, after it was closed.
    CORRECTION = 1, gettext_noop("Correction")
    RE_RATED = 2, gettext_noop("Price change")
    ADJUSTMENT = 3, gettext_noop("Adjustment")
    CREDIT = 4, gettext_noop("Credit")
    COMMITMENT = 5, gettext_noop("Commitment")
    ALLOCATED = 6, gettext_noop("Allocated")


# What people enter: money alone, with a reason.
ENTERED = (Entry.ADJUSTMENT, Entry.CREDIT, Entry.COMMITMENT)


class CostKind(models.IntegerChoices):
    """What was paid for. Stored; never renumber."""

    TOKENS = 0, gettext_noop("Tokens")
    COMPUTE = 1, gettext_noop("Compute")
    STORAGE = 2, gettext_noop("Storage")
    API = 3, gettext_noop("API calls")
    SUBSCRIPTION = 4, gettext_noop("Subscriptions")
    BACKUP = 5, gettext_noop("Backup")
    OTHER = 6, gettext_noop("Other")


class CostBasis(models.IntegerChoices):
    """Where the money of a line comes from. Stored; never renumber."""

    UNPRICED = 0, gettext_noop("Not priced")
    PRICED = 1, gettext_noop("Priced")
    TOLD = 2, gettext_noop("Told")
    ENTERED = 3, gettext_noop("Entered")


class CostOutcome(models.IntegerChoices):
    """What became of the run, or of the attempt, that used it: all but GOOD and OPEN is waste. Never renumber."""

    OPEN = 0, gettext_noop("Not ended")
    GOOD = 1, gettext_noop("Succeeded")
    FAILED = 2, gettext_noop("Failed")
    RETRIED = 3, gettext_noop("Retried")
    AFTER_DIVERGENCE = 4, gettext_noop("After the divergence")


class CostLine(models.Model):
    """Usage of one hour with one set of names at one price. Key in the database: `(team_id, id)`.

    `id` derives from all that tells lines apart. `hour` is when it was used (UTC), `booked_on` the day it counts on:
    the hour's, or the first of the open month where the hour's month was closed before. Label ids are 0 and
    `workflow_id` is `NO_WORKFLOW` where nothing was told. Tokens, as on records, hold their parts inside. `cost_usd` is
    what counts; `told_usd` and `priced_usd` are both kept where known; `list_usd` is without the team's own prices;
    `billed` is in `currency`, the price's own. NULL money is not known. `corrects_id` is the line that this one
    corrects. Lines of closed months never change.
    """

    team = models.ForeignKey("accounts.Team", models.DO_NOTHING, related_name="+", db_constraint=False)
    id = models.BigIntegerField(primary_key=True)
    entry = models.SmallIntegerField(choices=Entry.choices, default=Entry.USAGE)
    kind = models.SmallIntegerField(choices=CostKind.choices, default=CostKind.TOKENS)
    basis = models.SmallIntegerField(choices=CostBasis.choices)
    outcome = models.SmallIntegerField(choices=CostOutcome.choices, default=CostOutcome.OPEN)
    hour = models.DateTimeField()
    booked_on = models.DateField()
    workflow_id = models.UUIDField()
    environment_id = models.BigIntegerField(default=0)
    release_id = models.BigIntegerField(default=0)
    node_id = models.BigIntegerField(default=0)
    provider_id = models.BigIntegerField(default=0)
    model_id = models.BigIntegerField(default=0)
    system_id = models.BigIntegerField(default=0)
    tag_set_id = models.BigIntegerField(default=0)
    tier = models.TextField(default="")
    region = models.TextField(default="")
    price_id = models.BigIntegerField(null=True)
    corrects_id = models.BigIntegerField(null=True)
    calls = models.BigIntegerField(default=0)
    input_tokens = models.BigIntegerField(null=True)
    cache_read_tokens = models.BigIntegerField(null=True)
    cache_write_tokens = models.BigIntegerField(null=True)
    output_tokens = models.BigIntegerField(null=True)
    reasoning_tokens = models.BigIntegerField(null=True)
    cache_write_1h_tokens = models.BigIntegerField(null=True)
    input_audio_tokens = models.BigIntegerField(null=True)
    input_image_tokens = models.BigIntegerField(null=True)
    output_audio_tokens = models.BigIntegerField(null=True)
    output_image_tokens = models.BigIntegerField(null=True)
    unpriced_tokens = models.BigIntegerField(default=0)
    # Of what is not tokens: minutes, GB-hours, calls ...
    quantity = UsdField(null=True)
    unit = models.TextField(default="")
    cost_usd = UsdField(null=True)
    told_usd = UsdField(null=True)
    priced_usd = UsdField(null=True)
    list_usd = UsdField(null=True)
    billed = UsdField(null=True)
    currency = models.CharField(max_length=3, default="USD")
    reason = models.TextField(default="")
    folded_at = models.DateTimeField()

    objects = TenantManager["CostLine"]()

    class Meta:
        db_table = "cost_line"
        base_manager_name = "objects"
        indexes = [
            models.Index(fields=["team", "booked_on", "id"], name="cost_line_booked"),
            models.Index(fields=["team", "workflow_id", "environment_id", "hour"], name="cost_line_hour"),
            models.Index(fields=["team", "price_id", "hour"], name="cost_line_price"),
            models.Index(fields=["team", "workflow_id", "environment_id", "booked_on"], name="cost_line_part"),
        ]

    def __str__(self) -> str:
        return f"{self.get_entry_display()} {self.hour:%Y-%m-%d %H:%M}"


class TagSet(models.Model):
    """The cost tags (cost centre, customer) that a line has together, as `{key: value}`. Key: `(team_id, id)`.

    `id` derives from the tags; 0 stands for none and has no row. `value_ids` are the labels (`LabelKind.TAG`, texts
    `key=value`) that rollups are kept by.
    """

    team = models.ForeignKey("accounts.Team", models.CASCADE, related_name="+", db_index=False)
    id = models.BigIntegerField(primary_key=True)
    tags = models.JSONField()
    value_ids: Any = ArrayField(models.BigIntegerField())

    objects = TenantManager["TagSet"]()

    class Meta:
        db_table = "tag_set"
        base_manager_name = "objects"

    def __str__(self) -> str:
        return ", ".join(f"{key}={value}" for key, value in self.tags.items())


class CostGrain(models.IntegerChoices):
    """The length of a bucket of cost rollups; hours are the lines themselves."""

    DAY = 3, "day"
    MONTH = 4, "month"


class CostDimension(models.IntegerChoices):
    """The one further dimension of a cost rollup row, beside what every row has. Stored; never renumber."""

    NONE = 0, "all"
    RELEASE = 1, "release"
    NODE = 2, "node"
    TAG = 3, "tag"
    SYSTEM = 4, "external system"
    # Summaries of the rows of NONE: over all workflows (`workflow_id` is 0), and of a workflow over all that it used
    # (`provider_id` and `model_id` are 0, `kind` is `ANY_KIND`). Each adds up to the whole.
    MODELS = 5, "models"
    WORKFLOWS = 6, "workflows"
    # As WORKFLOWS, and of days alone: all of a month up to and on the bucket. Adds up to nothing.
    TO_DATE = 7, "workflows to date"


# Stands for all kinds of cost in rows of `CostDimension.WORKFLOWS` and `CostDimension.TO_DATE`.
ANY_KIND = -1


class CostRollup(models.Model):
    """Sums of lines by the day or month they count on.

    Key: `(team_id, grain, dimension, bucket, workflow_id, environment_id, provider_id, model_id, kind, entry, outcome,
    value_id)`. `value_id` is a label id, 0 for NONE. Rows of one further dimension add up to those of NONE only for
    RELEASE and NODE: a line may have several tags, or none. MODELS, WORKFLOWS and TO_DATE are summaries of NONE.
    """

    team = models.ForeignKey("accounts.Team", models.DO_NOTHING, related_name="+", db_constraint=False)
    grain = models.SmallIntegerField(choices=CostGrain.choices)
    dimension = models.SmallIntegerField(choices=CostDimension.choices)
    bucket = models.DateField()
    workflow_id = models.UUIDField(primary_key=True)
    environment_id = models.BigIntegerField()
    provider_id = models.BigIntegerField()
    model_id = models.BigIntegerField()
    kind = models.SmallIntegerField(choices=CostKind.choices)
    entry = models.SmallIntegerField(choices=Entry.choices)
    outcome = models.SmallIntegerField(choices=CostOutcome.choices)
    value_id = models.BigIntegerField()
    lines = models.BigIntegerField()
    calls = models.BigIntegerField()
    input_tokens = models.BigIntegerField(null=True)
    cache_read_tokens = models.BigIntegerField(null=True)
    cache_write_tokens = models.BigIntegerField(null=True)
    output_tokens = models.BigIntegerField(null=True)
    reasoning_tokens = models.BigIntegerField(null=True)
    unpriced_tokens = models.BigIntegerField()
    quantity = UsdField(null=True)
    cost_usd = UsdField(null=True)
    told_usd = UsdField(null=True)
    priced_usd = UsdField(null=True)
    list_usd = UsdField(null=True)
    # Told less computed, of the lines that have both.
    difference_usd = UsdField(null=True)
    folded_at = models.DateTimeField()

    objects = TenantManager["CostRollup"]()

    class Meta:
        db_table = "cost_rollup"
        base_manager_name = "objects"
        indexes = [
            # One workflow over months, and the courses of the dearest ones.
            models.Index(fields=["team", "workflow_id", "grain", "dimension", "bucket"], name="cost_rollup_workflow"),
        ]

    def __str__(self) -> str:
        return f"{self.get_grain_display()} {self.bucket}"


class CostDue(models.Model):
    """A queue: hours of a workflow whose cost lines are to be made again. A control table.

    Key: `(team_id, workflow_id, environment_id, hour)`. `is_lines_only`: the records are not read again (a price
    change); what was marked for records stays so. `leased_until`: somebody is at it; a new mark takes that away.
    """

    team = models.ForeignKey("accounts.Team", models.CASCADE, related_name="+", db_index=False)
    workflow_id = models.UUIDField(primary_key=True)
    environment_id = models.BigIntegerField()
    hour = models.DateTimeField()
    due_at = models.DateTimeField()
    is_lines_only = models.BooleanField(default=False)
    leased_until = models.DateTimeField(null=True)

    class Meta:
        db_table = "cost_due"

    def __str__(self) -> str:
        return f"{self.workflow_id} {self.hour:%Y-%m-%d %H:%M}"


class CostSettings(TenantModel):
    """How a team counts costs: the currency of its pages and exports, and the tags that lines are split by."""

    reporting_currency = models.CharField(max_length=3, default="USD")
    # Keys of tags, in the order in which pages list them.
    tag_keys = models.JSONField(default=list)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta(TenantModel.Meta):
        db_table = "cost_settings"
        constraints = [models.UniqueConstraint(fields=["team"], name="cost_settings_team")]

    def __str__(self) -> str:
        return self.reporting_currency
