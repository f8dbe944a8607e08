"""How much of what is reported a team keeps, by workflow and environment."""

from django.db import models
from django.utils import timezone

from accounts.audit import Audited
from accounts.tenancy import TenantModel
from ingestion.capture import Capture


class CapturePolicy(Audited, TenantModel):
    """A rule of capture; an empty workflow or environment is all of them, the more exact rule counts."""

    workflow = models.CharField(max_length=200, blank=True)
    environment = models.CharField(max_length=200, blank=True)
    capture = models.CharField(max_length=8, choices=[(one.value, one.value) for one in Capture])
    created_at = models.DateTimeField(default=timezone.now)

    class Meta(TenantModel.Meta):
        db_table = "capture_policy"
        constraints = [models.UniqueConstraint(fields=["team", "workflow", "environment"], name="capture_policy_once")]

    def __str__(self) -> str:
        return f"{self.workflow or 'all workflows'} in {self.environment or 'all environments'}: {self.capture}"
