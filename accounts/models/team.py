"""The tenant: owns everything that is reported and computed."""

import uuid

from django.db import models
from django.utils import timezone

from accounts.models.audited import Audited


class Team(Audited):
    """A team. Its slug is in every address.

    `erased_from` is set while the team waits to be deleted: from then on all of it goes; until then it can be restored.
    `suspended_at` is set while the people who run the installation keep it closed: nothing of it goes.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=80)
    slug = models.SlugField(max_length=60, unique=True)
    # Whether members need a second factor, or the team's identity provider, to open its pages.
    requires_second_factor = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)
    erased_from = models.DateTimeField(null=True, blank=True)
    suspended_at = models.DateTimeField(null=True, blank=True)
    suspended_because = models.CharField(max_length=500, blank=True, default="", db_default="")
    # Whether administrators who see a page as a member see payloads, too: an owner says so.
    shows_payloads_to_staff = models.BooleanField(default=False, db_default=False)

    # Whether the sample is in it, or is on its way in or out: pages say so.
    has_sample = models.BooleanField(default=False, db_default=False)

    audit_ignored = Audited.audit_ignored | {"has_sample"}

    def __str__(self) -> str:
        return self.name

    @property
    def audit_team_id(self) -> uuid.UUID:
        """The team in whose log a change of this row stands: its own."""
        return self.id


class FormerSlug(models.Model):
    """An address that a team had: it leads members to the one it has now. A control table."""

    slug = models.SlugField(max_length=60, primary_key=True)
    team = models.ForeignKey("accounts.Team", on_delete=models.CASCADE, related_name="former_slugs")

    class Meta:
        db_table = "former_slug"

    def __str__(self) -> str:
        return self.slug
