"""The log of the installation in the order in which it is pushed to a SIEM, and how far that has come."""

from django.db import models


class InstallationPlace(models.Model):
    """The number of an event among those that are pushed: 1, 2, 3 … without gaps. Its id is the event's."""

    id = models.UUIDField(primary_key=True)
    place = models.BigIntegerField(unique=True)
    # The event's own time.
    at = models.DateTimeField()

    class Meta:
        db_table = "installation_place"
        indexes = [models.Index(fields=["-at"], name="installation_place_by_time")]

    def __str__(self) -> str:
        return f"event {self.place}"


class InstallationStream(models.Model):
    """How far the log has been pushed: one row, made when the push is first set up. Events before `since` are not sent.

    Where it goes and what signs it are settings. `tries` counts what failed since the last success.
    """

    id = models.SmallIntegerField(primary_key=True, default=1)
    since = models.DateTimeField()
    due_at = models.DateTimeField()
    sent_place = models.BigIntegerField(default=0)
    tries = models.IntegerField(default=0)
    last_success_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=500, blank=True, default="")
    last_error_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "installation_stream"
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="installation_stream_is_one")]

    def __str__(self) -> str:
        return f"sent up to {self.sent_place}"
