"""Monthly costs by e-mail in the installation's administration."""

from django.contrib import admin

from accounts.admin.mails import MailAdmin
from billing.models import CostMail


@admin.register(CostMail)
class CostMailAdmin(MailAdmin):
    """Costs of a month by e-mail: no amounts here."""

    list_display = ("made_at", "team", "user", "month", "due_at", "sent_at", "tries", "last_error")
    fields = readonly_fields = list_display
