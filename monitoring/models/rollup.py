"""Counts, sums and a latency histogram per bucket, and the marks that say which buckets to compute again."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models

from accounts.tenancy import TenantManager
from monitoring.models.money import UsdField


class Grain(models.IntegerChoices):
    """The length of a bucket. Stored; also the partition."""

    MINUTE = 1, "minute"
    HOUR = 2, "hour"
    DAY = 3, "day"
    MONTH = 4, "month"


class Dimension(models.IntegerChoices):
    """The one further dimension of a rollup row. Up to 19: of executions; from 20: of steps."""

    NONE = 0, "all"
    RELEASE = 1, "release"
    TRIGGER = 2, "trigger"
    ERROR = 3, "error"
    INPUT_TYPE = 4, "input type"
    NODE = 20, "node"
    PROVIDER = 21, "provider"
    MODEL = 22, "model"
    TOOL = 23, "tool"
    SYSTEM = 24, "external system"


class Rollup(models.Model):
    """A rollup row. Key: `(team_id, workflow_id, environment_id, dimension, bucket, value_id, grain)`.

    `value_id` is a label id (0 for `Dimension.NONE`). The histogram is sparse: `histogram_bins[i]` holds
    `histogram_counts[i]` durations, bins as in `monitoring.analysis.histogram`. Money and tokens are NULL
    where nothing was told. In rows of a step dimension the counts are of step visits.
    """

    team = models.ForeignKey("accounts.Team", models.DO_NOTHING, related_name="+", db_constraint=False)
    workflow_id = models.UUIDField(primary_key=True)
    environment_id = models.BigIntegerField()
    dimension = models.SmallIntegerField(choices=Dimension)
    value_id = models.BigIntegerField()
    grain = models.SmallIntegerField(choices=Grain)
    bucket = models.DateTimeField()
    runs = models.BigIntegerField()
    unknown = models.BigIntegerField()
    queued = models.BigIntegerField()
    running = models.BigIntegerField()
    waiting = models.BigIntegerField()
    skipped = models.BigIntegerField()
    cancelled = models.BigIntegerField()
    succeeded = models.BigIntegerField()
    timed_out = models.BigIntegerField()
    failed = models.BigIntegerField()
    retries = models.BigIntegerField()
    # Succeeded runs whose success criteria could be told, and those of them that did not meet them.
    checked = models.BigIntegerField(default=0, db_default=0)
    unmet = models.BigIntegerField(default=0, db_default=0)
    duration_count = models.BigIntegerField()
    duration_sum_ms = models.FloatField()
    histogram_bins: Any = ArrayField(models.SmallIntegerField())
    histogram_counts: Any = ArrayField(models.BigIntegerField())
    input_tokens = models.BigIntegerField(null=True)
    cache_read_tokens = models.BigIntegerField(null=True)
    cache_write_tokens = models.BigIntegerField(null=True)
    output_tokens = models.BigIntegerField(null=True)
    reasoning_tokens = models.BigIntegerField(null=True)
    unpriced_tokens = models.BigIntegerField(null=True)
    cost_usd = UsdField(null=True)
    api_calls = models.BigIntegerField(null=True)
    peak_memory_bytes = models.BigIntegerField(null=True)
    storage_bytes = models.BigIntegerField(null=True)
    # The greatest share of its limit that a run used; NULL where no limit was told, and in rows folded before this was.
    memory_share = models.FloatField(null=True)
    storage_share = models.FloatField(null=True)
    folded_at = models.DateTimeField()

    objects = TenantManager["Rollup"]()

    class Meta:
        db_table = "rollup"
        base_manager_name = "objects"

    def __str__(self) -> str:
        return f"{self.get_grain_display()} {self.bucket:%Y-%m-%d %H:%M}"


class DirtyBucket(models.Model):
    """A bucket whose rollups must be computed again. A queue: readable before a team is known.

    Rows are only added and removed, the same bucket may be there many times. Key: `(team_id, grain, id)`.
    """

    team = models.ForeignKey("accounts.Team", models.DO_NOTHING, related_name="+", db_constraint=False)
    id = models.BigIntegerField(primary_key=True)
    workflow_id = models.UUIDField()
    environment_id = models.BigIntegerField()
    minute = models.DateTimeField()
    marked_at = models.DateTimeField()
    grain = models.SmallIntegerField(choices=Grain, default=Grain.MINUTE)

    class Meta:
        db_table = "dirty_bucket"

    def __str__(self) -> str:
        return f"{self.get_grain_display()} {self.minute:%Y-%m-%d %H:%M}"
