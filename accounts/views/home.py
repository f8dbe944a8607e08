"""The first address: leads a member to a team."""

from django.contrib.auth.decorators import login_required
from django.db.models import F
from django.http import HttpResponse
from django.shortcuts import redirect, render

from accounts.access import SignedInRequest
from accounts.models import Membership
from accounts.start_pages import start_page_of


@login_required
def home(request: SignedInRequest) -> HttpResponse:
    """Redirects to the start page of the user's first team; says so when there is none."""
    mine = Membership.objects.select_related("team").filter(user=request.user)
    # A team that is suspended, or waits for its end, comes last.
    last = (F(f"team__{name}").asc(nulls_first=True) for name in ("suspended_at", "erased_from"))
    membership = mine.order_by(*last, "created_at", "id").first()
    if membership is None:
        return render(request, "accounts/no_team.html", status=200)
    return redirect(start_page_of(membership), team=membership.team.slug)
