"""What was changed about costs, by whom: rows are only added."""

from django.db import models

from accounts.tenancy import TenantModel


class CostEvent(TenantModel):
    """A change of costs: an entry, a price, a discount, a rate, a budget, a statement, a month, an export.

    `subject` is the kind of thing, `subject_id` its id as text, `what` what was done, `detail` its values at that time.
    `by` is who did it, or the maker of the API key that `key_name` names; both empty: Steadyrun itself.
    """

    at = models.DateTimeField()
    by = models.ForeignKey(
        "accounts.User", models.DO_NOTHING, null=True, db_constraint=False, db_index=False, related_name="+"
    )
    key_name = models.CharField(max_length=200, blank=True, default="")
    subject = models.CharField(max_length=40)
    subject_id = models.CharField(max_length=200, blank=True, default="")
    what = models.CharField(max_length=40)
    detail = models.JSONField(default=dict)

    class Meta(TenantModel.Meta):
        db_table = "cost_event"
        indexes = [models.Index(fields=["team", "subject", "subject_id", "at"], name="cost_event_subject")]

    def __str__(self) -> str:
        return f"{self.subject} {self.what}"
