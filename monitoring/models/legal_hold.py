"""An execution that retention leaves alone."""

from django.db import models
from django.utils import timezone

from accounts.models.audited import Audited
from accounts.tenancy import TenantModel
from monitoring.models.execution import RetentionClass


class LegalHold(Audited, TenantModel):
    """Says that an execution is kept, and why. Its records are in the partition of held ones meanwhile.

    `former_class` is where it goes back to. `until` is set for what was restored from the archive: it goes then.
    """

    execution_id = models.UUIDField()
    reason = models.CharField(max_length=500)
    former_class = models.SmallIntegerField(choices=RetentionClass)
    held_at = models.DateTimeField(default=timezone.now)
    held_by = models.CharField(max_length=254, blank=True, default="")
    until = models.DateTimeField(null=True)

    class Meta(TenantModel.Meta):
        db_table = "legal_hold"
        constraints = [models.UniqueConstraint(fields=["team", "execution_id"], name="legal_hold_once")]

    def __str__(self) -> str:
        return str(self.execution_id)
