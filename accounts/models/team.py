"""The tenant: owns everything that is reported and computed."""

import uuid

from django.db import models
from django.utils import timezone


class Team(models.Model):
    """A team. Its slug is in every address."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=80)
    slug = models.SlugField(max_length=60, unique=True)
    # Whether members need a second factor, or the team's identity provider, to open its pages.
    requires_second_factor = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.name
