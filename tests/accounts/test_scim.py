"""SCIM: a directory adds, finds, makes inactive and removes members; the last way in stays."""

import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from allauth.account.models import EmailAddress
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEvent, IdentityDomain, Membership, Scope, Team, User
from accounts.permissions import Role
from accounts.services.teams import issue_key
from accounts.tenancy import team_context
from tests.people import PASSWORD

pytestmark = pytest.mark.django_db
JSON = "application/scim+json"


class Directory:
    """A directory with a key of the team, asking below `start`; `last` is the last answer."""

    def __init__(self, team: Team | None, *scopes: str, start: str = "/scim/v2/Users", by: User | None = None) -> None:
        self.start, self.last = start, HttpResponse()
        if team is not None:
            _, text = issue_key(team=team, name="Directory", scopes=list(scopes), user=by)
            self.client = Client(headers={"authorization": f"Bearer {text}"})

    @classmethod
    def again(cls, other: "Directory", start: str) -> "Directory":
        """The same directory, asking below another address."""
        one = cls(None, start=start)
        one.client = other.client
        return one

    def __call__(self, method: str, path: str = "", body: Any = None) -> Any:
        self.last = answer = self.client.generic(method, f"{self.start}{path}", json.dumps(body), content_type=JSON)
        return answer.status_code, answer.json() if answer.content else None


@pytest.fixture
def directory(team: Team) -> Directory:
    IdentityDomain.objects.create(team=team, domain="harbour.test", confirmed_at=timezone.now())
    return Directory(team, Scope.MANAGE)


def active(value: object) -> dict[str, Any]:
    return {"Operations": [{"op": "Replace", "path": "active", "value": value}]}


def test_a_member_is_found_by_name_and_listed_by_page(directory: Directory, owner: User, member: User) -> None:
    status, found = directory("GET", f'?filter=userName eq "{member.email.upper()}"')
    assert (status, found["totalResults"], found["Resources"][0]["id"]) == (200, 1, str(member.id))
    _, page = directory("GET", "?startIndex=2&count=1")
    assert (page["totalResults"], page["itemsPerPage"], page["Resources"][0]["userName"]) == (2, 1, owner.email)


def test_a_new_person_is_added_once_as_a_viewer(directory: Directory, team: Team) -> None:
    told = {"userName": "New@harbour.test", "externalId": "e-1", "active": True, "displayName": "New One"}
    status, made = directory("POST", "", told)
    assert (status, made["active"], made["externalId"]) == (201, True, "e-1")
    assert Membership.objects.get(user_id=made["id"]).role == Role.VIEWER
    assert directory("POST", "", told)[0] == 409
    assert directory("GET", '?filter=externalId eq "e-1"')[1]["totalResults"] == 1
    with team_context(team.id):
        assert AuditEvent.objects.get(action="membership.added").actor_kind == "key"


@pytest.mark.parametrize(
    "email", ["someone@else.test", "no address", "a\x00@harbour.test", f"{'a' * 250}@harbour.test"]
)
def test_an_address_of_a_domain_that_is_not_confirmed_is_refused(directory: Directory, owner: User, email: str) -> None:
    status, refused = directory("POST", "", {"userName": email})
    assert (status, refused["scimType"]) == (400, "invalidValue")


@pytest.mark.parametrize("value", [False, "False"])
def test_who_is_made_inactive_is_out_at_once_and_comes_back_with_the_same_role(
    directory: Directory, member: User, team: Team, value: object
) -> None:
    client = Client()
    client.post("/sign-in/", {"login": member.email, "password": PASSWORD})
    status, told = directory("PATCH", f"/{member.id}", active(value))
    assert (status, told["active"]) == (200, False)
    assert client.get("/account/").status_code == 302
    assert not Membership.objects.filter(user=member).exists()
    assert directory("PATCH", f"/{member.id}", active(True))[1]["roles"] == [{"value": "developer"}]
    assert Membership.objects.get(user=member).role == Role.DEVELOPER


