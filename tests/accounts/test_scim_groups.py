"""SCIM groups as RFC 7643 and 7644 write them: made, filled, changed, found; they give roles; the last way in stays."""

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import (
    AuditEvent,
    IdentityDomain,
    Membership,
    ProviderKind,
    Scope,
    Team,
    TeamIdentityProvider,
    User,
)
from accounts.permissions import Role
from accounts.services.identity import apply_groups
from accounts.services.members import MemberRefused, change_role, leave_team, transfer_ownership
from accounts.services.teams import NewTeam
from accounts.tenancy import team_context
from tests.accounts.test_scim import Directory
from tests.people import PASSWORD

pytestmark = pytest.mark.django_db
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


@pytest.fixture
def directory(team: Team) -> Directory:
    """A directory of the team."""
    return Directory(team, Scope.MANAGE, start="/scim/v2/Groups")


@pytest.fixture
def provider(team: Team) -> TeamIdentityProvider:
    """A provider that maps two groups."""
    return TeamIdentityProvider.objects.create(
        team=team,
        kind=ProviderKind.OPENID_CONNECT,
        name="Login",
        issuer="https://login.test",
        client_id="x",
        group_roles={"Finance": "finance", "Admins": "admin"},
        default_role="viewer",
    )


def patch(*operations: dict[str, Any]) -> dict[str, Any]:
    return {"schemas": [PATCH], "Operations": list(operations)}


def people(*users: User) -> list[dict[str, str]]:
    return [{"value": str(one.id)} for one in users]


def ids(document: dict[str, Any]) -> set[str]:
    return {one["value"] for one in document["members"]}


def test_a_group_is_made_and_shown_as_the_rfc_writes_one(directory: Directory, member: User, team: Team) -> None:
    told = {"schemas": [GROUP], "displayName": "Tour Guides", "externalId": "e-7", "members": people(member)}
    status, made = directory("POST", "", told)
    where = f"http://127.0.0.1:8000/scim/v2/Groups/{made['id']}"
    assert status == 201
    assert made == {
        "schemas": [GROUP],
        "id": made["id"],
        "externalId": "e-7",
        "displayName": "Tour Guides",
        "members": [
            {
                "value": str(member.id),
                "$ref": f"http://127.0.0.1:8000/scim/v2/Users/{member.id}",
                "type": "User",
                "display": member.email,
            }
        ],
        "meta": {**made["meta"], "resourceType": "Group", "location": where},
    }
    assert directory.last["Location"] == where
    assert directory.last["Content-Type"] == "application/scim+json"
    assert directory("GET", f"/{made['id']}") == (200, made)
    with team_context(team.id):
        told_by = AuditEvent.objects.get(action="directory_group.members_changed")
    assert (told_by.actor_kind, told_by.after) == ("key", {"members": [member.email]})


def test_groups_are_found_by_name_and_listed_without_members(directory: Directory, member: User) -> None:
    for name in ("Pilots", "Cooks"):
        directory("POST", "", {"displayName": name, "members": people(member)})
    _, found = directory("GET", '?filter=displayName eq "pilots"&excludedAttributes=members')
    assert (found["totalResults"], found["Resources"][0]["displayName"]) == (1, "Pilots")
    assert "members" not in found["Resources"][0]
    _, page = directory("GET", "?startIndex=2&count=1")
    assert (page["totalResults"], page["itemsPerPage"], page["Resources"][0]["displayName"]) == (2, 1, "Pilots")
    user = Directory.again(directory, "/scim/v2/Users")("GET", f"/{member.id}")[1]
    assert [one["display"] for one in user["groups"]] == ["Cooks", "Pilots"]


