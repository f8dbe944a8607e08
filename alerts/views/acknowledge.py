"""Acknowledging from a notice, without signing in: opening the address shows a button, posting it acknowledges."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from accounts.models import Membership, Team, User
from accounts.tenancy import team_context
from alerts.models import Channel, Incident, IncidentStatus
from alerts.services.acknowledging import Bearer, bearer_of
from alerts.services.incident_actions import By, acknowledge


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def acknowledge_notice(request: HttpRequest, token: str) -> HttpResponse:
    """The page behind the link of a notice. Looking changes nothing, because mail scanners open links.

    The token is the whole authority: it is signed, names one incident, and can do nothing but this.
    """
    bearer = bearer_of(token)
    team = Team.objects.filter(id=bearer.team_id).first() if bearer else None
    if bearer is None or team is None:
        raise Http404("No such address.")
    with team_context(team.id):
        mine = Incident.objects.filter(team_id=team.id, id=bearer.incident_id)
        channel = Channel.objects.filter(team_id=team.id, id=bearer.channel_id).first()
        if channel is None or not mine.exists():
            raise Http404("No such incident.")
        if request.method == "POST":
            who = _who(request, bearer, channel)
            acknowledge(team_id=team.id, incident_ids=[bearer.incident_id], by=who, now=timezone.now())
        one = mine.select_related("acknowledged_by").get()
        somebody = _("somebody from {channel}").format(channel=channel.name)
        by = one.acknowledged_by.email if one.acknowledged_by else somebody
        context = {"one": one, "of": team, "by": by, "is_open": one.status == IncidentStatus.OPEN}
        response = render(request, "incidents/acknowledge.html", context)
    # The address of this page is a secret.
    response["Referrer-Policy"] = "no-referrer"
    response["Cache-Control"] = "no-store"
    return response


def _who(request: HttpRequest, bearer: Bearer, channel: Channel) -> By:
    """The member who is signed in, where it is one of the team; else the channel whose link was used."""
    user = request.user
    if isinstance(user, User) and Membership.objects.filter(team_id=bearer.team_id, user_id=user.id).exists():
        return user
    return f"somebody from {channel.name}"