def test_the_last_owner_with_a_password_stays(directory: Directory, owner: User, member: User) -> None:
    for method, body in (("PATCH", active(False)), ("DELETE", None)):
        status, refused = directory(method, f"/{owner.id}", body)
        assert (status, refused["scimType"]) == (409, "mutability")
    Membership.objects.filter(user=member).update(role=Role.OWNER)
    member.set_unusable_password()
    member.save()
    assert directory("DELETE", f"/{owner.id}")[0] == 409
    member.set_password(PASSWORD)
    member.save()
    assert directory("DELETE", f"/{owner.id}")[0] == 204
    assert directory("GET", f"/{owner.id}")[0] == 404


def test_another_teams_person_is_as_unknown_as_anybody(directory: Directory, owner: User, stranger: User) -> None:
    for method, body in (("GET", None), ("PATCH", active(False)), ("PUT", {"active": False}), ("DELETE", None)):
        foreign, unknown = (directory(method, f"/{id}", body) for id in (stranger.id, uuid4()))
        assert foreign == unknown
        assert foreign[0] == 404
    assert Membership.objects.filter(user=stranger).exists()


def test_a_key_without_the_scope_and_no_key_and_a_closed_team_open_nothing(team: Team) -> None:
    assert Directory(team, Scope.READ)("GET")[0] == 403
    directory = Directory(team, Scope.MANAGE)
    Team.objects.update(erased_from=timezone.now() + timedelta(days=7))
    status, refused = directory("GET")
    assert (status, "an owner can restore it" in refused["detail"]) == (403, True)
    assert Client().get("/scim/v2/Users").status_code == 401


@pytest.mark.parametrize("body", [None, [], {"Operations": 1}, {"Operations": [1]}, active("perhaps")])
def test_what_cannot_be_read_is_refused_in_scims_words(directory: Directory, member: User, body: Any) -> None:
    status, refused = directory("PATCH", f"/{member.id}", body)
    assert status == 400
    assert refused["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
    assert Membership.objects.filter(user=member).exists()


def test_a_filter_that_is_not_supported_says_which_are(directory: Directory, owner: User) -> None:
    status, refused = directory("GET", '?filter=userName co "a"')
    assert (status, refused["scimType"]) == (400, "invalidFilter")


def test_an_account_that_somebody_made_with_the_address_of_another_gets_no_membership(directory: Directory) -> None:
    squatter = User.objects.create_user("new@harbour.test", PASSWORD)
    status, refused = directory("POST", "", {"userName": squatter.email})
    assert (status, refused["scimType"]) == (409, "uniqueness")
    assert not Membership.objects.filter(user=squatter).exists()
    EmailAddress.objects.create(user=squatter, email=squatter.email, verified=True, primary=True)
    assert directory("POST", "", {"userName": squatter.email})[0] == 201


def test_who_came_from_elsewhere_keeps_the_sessions_for_other_teams(
    directory: Directory, team: Team, stranger: User
) -> None:
    Membership.objects.create(team=team, user=stranger, role=Role.VIEWER)
    client = Client()
    client.post("/sign-in/", {"login": stranger.email, "password": PASSWORD})
    assert directory("PATCH", f"/{stranger.id}", active(False))[0] == 200
    assert client.get("/t/mountain/workflows/").status_code == 200
    assert client.get(f"/t/{team.slug}/workflows/").status_code == 404


def test_a_key_that_an_admin_made_unmakes_no_owner(
    directory: Directory, team: Team, owner: User, member: User, stranger: User
) -> None:
    Membership.objects.filter(user=member).update(role=Role.ADMIN)
    Membership.objects.create(team=team, user=stranger, role=Role.OWNER)
    admins, owners = (Directory(team, Scope.MANAGE, by=user) for user in (member, owner))
    for method, body in (("PATCH", active(False)), ("PUT", {"active": False}), ("DELETE", None)):
        assert admins(method, f"/{stranger.id}", body)[0] == 403
    wanted = {"name": "Another", "scopes": [Scope.MANAGE]}
    made = admins.client.post("/api/v1/keys/", wanted, content_type="application/json").json()["text"]
    admins.client = Client(headers={"authorization": f"Bearer {made}"})
    assert admins("DELETE", f"/{stranger.id}")[0] == 403
    assert owners("DELETE", f"/{stranger.id}")[0] == 204


def test_a_closed_team_answers_in_scims_words(directory: Directory, team: Team) -> None:
    Team.objects.filter(id=team.id).update(erased_from=timezone.now())
    status, refused = directory("GET")
    assert (status, refused["status"]) == (403, "403")