@pytest.mark.parametrize(
    ("operations", "left"),
    [
        ([{"op": "add", "path": "members", "value": "OTHER"}], "both"),
        ([{"op": "Add", "value": {"members": "OTHER"}}], "both"),
        ([{"op": "replace", "path": "members", "value": "OTHER"}], "other"),
        ([{"op": "remove", "path": "members"}], "none"),
        ([{"op": "Remove", "path": "members", "value": "FIRST"}], "none"),
        ([{"op": "remove", "path": 'members[value eq "FIRST_ID"]'}], "none"),
        ([{"op": "remove", "path": "members"}, {"op": "add", "path": f"{GROUP}:members", "value": "OTHER"}], "other"),
    ],
)
def test_members_are_patched_in_each_way_that_directories_write(
    directory: Directory, owner: User, member: User, operations: list[dict[str, Any]], left: str
) -> None:
    _, made = directory("POST", "", {"displayName": "Pilots", "members": people(member)})
    words = {"OTHER": people(owner), "FIRST": people(member)}
    told = []
    for one in operations:
        value, path = one.get("value"), one.get("path")
        if isinstance(value, dict):
            value = {"members": words[value["members"]]}
        elif value:
            value = words[value]
        path = path.replace("FIRST_ID", str(member.id)) if path else None
        told.append({name: each for name, each in {**one, "value": value, "path": path}.items() if each is not None})
    status, changed = directory("PATCH", f"/{made['id']}", patch(*told))
    wanted = {"both": {owner, member}, "other": {owner}, "none": set[User]()}[left]
    assert (status, ids(changed)) == (200, {str(one.id) for one in wanted})


