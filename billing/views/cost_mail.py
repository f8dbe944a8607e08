"""The monthly mail of costs: a member who manages costs chooses the day and what comes, or stops it."""

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.access import TeamRequest, team_page
from accounts.mailing import can_send
from accounts.permissions import Permission
from billing.exports.files import Format, Table
from billing.models import CostMail, CostMailPlan
from billing.services import cost_mail

DAYS = range(1, 29)


@dataclass(frozen=True, slots=True)
class Mail:
    """What the page says about e-mail: whether there is a server, what the member chose, the latest one."""

    can_send: bool
    address: str
    plan: CostMailPlan | None
    latest: CostMail | None
    days: range = DAYS


def mail_of(request: TeamRequest) -> Mail:
    """The e-mails of the member who looks."""
    told = (request.team.id, request.user.id)
    return Mail(can_send(), request.user.email, cost_mail.plan_of(*told), cost_mail.latest_of(*told))


@team_page(Permission.MANAGE_COSTS)
@require_POST
def choose_cost_mail(request: TeamRequest) -> HttpResponseBase:
    """Keeps the member's own choice: `wants` no, or `day`, `table` and `format`."""
    team_id, user_id = request.team.id, request.user.id
    if request.POST.get("wants") == "no":
        cost_mail.stop(team_id, user_id)
        messages.success(request, _("The costs of the month are not e-mailed to you."))
    else:
        _keep(request)
    return HttpResponseRedirect(reverse("cost_exports", args=[request.team.slug]) + "#mail")


def _keep(request: TeamRequest) -> None:
    try:
        day = int(request.POST.get("day", ""))
        table, format = Table(request.POST.get("table", "")), Format(request.POST.get("format", ""))
        if day not in DAYS:
            raise ValueError
    except ValueError:
        messages.error(request, _("Not saved: choose a day from 1 to 28, what to export, and a format."))
        return
    cost_mail.choose(
        request.team.id, request.user.id, day=day, table=table, format=format, now=timezone.now(), by=request.user
    )
    words = _("The costs of each month come to {address} on day {day} of the next one.")
    messages.success(request, words.format(address=request.user.email, day=day))
