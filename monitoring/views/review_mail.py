"""The weekly review by e-mail: a member chooses, asks for one now, or stops it from the e-mail itself."""

from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import TeamRequest, team_page
from accounts.mailing import can_send
from accounts.models import Membership
from accounts.permissions import Permission
from monitoring.models import ReviewMail
from monitoring.services.review_letter import membership_of
from monitoring.services.review_mail import choose, latest_of, queue_now
from monitoring.weeks import WORDS, parse_week


@dataclass(frozen=True, slots=True)
class Mail:
    """What the page says about e-mail: whether there is a server, whether the member gets it, the latest one."""

    can_send: bool
    gets: bool
    address: str
    latest: ReviewMail | None


def mail_of(request: TeamRequest) -> Mail:
    """The e-mails of the member who looks."""
    latest = latest_of(request.team.id, request.user.id)
    return Mail(can_send(), request.membership.gets_review, request.user.email, latest)


@team_page(Permission.VIEW_FIGURES)
@require_POST
def choose_mail(request: TeamRequest) -> HttpResponseBase:
    """Keeps the member's own choice (`wants`: yes or no)."""
    wants = request.POST.get("wants")
    if wants not in ("yes", "no"):
        messages.error(request, _("Not saved: wants must be yes or no."))
    else:
        choose(membership_id=request.membership.id, wants=wants == "yes", now=timezone.now())
        said = _("The review is not e-mailed to you.")
        if wants == "yes":
            said = _("The review comes to {address} on Mondays.").format(address=request.user.email)
        messages.success(request, said)
    return HttpResponseRedirect(reverse("review", args=[request.team.slug]))


@team_page(Permission.VIEW_FIGURES)
@require_POST
def send_now(request: TeamRequest, week: str) -> HttpResponseBase:
    """Sends the review of a week to the member who asks, in the sections of the own role."""
    found, now = parse_week(week), timezone.now()
    if found is None or found.start > now:
        raise Http404(f"The week must be {WORDS}, up to the present one.")
    if not can_send():
        messages.error(request, _("Not sent: this installation has no mail server (EMAIL_URL)."))
    elif queue_now(team_id=request.team.id, user_id=request.user.id, week=found, now=now):
        messages.success(request, _("It is on its way to {address}.").format(address=request.user.email))
    else:
        messages.error(request, _("Not sent: this review was asked for less than a minute ago."))
    return HttpResponseRedirect(reverse("review_of", args=[request.team.slug, found.name]))


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Stops the e-mails to one member. Looking changes nothing: programs look at links; mail clients post (RFC 8058).

    The token is the whole authority: it is signed, and can do nothing but this.
    """
    membership_id = membership_of(token)
    member = Membership.objects.select_related("team").filter(id=membership_id).first() if membership_id else None
    if member is None:
        raise Http404("No such address.")
    is_done = request.method == "POST"
    if is_done:
        choose(membership_id=member.id, wants=False, now=timezone.now())
    return render(request, "review/unsubscribe.html", {"of": member.team.name, "is_done": is_done})