def test_a_group_is_renamed_replaced_and_removed(directory: Directory, member: User) -> None:
    _, made = directory("POST", "", {"displayName": "Pilots", "members": people(member)})
    at = f"/{made['id']}"
    _, renamed = directory("PATCH", at, patch({"op": "replace", "value": {"id": made["id"], "displayName": "Crew"}}))
    assert (renamed["displayName"], ids(renamed)) == ("Crew", {str(member.id)})
    _, replaced = directory("PUT", at, {"displayName": "Crew"})
    assert replaced["members"] == []
    assert directory("DELETE", at) == (204, None)
    assert directory("GET", at)[0] == 404


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        (patch({"op": "remove"}), 400, "noTarget"),
        (patch({"op": "replace", "path": "colour", "value": "red"}), 400, "invalidPath"),
        (patch({"op": "remove", "path": "displayName"}), 400, "mutability"),
        (patch({"op": "move", "path": "members"}), 400, "invalidSyntax"),
        (patch({"op": "add", "path": "members", "value": ["x"]}), 400, "invalidValue"),
        (patch({"op": "add", "path": "members", "value": [{"value": str(uuid4())}]}), 400, "invalidValue"),
        (patch({"op": "replace", "path": "displayName", "value": "cooks"}), 409, "uniqueness"),
        ({"Operations": {}}, 400, "invalidSyntax"),
        (None, 400, "invalidSyntax"),
    ],
)
def test_what_cannot_be_is_refused_in_scims_words_and_changes_nothing(
    directory: Directory, member: User, body: Any, status: int, kind: str
) -> None:
    directory("POST", "", {"displayName": "Cooks"})
    _, made = directory("POST", "", {"displayName": "Pilots", "members": people(member)})
    answered, refused = directory("PATCH", f"/{made['id']}", body)
    assert (answered, refused["scimType"]) == (status, kind)
    assert refused["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
    assert directory("GET", f"/{made['id']}")[1] == made


def test_another_teams_group_and_people_are_as_unknown_as_any(
    directory: Directory, other_team: NewTeam, stranger: User, owner: User
) -> None:
    theirs = Directory(other_team.team, Scope.MANAGE, start="/scim/v2/Groups")
    _, made = theirs("POST", "", {"displayName": "Pilots", "members": people(stranger)})
    for method, body in (("GET", None), ("PUT", {"displayName": "X"}), ("PATCH", patch()), ("DELETE", None)):
        assert directory(method, f"/{made['id']}", body) == directory(method, f"/{uuid4()}", body)
    assert directory("POST", "", {"displayName": "Pilots"})[0] == 201
    foreign = directory("POST", "", {"displayName": "Y", "members": people(stranger)})
    assert (foreign[0], foreign[1]["scimType"]) == (400, "invalidValue")
    assert theirs("GET", f"/{made['id']}") == (200, made)


def test_a_mapped_group_gives_its_role_and_takes_it_again(
    directory: Directory, provider: TeamIdentityProvider, member: User, owner: User, team: Team
) -> None:
    _, made = directory("POST", "", {"displayName": "Admins", "members": people(member, owner)})
    assert Membership.objects.get(user=member).role == Role.ADMIN
    assert Membership.objects.get(user=owner).role == Role.OWNER
    directory("POST", "", {"displayName": "Choir", "members": people(member)})
    assert Membership.objects.get(user=member).role == Role.ADMIN
    apply_groups(provider=provider, user=member, groups=["Finance"])
    assert Membership.objects.get(user=member).role == Role.ADMIN, "the sign-in knows the directory's groups, too"
    directory("PATCH", f"/{made['id']}", patch({"op": "remove", "path": "members"}))
    assert Membership.objects.get(user=member).role == Role.VIEWER
    with team_context(team.id):
        changes = AuditEvent.objects.filter(action="membership.changed").order_by("at")
        assert [one.after["role"] for one in changes if one.after] == ["admin", "viewer"]


def test_without_a_role_for_everybody_else_a_group_opens_and_closes_the_team(
    directory: Directory, provider: TeamIdentityProvider, member: User, owner: User
) -> None:
    TeamIdentityProvider.objects.update(default_role="")
    _, made = directory("POST", "", {"displayName": "Finance", "members": people(member, owner)})
    directory("DELETE", f"/{made['id']}")
    assert list(Membership.objects.values_list("user__email", flat=True)) == [owner.email]


def test_who_was_made_inactive_is_not_let_in_by_a_group(
    directory: Directory, provider: TeamIdentityProvider, member: User
) -> None:
    users = Directory.again(directory, "/scim/v2/Users")
    users("PATCH", f"/{member.id}", patch({"op": "replace", "path": "active", "value": False}))
    directory("POST", "", {"displayName": "Admins", "members": people(member)})
    assert not Membership.objects.filter(user=member).exists()


def test_a_directory_never_removes_the_last_owner_even_one_without_a_password(
    directory: Directory, owner: User, member: User
) -> None:
    owner.set_unusable_password()
    owner.save()
    users = Directory.again(directory, "/scim/v2/Users")
    for method, body in (("DELETE", None), ("PUT", {"userName": owner.email, "active": False})):
        status, refused = users(method, f"/{owner.id}", body)
        assert (status, refused["scimType"]) == (409, "mutability")
    assert Membership.objects.get(user=owner).role == Role.OWNER


def test_where_the_provider_is_the_only_way_in_the_last_owner_with_a_password_stays(
    team: Team, owner: User, member: User, provider: TeamIdentityProvider
) -> None:
    IdentityDomain.objects.create(team=team, domain="harbour.test", confirmed_at=timezone.now(), is_enforced=True)
    member.set_unusable_password()
    member.save()
    mine, theirs = (Membership.objects.get(team=team, user=one) for one in (owner, member))
    with team_context(team.id):
        with pytest.raises(MemberRefused, match="last owner with a password"):
            transfer_ownership(team_id=team.id, owner_id=mine.id, heir_id=theirs.id)
        change_role(team_id=team.id, member_id=theirs.id, role=Role.OWNER, giver=Role.OWNER)
        with pytest.raises(MemberRefused, match="last owner with a password"):
            leave_team(team_id=team.id, member_id=mine.id, now=timezone.now())
        with pytest.raises(MemberRefused, match="last owner with a password"):
            change_role(team_id=team.id, member_id=mine.id, role=Role.ADMIN, giver=Role.OWNER)
    assert Client().post("/sign-in/", {"login": owner.email, "password": PASSWORD}).status_code == 302


def test_discovery_says_what_is_here(directory: Directory) -> None:
    root = Directory.again(directory, "/scim/v2")
    kinds = root("GET", "/ResourceTypes")[1]
    assert [(one["id"], one["endpoint"]) for one in kinds["Resources"]] == [("User", "/Users"), ("Group", "/Groups")]
    schemas = root("GET", "/Schemas")[1]
    assert [one["id"] for one in schemas["Resources"]] == [GROUP.replace("Group", "User"), GROUP]
    assert root("GET", f"/Schemas/{GROUP}")[1]["attributes"][0]["name"] == "displayName"
    assert root("GET", "/ResourceTypes/Robot")[0] == 404
    assert root("GET", "/ServiceProviderConfig")[1]["patch"] == {"supported": True}
