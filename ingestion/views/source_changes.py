"""Changing a source: settings, secret, address, switching off and on, removing."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts.access import TeamRequest, team_page
from accounts.permissions import Permission
from ingestion.services import sources as services
from ingestion.views.source_forms import SecretForm, SourceForm, errors_of, initial_of
from ingestion.views.source_frame import frame, open_source, source_href


@team_page(Permission.MANAGE_KEYS)
@require_http_methods(["GET", "HEAD", "POST"])
def source_settings(request: TeamRequest, source: UUID) -> HttpResponseBase:
    """The form of a source."""
    facts = open_source(request, source)
    form = SourceForm(request.POST or None, kind=facts.kind, initial=initial_of(facts))
    is_post = request.method == "POST"
    if is_post and form.is_valid():
        services.change_source(source_id=facts.id, **form.columns)
        messages.success(request, _("Saved. It holds for what is reported from now on."))
        return HttpResponseRedirect(source_href(request.team, facts.id, "source_settings"))
    context = {
        **frame(request, facts, "source_settings", timezone.now()),
        "form": form,
        "errors": errors_of(form) if is_post else [],
    }
    return TemplateResponse(request, "sources/settings.html", context, status=422 if is_post else 200)


@team_page(Permission.MANAGE_KEYS)
@require_POST
def switch(request: TeamRequest, source: UUID) -> HttpResponseBase:
    """Switches a source off, or on again."""
    facts = open_source(request, source)
    services.change_source(source_id=facts.id, is_active=not facts.is_active)
    told = _("Switched off: reports are refused within seconds.") if facts.is_active else _("Switched on.")
    messages.success(request, told)
    return _back(request, source)


@team_page(Permission.MANAGE_KEYS)
@require_POST
def rotate(request: TeamRequest, source: UUID) -> HttpResponseBase:
    """Gives a source with an address a new one."""
    facts = open_source(request, source)
    if facts.address:
        services.rotate_address(source_id=facts.id)
        messages.success(request, _("New address made. Reports to the old one are refused within seconds."))
    return _back(request, source)


@team_page(Permission.MANAGE_KEYS)
@require_POST
def secret(request: TeamRequest, source: UUID) -> HttpResponseBase:
    """Sets, replaces or takes away the secret, which is never shown."""
    facts = open_source(request, source)
    form = SecretForm(request.POST, kind=facts.kind)
    if not services.takes_secret(facts.kind):
        messages.error(request, _("Reports of this kind are not signed."))
    elif not form.is_valid():
        messages.error(request, " ".join(errors_of(form)))
    else:
        text = form.cleaned_data["secret"]
        services.set_secret(source_id=facts.id, secret=text or None)
        if text:
            messages.success(request, _("Secret set: other reports are refused from now on."))
        else:
            messages.success(request, _("Reports need no secret from now on."))
    return _back(request, source)


@team_page(Permission.MANAGE_KEYS)
@require_POST
def delete(request: TeamRequest, source: UUID) -> HttpResponseBase:
    """Removes a source and its ledger; executions stay."""
    facts = open_source(request, source)
    services.delete_source(source_id=facts.id, now=timezone.now())
    messages.success(request, _("{name} was removed. Its executions stay.").format(name=facts.name))
    return HttpResponseRedirect(reverse("sources", args=[request.team.slug]))


def _back(request: TeamRequest, source: UUID) -> HttpResponseBase:
    return HttpResponseRedirect(source_href(request.team, source, "source_settings"))
