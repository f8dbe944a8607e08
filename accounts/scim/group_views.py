"""`/scim/v2/Groups`: which groups of a company's directory the members are in."""

from uuid import UUID

from django.http import HttpRequest

from accounts.scim import group_messages, messages
from accounts.scim.views import Answer, Document, base_address, body_of, scim_view
from accounts.services import provisioned_groups
from accounts.services.provisioned_groups import Group
from accounts.services.provisioning import ProvisioningRefused


def _shown(request: HttpRequest, one: Group) -> Document:
    with_members = group_messages.shows_members(
        request.GET.get("attributes", ""), request.GET.get("excludedAttributes", "")
    )
    return group_messages.group_document(one, base_address(), with_members=with_members)


@scim_view("GET", "POST")
def groups(request: HttpRequest, team_id: UUID) -> Answer:
    """The groups, by page and filter; a POST adds one."""
    if request.method == "GET":
        found = provisioned_groups.groups_in(team_id, **group_messages.read_group_filter(request.GET.get("filter", "")))
        start, count = messages.read_page(request.GET.get("startIndex", ""), request.GET.get("count", ""))
        page = [_shown(request, one) for one in found[start - 1 : start - 1 + count]]
        return 200, messages.list_document(page, len(found), start)
    told = group_messages.read_group(body_of(request))
    made = provisioned_groups.add_group(
        team_id=team_id,
        name=told.name or "",
        external_id=told.external_id or "",
        user_ids=told.edits[0].user_ids,
    )
    return 201, _shown(request, made)


@scim_view("GET", "PUT", "PATCH", "DELETE")
def group(request: HttpRequest, team_id: UUID, id: UUID) -> Answer:
    """One group: shown, changed, removed."""
    if request.method == "DELETE":
        provisioned_groups.remove_group(team_id=team_id, group_id=id)
        return 204, None
    if request.method == "GET":
        found = provisioned_groups.groups_in(team_id, id=id)
        if not found:
            raise ProvisioningRefused("There is no such group in this team.", "", 404)
        return 200, _shown(request, found[0])
    read = group_messages.read_group_patch if request.method == "PATCH" else group_messages.read_group
    told = read(body_of(request))
    changed = provisioned_groups.change_group(
        team_id=team_id, group_id=id, name=told.name, external_id=told.external_id, edits=told.edits
    )
    return 200, _shown(request, changed)
