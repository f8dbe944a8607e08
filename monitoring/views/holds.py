"""Holding an execution against retention, and ending that; from the Replay page."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.access import TeamRequest, team_page
from accounts.models import User
from accounts.permissions import Permission
from monitoring.store.holds import HoldRefused, hold, release


@team_page(Permission.MANAGE_RETENTION)
@require_POST
def change_hold(request: TeamRequest, execution: UUID) -> HttpResponseBase:
    """Holds the execution with the reason that is told, or with `action=release` ends its hold."""
    team_id, user = request.team.id, request.user
    assert isinstance(user, User)
    if request.POST.get("action") == "release":
        if not release(team_id, execution):
            raise Http404("No such hold.")
        messages.success(request, _("The hold has ended: the retention policy counts again."))
    else:
        try:
            hold(team_id, execution, reason=request.POST.get("reason", ""), by=user.email, now=timezone.now())
            messages.success(request, _("Held: retention leaves this execution alone."))
        except LookupError:
            raise Http404("No such execution.") from None
        except HoldRefused as refused:
            messages.error(request, _("Not held. {why}").format(why=refused))
    return HttpResponseRedirect(reverse("replay", args=[request.team.slug, execution]))
