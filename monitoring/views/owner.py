"""The owner and the tags of a workflow, as its page shows and sets them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.access import TeamRequest, team_page
from accounts.permissions import Permission
from monitoring.models import Workflow
from monitoring.services.owners import OwnerRefused, possible_owners, set_ownership
from monitoring.views.shell import Scope, open_scope

USER, GROUP = "user:", "group:"


@dataclass(frozen=True, slots=True)
class Ownership:
    """Arguments of `trends/_owner.html`: in words, and the options of the form (value, label)."""

    words: str
    href: str
    told: str
    tags: str
    options: Sequence[tuple[str, str]]
    may_set: bool


def ownership(scope: Scope, *, may_set: bool) -> Ownership:
    """The owner of the scope's workflow."""
    workflow = scope.workflow
    assert workflow is not None
    team_id = scope.team.id
    is_owned = workflow.owner_id is not None or workflow.owner_group_id is not None
    options = possible_owners(team_id) if may_set or is_owned else []
    told = _told(workflow)
    name = dict(options).get(told, "")
    tags = ", ".join(workflow.tags)
    owner = _("Owner: {name}").format(name=name) if name else _("No owner")
    return Ownership(
        words=" · ".join(part for part in (owner, tags) if part),
        href=reverse("set_owner", args=[scope.team.slug, workflow.slug]) + scope.filters.query(),
        told=told,
        tags=tags,
        options=options,
        may_set=may_set,
    )


def _told(workflow: Workflow) -> str:
    if workflow.owner_group_id:
        return f"{GROUP}{workflow.owner_group_id}"
    return f"{USER}{workflow.owner_id}" if workflow.owner_id else ""


@team_page(Permission.MANAGE_WORKFLOWS)
@require_POST
def set_owner(request: TeamRequest, workflow: str) -> HttpResponseBase:
    """Sets owner and tags and leads back to Trends."""
    scope = open_scope(request, workflow)
    assert scope.workflow is not None
    try:
        set_ownership(workflow=scope.workflow, told=_read(request))
        messages.success(request, _("Owner and tags saved."))
    except OwnerRefused as refused:
        why = "; ".join(_fault(field, reason) for field, reason in refused.reasons.items())
        messages.error(request, _("Not saved: {reasons}.").format(reasons=why))
    return HttpResponseRedirect(scope.href("trends"))


def _fault(field: str, reason: str) -> str:
    told = {"owner": _("the owner {reason}"), "tags": _("the tags {reason}")}.get(field)
    return told.format(reason=reason) if told else f"{field} {reason}"


def _read(request: TeamRequest) -> dict[str, Any]:
    owner = request.POST.get("owner", "")
    told: dict[str, Any] = {"owner_id": None, "owner_group_id": None, "tags": request.POST.get("tags", "").split(",")}
    for start, name in ((USER, "owner_id"), (GROUP, "owner_group_id")):
        if owner.startswith(start):
            try:
                told[name] = UUID(owner.removeprefix(start))
            except ValueError:
                raise OwnerRefused({"owner": _("must be a member or a group of the team")}) from None
    return told
