"""No change is silent: each address that takes an unsafe method has a door that tells the audit log of it."""

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory

from accounts.access import team_page
from accounts.acting import AuditScope
from accounts.api.base import ChangesTold
from accounts.authentication import CanManage
from accounts.models import AuditEvent, Membership, Team, User
from accounts.permissions import Permission
from accounts.tenancy import team_context
from tests.architecture.test_views import ALL, SIGNING_IN

UNSAFE = ("post", "put", "patch", "delete")
# Addresses outside a team that change something, and why they have no door of a team.
OUTSIDE = {
    "sign-in/": "signing in",
    "sign-out/": "signing out",
    "preferences/time-zone/": "what a user chose for themselves",
    "preferences/formats/": "what a user chose for themselves",
    "preferences/single-keys/": "what a user chose for themselves",
    "teams/new/": "the service tells it, in the log of the new team",
    "invitation/<str:token>/": "the service tells it, in the log of the team",
    "review/unsubscribe/<str:token>/": "the receiver's own choice of mail",
    "acknowledge/<str:token>/": "kept with the incident, by whom the notice went to",
}
API = [(text, entry.callback.cls) for text, entry in ALL if hasattr(entry.callback, "cls")]
# Of two with one address the first answers.
PAGES = {text: entry.callback for text, entry in reversed(ALL) if not hasattr(entry.callback, "cls")}
CHANGING = [(text, cls) for text, cls in API if any(callable(getattr(cls, name, None)) for name in UNSAFE)]


@pytest.mark.parametrize(("text", "view"), CHANGING, ids=[text for text, _ in CHANGING])
def test_each_operation_of_the_api_that_changes_something_has_the_door(text: str, view: type) -> None:
    # What comes in as reports is records, not settings; its ledger counts it.
    assert issubclass(view, ChangesTold) or view.__module__ == "ingestion.api.executions", text


def test_there_are_operations_that_change_something() -> None:
    assert len(CHANGING) > 30


@pytest.mark.parametrize("text", list(PAGES))
def test_each_page_is_behind_the_door_or_listed(text: str) -> None:
    callback = PAGES[text]
    is_way_in = getattr(callback, "way_in", None) or getattr(callback, "api_scope", None)
    is_read_only = getattr(callback, "is_internal", False) or text in {"", "healthz", "readyz", "api/schema/"}
    is_read_only |= text.startswith("services/collector/")
    # What signs in, and what people do with their own account, is told to the log of the installation.
    is_own_account = text.lstrip("^").startswith((*SIGNING_IN, "scim/v2/"))
    assert text.startswith("t/<slug:team>/") or is_way_in or is_read_only or is_own_account or text in OUTSIDE


@pytest.mark.django_db
def test_the_door_of_pages_tells_a_change_that_told_nothing(team: Team, owner: User) -> None:
    @team_page(Permission.VIEW_FIGURES)
    def silent(request: HttpRequest) -> HttpResponse:
        return HttpResponse(status=int(request.GET["status"]))

    def answer(request: HttpRequest) -> HttpResponse:
        request.user = owner
        request.resolver_match = type("Match", (), {"url_name": "silent", "kwargs": {"team": team.slug, "one": 7}})()  # type: ignore[assignment]
        return silent(request, team=team.slug)  # type: ignore[return-value]

    ask = AuditScope(answer)
    factory = RequestFactory()
    for request in (factory.post("/?status=422"), factory.get("/?status=200"), factory.post("/?status=302")):
        ask(request)
    with team_context(team.id):
        (event,) = AuditEvent.objects.all()
    assert (event.action, event.target_id, event.note) == ("request.silent", "7", "POST")
    assert event.actor_name == owner.email


class _Silent(ChangesTold):
    permission_classes = [CanManage]

    def post(self, request: Request) -> Response:
        return Response(status=int(request.query_params["status"]))


@pytest.mark.django_db
def test_the_door_of_the_api_tells_a_change_that_told_nothing(team: Team) -> None:
    from tests.factories import ApiKeyFactory

    key = ApiKeyFactory(team=team)
    ask = AuditScope(_Silent.as_view())
    for status in (204, 422):
        bearer = {"HTTP_AUTHORIZATION": f"Bearer {key.text}"}  # type: ignore[attr-defined]
        ask(APIRequestFactory().post(f"/api/v1/silent/?status={status}", **bearer))
    with team_context(team.id):
        (event,) = AuditEvent.objects.all()
    assert (event.action, event.via) == ("request.request", "api")
    assert event.actor_name == f"{key.name} ({key.prefix})"


@pytest.mark.django_db
def test_a_change_by_a_key_is_told_once_with_before_and_after(client: Client, team: Team, member: User) -> None:
    from tests.factories import ApiKeyFactory

    key = ApiKeyFactory(team=team)
    one = Membership.objects.get(team=team, user=member)
    answer = client.patch(
        f"/api/v1/members/{one.id}/",
        '{"role": "viewer"}',
        content_type="application/json",
        headers={"Authorization": f"Bearer {key.text}"},  # type: ignore[attr-defined]
    )
    assert answer.json()["role"] == "viewer"
    with team_context(team.id):
        (event,) = AuditEvent.objects.all()
    assert (event.action, event.actor_kind, event.target_name) == ("membership.changed", "key", member.email)
    assert (event.before, event.after) == ({"role": "developer"}, {"role": "viewer"})
