"""Views of a list that members keep under a name, for themselves or for the team, and which one each opens with."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models.audited import Audited
from accounts.tenancy import TeamForeignKey, TenantModel


class ViewPage(models.TextChoices):
    """The pages that views are of: the names of their addresses."""

    EXECUTIONS = "executions", _("Executions")
    FAILURES = "failures", _("Failures")


class SavedView(Audited, TenantModel):
    """The query of an address under a name; a relative range stays relative.

    A view of the Failures page belongs to its `workflow`. One that is not shared is seen by whoever made it alone.
    """

    page = models.CharField(max_length=20, choices=ViewPage)
    workflow = TeamForeignKey("monitoring.Workflow", models.CASCADE, null=True, db_index=False, related_name="+")
    name = models.CharField(max_length=80)
    query = models.CharField(max_length=2000)
    is_shared = models.BooleanField(default=False)
    # A user who is removed stays named by a number that leads nowhere.
    made_by = models.ForeignKey(
        "accounts.User", models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    created_at = models.DateTimeField(default=timezone.now)

    class Meta(TenantModel.Meta):
        db_table = "saved_view"
        constraints = [
            models.UniqueConstraint(
                fields=["team", "made_by", "page", "workflow", "name"],
                name="saved_view_name_once",
                nulls_distinct=False,
            )
        ]

    def __str__(self) -> str:
        return self.name


class DefaultView(TenantModel):
    """The view that a page opens with for one member."""

    user = models.ForeignKey("accounts.User", models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    page = models.CharField(max_length=20, choices=ViewPage)
    workflow_id = models.UUIDField(null=True)
    view = TeamForeignKey("monitoring.SavedView", models.CASCADE, db_index=False, related_name="+")

    class Meta(TenantModel.Meta):
        db_table = "default_view"
        constraints = [
            models.UniqueConstraint(
                fields=["team", "user", "page", "workflow_id"], name="default_view_once", nulls_distinct=False
            )
        ]

    def __str__(self) -> str:
        return f"{self.page} of {self.user_id}"
