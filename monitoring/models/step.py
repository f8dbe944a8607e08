"""One visit of a node in an execution. Partitioned by retention class and anchor day of the execution."""

from typing import Any

from django.db import models

from accounts.tenancy import TenantManager
from monitoring.models.execution import RetentionClass
from monitoring.models.money import UsdField
from monitoring.statuses import Status


class Step(models.Model):
    """A step. Its key in the database is `(team_id, execution_id, id, retention_class, anchor_day)`.

    `id` derives from the execution and the sender's own step id; `position` keeps the sender's order.
    Token counts are disjoint buckets (`reasoning_tokens` is a part of `output_tokens`), NULL where not told.
    `usage_detail` has what few tell, NULL where nobody did: parts of these buckets (`cache_write_1h`, `input_audio`,
    `input_image`, `output_audio`, `output_image`: tokens), `calls`, what prices depend on (`tier`, `region`), and
    `counts`: "computed" where a source counts that cost first. `cost_usd` is what counts: told or computed, as the rule
    of the source says; rows from before prices existed have it alone, told. `price_id` is the price that
    `priced_cost_usd` was made with, or would have been. What `is_covered` is told again by steps below it, and does not
    count.
    """

    team = models.ForeignKey("accounts.Team", models.DO_NOTHING, related_name="+", db_constraint=False)
    execution_id = models.UUIDField()
    id = models.BigIntegerField(primary_key=True)
    retention_class = models.SmallIntegerField(choices=RetentionClass)
    anchor_day = models.DateField()
    parent_id = models.BigIntegerField(null=True)
    position = models.IntegerField(null=True)
    attempt = models.SmallIntegerField(default=1)
    node_id = models.BigIntegerField(null=True)
    kind_id = models.BigIntegerField(null=True)
    status = models.SmallIntegerField(choices=[(s.value, s.word) for s in Status], null=True)
    started_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    told_duration_ms = models.FloatField(null=True)
    duration_ms = models.FloatField(null=True, editable=False)
    error = models.TextField(null=True)
    error_id = models.BigIntegerField(null=True)
    provider_id = models.BigIntegerField(null=True)
    model_id = models.BigIntegerField(null=True)
    tool_id = models.BigIntegerField(null=True)
    system_id = models.BigIntegerField(null=True)
    input_tokens = models.BigIntegerField(null=True)
    cache_read_tokens = models.BigIntegerField(null=True)
    cache_write_tokens = models.BigIntegerField(null=True)
    output_tokens = models.BigIntegerField(null=True)
    reasoning_tokens = models.BigIntegerField(null=True)
    cost_usd = UsdField(null=True)
    told_cost_usd = UsdField(null=True)
    priced_cost_usd = UsdField(null=True)
    price_id = models.BigIntegerField(null=True)
    usage_detail: Any = models.JSONField(null=True)
    is_covered = models.BooleanField(default=False, db_default=False)
    revisions = models.JSONField(null=True)

    objects = TenantManager["Step"]()

    class Meta:
        db_table = "step"
        base_manager_name = "objects"

    def __str__(self) -> str:
        return f"step {self.id} of {self.execution_id}"
