"""API keys: what they may do, how they are replaced, whom they stand for."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import ApiKey, AuditEvent, KeyDay, Membership, Team, User
from accounts.permissions import Role
from accounts.tenancy import team_context
from tests.factories import ApiKeyFactory

pytestmark = pytest.mark.django_db
# As docs/teams/api-keys.md gives it to secret scanners.
SCANNED = re.compile(r"\bsr_[0-9A-Za-z]{8}_[0-9A-Za-z]{38}\b")


def shown(page: str) -> str:
    """The one key that a page shows."""
    (text,) = set(SCANNED.findall(page))
    return text


def bearer(text: str) -> dict[str, str]:
    """The header with a key."""
    return {"Authorization": f"Bearer {text}"}


def test_a_key_is_made_shown_once_and_told_without_its_secret(owner_client: Client, team: Team, owner: User) -> None:
    address = f"/t/{team.slug}/settings/keys/"
    page = owner_client.post(address, {"name": "Reader", "scope": ["read"], "days": "30"}).content.decode()
    text = shown(page)
    assert not SCANNED.search(owner_client.get(address).content.decode())
    assert owner_client.get("/api/v1/workflows/", headers=bearer(text)).status_code == 200
    key = ApiKey.objects.get(name="Reader")
    assert key.created_by == owner
    assert key.expires_at is not None
    with team_context(team.id):
        event = AuditEvent.objects.get(action="api_key.added")
    assert event.after is not None
    assert (event.after["scopes"], event.after["secret_hash"]) == (["read"], "(set)")


def test_the_documentation_has_the_expression_for_secret_scanners() -> None:
    assert f"\n{SCANNED.pattern}\n" in (Path(__file__).parents[3] / "docs" / "teams" / "api-keys.md").read_text()


def test_nobody_makes_a_key_that_may_do_more_than_they(member_client: Client, team: Team) -> None:
    answer = member_client.post(f"/t/{team.slug}/settings/keys/", {"name": "Up", "scope": ["read", "manage"]})
    assert answer.status_code == 422
    assert "manage" in answer.content.decode()
    assert not ApiKey.objects.filter(name="Up").exists()
    strong = ApiKeyFactory(team=team)
    assert member_client.post(f"/t/{team.slug}/settings/keys/{strong.id}/rotate/", {"hours": "1"}).status_code == 404


def test_a_key_is_replaced_with_an_overlap(owner_client: Client, team: Team, api_key: str) -> None:
    old = ApiKey.objects.get(team=team)
    page = owner_client.post(f"/t/{team.slug}/settings/keys/{old.id}/rotate/", {"hours": "24"}).content.decode()
    fresh = shown(page)
    for text in (api_key, fresh):
        assert owner_client.get("/api/v1/workflows/", headers=bearer(text)).status_code == 200
    ApiKey.objects.filter(id=old.id).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert owner_client.get("/api/v1/workflows/", headers=bearer(api_key)).status_code == 401
    assert owner_client.get("/api/v1/workflows/", headers=bearer(fresh)).status_code == 200


def test_a_key_that_was_replaced_is_not_replaced_once_more(owner_client: Client, team: Team, api_key: str) -> None:
    # A second click made a key that ended with the overlap of the first, and the page asked to replace the old one.
    old, page = ApiKey.objects.get(team=team), f"/t/{team.slug}/settings/keys/"
    owner_client.post(f"{page}{old.id}/rotate/", {"hours": "24"})
    again = owner_client.post(f"{page}{old.id}/rotate/", {"hours": "24"})
    assert again.status_code == 422
    assert "was replaced already" in again.content.decode()
    shown_page = owner_client.get(page).content.decode()
    assert "Replace it in time" not in shown_page
    assert shown_page.count("Replaced</span>") == 1
    assert [one.expires_at for one in ApiKey.objects.filter(team=team).exclude(id=old.id)] == [None]


def test_a_key_that_is_refused_keeps_what_was_chosen(owner_client: Client, team: Team) -> None:
    told = {"name": "\N{ZERO WIDTH SPACE}", "scope": ["read"], "kind": ["otlp"], "days": "90", "personal": "1"}
    plain = " ".join(owner_client.get(f"/t/{team.slug}/settings/keys/").content.decode().split())
    answer = owner_client.post(f"/t/{team.slug}/settings/keys/", told)
    assert answer.status_code == 422
    page = " ".join(answer.content.decode().split())
    for kept in ('value="read" checked', 'value="otlp" checked', 'value="90" selected', 'value="1" checked'):
        assert kept in page
    assert page.count(" checked>") == plain.count(" checked>") + 3


def test_a_revoked_key_says_since_when_it_is(owner_client: Client, team: Team, api_key: str) -> None:
    key, day = ApiKey.objects.get(team=team), timezone.now() + timedelta(days=300)
    ApiKey.objects.filter(id=key.id).update(expires_at=day, source_kinds=["otlp"])
    owner_client.post(f"/t/{team.slug}/settings/keys/{key.id}/revoke/")
    for page in ("", f"{key.id}/"):
        shown_page = owner_client.get(f"/t/{team.slug}/settings/keys/{page}").content.decode()
        assert f"since {timezone.now():%-d %b %Y}" in shown_page
        assert "eports only by OpenTelemetry" in shown_page


def test_a_key_is_revoked_after_a_question(owner_client: Client, team: Team, api_key: str) -> None:
    page = owner_client.get(f"/t/{team.slug}/settings/keys/").content.decode()
    assert "Whoever uses it is refused from now on, for good." in page


def test_a_personal_key_may_what_the_role_may_and_ends_with_the_membership(
    client: Client, team: Team, member: User
) -> None:
    key = ApiKeyFactory(team=team, scopes=["read", "classify", "manage"])
    ApiKey.objects.filter(id=key.id).update(member=member)
    text = key.text  # type: ignore[attr-defined]
    assert client.get("/api/v1/workflows/", headers=bearer(text)).status_code == 200
    assert client.get("/api/v1/members/", headers=bearer(text)).status_code == 403
    Membership.objects.filter(team=team, user=member).update(role=Role.FINANCE)
    assert client.get("/api/v1/workflows/", headers=bearer(text)).status_code == 403
    Membership.objects.filter(team=team, user=member).delete()
    refused = client.get("/api/v1/workflows/", headers=bearer(text))
    assert refused.status_code == 401
    assert "no longer a member" in refused.json()["detail"]


def test_a_key_reports_only_by_the_protocols_that_it_may(client: Client, team: Team) -> None:
    key = ApiKeyFactory(team=team)
    ApiKey.objects.filter(id=key.id).update(source_kinds=["otlp"])
    answer = client.post(
        "/api/v1/executions",
        "{}",
        content_type="application/json",
        headers=bearer(key.text),  # type: ignore[attr-defined]
    )
    assert answer.status_code == 403
    assert "may not report by 'rest'" in answer.json()["detail"]


def test_the_api_makes_replaces_and_revokes_keys(client: Client, team: Team) -> None:
    headers = bearer(ApiKeyFactory(team=team).text)  # type: ignore[attr-defined]
    made = client.post(
        "/api/v1/keys/", '{"name": "CI", "scopes": ["release"]}', content_type="application/json", headers=headers
    ).json()
    assert SCANNED.fullmatch(made["text"])
    again = client.post(f"/api/v1/keys/{made['id']}/rotate/", "{}", content_type="application/json", headers=headers)
    assert again.status_code == 201
    assert client.delete(f"/api/v1/keys/{made['id']}/", headers=headers).status_code == 204
    states = {one["id"]: one["state"] for one in client.get("/api/v1/keys/", headers=headers).json()["results"]}
    assert states[made["id"]] == "revoked"
    invited = client.post(
        "/api/v1/invitations/",
        '{"email": "new@harbour.test", "role": "viewer"}',
        content_type="application/json",
        headers=headers,
    )
    assert "/invitation/" in invited.json()["link"]
    one = client.get("/api/v1/invitations/", headers=headers).json()["results"][0]
    assert "link" not in one
    assert client.delete(f"/api/v1/invitations/{one['id']}/", headers=headers).status_code == 204


def test_a_personal_key_ends_when_its_member_leaves_or_is_switched_off(
    client: Client, member_client: Client, team: Team, member: User
) -> None:
    page = f"/t/{team.slug}/settings/keys/"
    text = shown(
        member_client.post(page, {"name": "Mine", "scope": ["read"], "personal": "1"}).content.decode(),
    )
    assert client.get("/api/v1/workflows/", headers=bearer(text)).status_code == 200
    User.objects.filter(id=member.id).update(is_active=False)
    assert client.get("/api/v1/workflows/", headers=bearer(text)).status_code == 401
    User.objects.filter(id=member.id).update(is_active=True)
    member_client.force_login(User.objects.get(id=member.id))
    assert member_client.post(f"/t/{team.slug}/settings/team/leave/").status_code == 302
    assert client.get("/api/v1/workflows/", headers=bearer(text)).status_code == 401


def test_a_key_has_limits_that_are_set_shown_and_kept_when_it_is_replaced(owner_client: Client, team: Team) -> None:
    page = f"/t/{team.slug}/settings/keys/"
    owner_client.post(page, {"name": "Slow", "scope": ["read"], "requests_per_second": "5", "burst": "9"})
    key = ApiKey.objects.get(name="Slow")
    assert (key.requests_per_second, key.burst) == (5, 9)
    assert "5 requests a second" in owner_client.get(page).content.decode()
    one = f"{page}{key.id}/"
    assert 'value="9"' in owner_client.get(one).content.decode()
    assert owner_client.post(one, {"requests_per_second": "7", "burst": ""}).status_code == 302
    owner_client.post(f"{one}rotate/", {"hours": "1"})
    rates = set(ApiKey.objects.filter(name="Slow").values_list("requests_per_second", "burst"))
    assert rates == {(7, None)}
    for wrong in ({"requests_per_second": "x"}, {"burst": "3"}, {"requests_per_second": "99999999"}):
        assert owner_client.post(one, wrong).status_code == 422
    with team_context(team.id):
        event = AuditEvent.objects.get(action="api_key.changed", after__requests_per_second=7)
    assert event.before == {"requests_per_second": 5, "burst": 9}


def test_the_api_sets_limits_of_a_key(client: Client, team: Team) -> None:
    key = ApiKeyFactory(team=team)
    headers, address = bearer(key.text), f"/api/v1/keys/{key.id}/"  # type: ignore[attr-defined]
    told = client.put(address, '{"requests_per_second": 3}', content_type="application/json", headers=headers)
    assert (told.json()["requests_per_second"], told.json()["burst"]) == (3, None)
    wrong = client.put(address, '{"burst": 3}', content_type="application/json", headers=headers)
    assert wrong.json()["errors"] == [{"field": "burst", "reason": "needs requests a second"}]
    elsewhere = f"/api/v1/keys/{team.id}/"
    assert client.put(elsewhere, "{}", content_type="application/json", headers=headers).status_code == 404


def test_a_key_that_ends_soon_is_warned_of(client: Client, owner_client: Client, team: Team) -> None:
    soon, later = ApiKeyFactory(team=team, name="Soon"), ApiKeyFactory(team=team, name="Later")
    ApiKey.objects.filter(id=soon.id).update(expires_at=timezone.now() + timedelta(days=3, hours=1))
    ApiKey.objects.filter(id=later.id).update(expires_at=timezone.now() + timedelta(days=30))
    page = " ".join(owner_client.get(f"/t/{team.slug}/settings/keys/").content.decode().split())
    assert "ends in 3 days. Replace it in time" in page
    assert page.count("Ends soon") == 1
    found = client.get("/api/v1/keys/", headers=bearer(soon.text)).json()["results"]  # type: ignore[attr-defined]
    assert {one["name"]: one["ends_in_days"] for one in found if one["name"] in ("Soon", "Later")} == {
        "Soon": 3,
        "Later": None,
    }


def test_what_a_key_asked_is_shown_by_day_and_as_csv(owner_client: Client, team: Team) -> None:
    key = ApiKeyFactory(team=team)
    with team_context(team.id):
        KeyDay.objects.create(key_id=key.id, day=timezone.now().date(), read_count=1234, refused_count=7)
    page = f"/t/{team.slug}/settings/keys/{key.id}/"
    assert "1,234" in owner_client.get(page).content.decode()
    rows = b"".join(owner_client.get(f"{page}?format=csv").streaming_content).decode()  # type: ignore[attr-defined]
    assert rows.splitlines()[1].endswith(",1234,7")


def test_the_list_asks_as_little_for_twenty_keys_as_for_one(owner_client: Client, team: Team) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as found:
            assert owner_client.get(f"/t/{team.slug}/settings/keys/").status_code == 200
        return len(found)

    asked()
    one = asked()
    for _ in range(19):
        ApiKeyFactory(team=team)
    ApiKey.objects.filter(team=team).update(expires_at=timezone.now() + timedelta(days=3))
    assert asked() == one
