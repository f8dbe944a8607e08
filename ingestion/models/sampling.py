"""What reports of a source say about how often they are sent."""

from django.db import models

from accounts.tenancy import TenantModel
from ingestion.records import SamplingOrigin


class SourceSampling(TenantModel):
    """At which rates executions of one workflow said on one day (of receipt, UTC) that they were sampled.

    Rates are "one in N": `lowest` and `highest` are the range of N, `told` is what the last report said.
    """

    source_id = models.UUIDField()
    workflow_id = models.UUIDField()
    origin = models.CharField(max_length=16, choices=[(one.value, one.value) for one in SamplingOrigin])
    day = models.DateField()
    lowest = models.FloatField()
    highest = models.FloatField()
    told = models.CharField(max_length=200)
    last_at = models.DateTimeField()

    class Meta(TenantModel.Meta):
        db_table = "source_sampling"
        constraints = [
            models.UniqueConstraint(
                fields=["team", "source_id", "workflow_id", "origin", "day"], name="source_sampling_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.told} on {self.day}"
