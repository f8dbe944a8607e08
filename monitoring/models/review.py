"""The weekly review by e-mail: who is to get which week, and whether it was sent."""

import uuid

from django.db import models


class ReviewMail(models.Model):
    """The review of one week for one member. A control table: ids, times, and the code of the mail server's answer.

    `week` is its Monday. `due_at` is NULL once it is sent or given up; a claim is a `due_at` moved on. `made_at` is
    when it was queued, last: it makes the `Message-ID`, which is the same on each try.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey("accounts.Team", models.CASCADE, related_name="+", db_index=False)
    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="+")
    week = models.DateField()
    made_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    tries = models.IntegerField(default=0)
    last_error = models.CharField(max_length=200, blank=True)

    class Meta:
        db_table = "review_mail"
        indexes = [models.Index(fields=["due_at"], condition=models.Q(due_at__isnull=False), name="review_mail_due")]
        constraints = [models.UniqueConstraint(fields=["team", "user", "week"], name="review_mail_once")]

    def __str__(self) -> str:
        return f"review of {self.week}"
