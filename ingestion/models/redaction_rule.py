"""What a team masks in what is reported, before anything of it is kept."""

from django.db import models
from django.utils import timezone

from accounts.audit import Audited
from accounts.tenancy import TenantModel
from ingestion.rules import Becomes, RuleKind


class RedactionRule(Audited, TenantModel):
    """A rule: a detector that is switched on or off, a field by name or path, or a pattern (RE2).

    `what` is the detector, the path or the pattern. A detector without a row is as the installation has it.
    """

    kind = models.CharField(max_length=8, choices=[(one.value, one.value) for one in RuleKind])
    what = models.CharField(max_length=500)
    is_on = models.BooleanField(default=True)
    becomes = models.CharField(
        max_length=8, choices=[(one.value, one.value) for one in Becomes], default=Becomes.LABEL.value
    )
    label = models.CharField(max_length=30)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta(TenantModel.Meta):
        db_table = "redaction_rule"
        constraints = [models.UniqueConstraint(fields=["team", "kind", "what"], name="redaction_rule_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.what}"
