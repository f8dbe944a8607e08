"""Mails that tell that an API key ends: to whom, how many days before, and whether they were sent."""

import uuid

from django.db import models


class KeyMail(models.Model):
    """One mail about one key to one person. A control table: ids, times, and the code of the mail server's answer.

    `days` is how long before the end it is due. `due_at` is NULL once it is sent or given up; a claim is a `due_at`
    moved on.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey("accounts.Team", models.CASCADE, related_name="+", db_index=False)
    key_id = models.UUIDField()
    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="+")
    days = models.PositiveSmallIntegerField()
    made_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    tries = models.IntegerField(default=0)
    last_error = models.CharField(max_length=200, blank=True)

    class Meta:
        db_table = "key_mail"
        indexes = [models.Index(fields=["due_at"], condition=models.Q(due_at__isnull=False), name="key_mail_due")]
        constraints = [models.UniqueConstraint(fields=["team", "key_id", "user", "days"], name="key_mail_once")]

    def __str__(self) -> str:
        return f"{self.days} days before the end of a key"
