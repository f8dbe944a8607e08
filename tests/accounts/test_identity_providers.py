"""Signing in by the team's OpenID Connect provider: whom it lets in, as what, and whom it may not speak for."""

from collections.abc import Iterator
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEvent, IdentityDomain, InstallationEvent, Membership, Team, TeamIdentityProvider, User
from accounts.permissions import Role
from accounts.tenancy import team_context
from tests.accounts.identity import CLIENT, SECRET, Provider, providing, sign_in_by
from tests.people import PASSWORD

pytestmark = pytest.mark.django_db
MEMBER = {"sub": "m-1", "email": "member@harbour.test"}
NEW = {"sub": "n-1", "email": "new@harbour.test"}


@pytest.fixture
def provider(settings: Any) -> Iterator[Provider]:
    settings.STEADYRUN_ALLOW_PRIVATE_DESTINATIONS = ("127.0.0.1",)
    with providing() as one:
        yield one


@pytest.fixture
def setup(provider: Provider, sure_client: Client, team: Team) -> TeamIdentityProvider:
    """The provider, set up by the owner on the page, for a domain that is confirmed."""
    page = f"/t/{team.slug}/settings/sign-in/"
    told = {
        "do": "provider",
        "kind": "oidc",
        "name": "Harbour ID",
        "issuer": provider.address,
        "client_id": CLIENT,
        "secret": SECRET,
        "group_roles": "platform = developer\nfinance = finance",
        "default_role": "viewer",
        "is_enabled": "on",
    }
    answer = sure_client.post(page, told)
    assert answer.status_code == 302, answer.context["reason"]
    sure_client.post(page, {"do": "add_domain", "name": "harbour.test"})
    IdentityDomain.objects.update(confirmed_at=timezone.now())
    return TeamIdentityProvider.objects.get()


def test_the_secret_is_encrypted_and_in_no_log(setup: TeamIdentityProvider, team: Team) -> None:
    assert SECRET not in setup.secret
    with team_context(team.id):
        (event,) = AuditEvent.objects.filter(action="identity_provider.added")
    assert event.after["secret"] == "(set)"


def test_a_new_person_gets_an_account_and_the_role_of_their_group(
    provider: Provider, setup: TeamIdentityProvider, team: Team
) -> None:
    provider.claims = {**NEW, "groups": ["platform", "other"]}
    client, answer = sign_in_by(provider, setup.id)
    assert answer.status_code == 302
    assert client.get(f"/t/{team.slug}/workflows/").status_code == 200
    user = User.objects.get(email=NEW["email"])
    assert Membership.objects.get(user=user).role == Role.DEVELOPER
    assert not user.has_usable_password()
    assert InstallationEvent.objects.filter(action="user.signed_in", note="by Harbour ID").exists()


def test_each_sign_in_gives_the_role_anew(
    provider: Provider, setup: TeamIdentityProvider, member: User, team: Team
) -> None:
    provider.claims = {**MEMBER, "groups": ["finance"]}
    sign_in_by(provider, setup.id)
    assert Membership.objects.get(user=member).role == Role.FINANCE
    setup.default_role = ""
    setup.save()
    provider.claims = {**MEMBER, "groups": []}
    client, answer = sign_in_by(provider, setup.id)
    assert answer.status_code == 403
    assert "None of your groups has a role" in answer.content.decode()
    assert client.get(f"/t/{team.slug}/workflows/").status_code == 302


def test_an_owner_stays_one_with_a_password_whatever_the_groups(
    provider: Provider, setup: TeamIdentityProvider, owner: User
) -> None:
    EmailAddress.objects.all().delete()
    provider.claims = {"sub": "o-1", "email": owner.email, "groups": ["finance"]}
    sign_in_by(provider, setup.id)
    assert Membership.objects.get(user=owner).role == Role.OWNER
    owner.refresh_from_db()
    assert owner.check_password(PASSWORD)


def test_an_account_whose_address_nobody_proved_loses_its_password(
    provider: Provider, setup: TeamIdentityProvider, member: User
) -> None:
    provider.claims = {**MEMBER}
    sign_in_by(provider, setup.id)
    member.refresh_from_db()
    assert not member.has_usable_password()


@pytest.mark.parametrize("what", ["foreign address", "no address", "not confirmed", "staff"])
def test_a_provider_speaks_for_its_confirmed_domains_alone(
    provider: Provider, setup: TeamIdentityProvider, stranger: User, member: User, what: str
) -> None:
    provider.claims = dict(MEMBER)
    if what == "foreign address":
        provider.claims["email"] = stranger.email
    elif what == "no address":
        del provider.claims["email"]
    elif what == "not confirmed":
        IdentityDomain.objects.update(confirmed_at=None)
    else:
        User.objects.filter(id=member.id).update(is_staff=True)
    client, answer = sign_in_by(provider, setup.id)
    assert answer.status_code == 403
    assert client.get("/account/").status_code == 302


def test_a_token_that_the_provider_did_not_sign_opens_nothing(provider: Provider, setup: TeamIdentityProvider) -> None:
    provider.claims, provider.wrong_key = {**NEW}, True
    _, answer = sign_in_by(provider, setup.id)
    assert answer.status_code == 401
    assert not User.objects.filter(email=NEW["email"]).exists()


def test_an_answer_nobody_asked_for_opens_nothing(provider: Provider, setup: TeamIdentityProvider) -> None:
    provider.claims = {**NEW}
    back = provider.authorize(
        f"http://x/?response_type=code&client_id={CLIENT}&redirect_uri=/sign-in/oidc/{setup.id}/callback/&state=made-up"
    )
    assert Client().get(back).status_code == 401


def test_an_enforced_domain_refuses_passwords_but_of_break_glass_owners(
    setup: TeamIdentityProvider, owner: User, member: User, sure_client: Client, team: Team
) -> None:
    domain = IdentityDomain.objects.get()
    sure_client.post(f"/t/{team.slug}/settings/sign-in/", {"do": "enforce", "domain": domain.id})
    answer = Client().post("/sign-in/", {"login": member.email, "password": PASSWORD})
    assert answer.status_code == 403
    assert f"/sign-in/oidc/{setup.id}/" in answer.content.decode()
    assert Client().post("/sign-in/", {"login": owner.email, "password": PASSWORD}).status_code == 302


def test_the_company_page_leads_to_the_provider(setup: TeamIdentityProvider) -> None:
    assert (
        f"/sign-in/oidc/{setup.id}/" in Client().post("/sign-in/company/", {"email": "a@HARBOUR.test"}).content.decode()
    )
    assert "No company" in Client().post("/sign-in/company/", {"email": "a@b.test"}).content.decode()


def test_a_provider_inside_the_network_cannot_be_set_up(sure_client: Client, team: Team) -> None:
    told = {"do": "provider", "kind": "oidc", "name": "X", "issuer": "http://127.0.0.1:1/", "client_id": "x"}
    answer = sure_client.post(f"/t/{team.slug}/settings/sign-in/", told)
    assert answer.status_code == 422
    assert "inside this network" in answer.content.decode()


@pytest.mark.parametrize("who", ["member_client", "stranger_client"])
def test_only_owners_see_the_settings(who: str, request: pytest.FixtureRequest, team: Team) -> None:
    assert request.getfixturevalue(who).get(f"/t/{team.slug}/settings/sign-in/").status_code == 404


@pytest.mark.parametrize("algorithm", ["HS256", "none"])
def test_a_token_that_anybody_could_sign_opens_nothing(
    provider: Provider, setup: TeamIdentityProvider, algorithm: str
) -> None:
    provider.claims, provider.algorithm = {**NEW}, algorithm
    _, answer = sign_in_by(provider, setup.id)
    assert answer.status_code == 401
    assert not User.objects.filter(email=NEW["email"]).exists()


def test_a_token_without_the_name_of_its_key_is_refused_in_words(
    provider: Provider, setup: TeamIdentityProvider
) -> None:
    provider.claims, provider.kid = {**NEW}, None
    assert sign_in_by(provider, setup.id)[1].status_code == 401


@pytest.mark.parametrize("claims", [MEMBER, NEW, {"sub": "o-1", "email": "owner@harbour.test"}])
def test_an_address_that_the_provider_doubts_finds_and_makes_no_account(
    provider: Provider, setup: TeamIdentityProvider, member: User, claims: dict[str, str]
) -> None:
    provider.claims = {**claims, "email_verified": False}
    client, answer = sign_in_by(provider, setup.id)
    assert answer.status_code == 403
    assert "not verified" in answer.content.decode()
    assert client.get("/account/").status_code == 302
    assert not User.objects.filter(email=NEW["email"]).exists()


def test_a_passkey_in_an_account_that_nobody_proved_is_gone_when_its_person_comes(
    provider: Provider, setup: TeamIdentityProvider, member: User
) -> None:
    waiting = Client()
    waiting.post("/sign-in/", {"login": member.email, "password": PASSWORD})
    assert waiting.get("/account/").status_code == 200
    Authenticator.objects.create(user=member, type="webauthn", data={})
    Authenticator.objects.create(user=member, type="totp", data={"secret": "x"})
    provider.claims = {**MEMBER}
    client, answer = sign_in_by(provider, setup.id)
    assert answer.status_code == 302
    assert client.get("/account/").status_code == 200
    assert waiting.get("/account/").status_code == 302
    assert not Authenticator.objects.filter(user=member).exists()
    assert InstallationEvent.objects.filter(action="user.second_factors_forgotten").exists()


def test_a_provider_does_not_stand_for_the_second_factor_of_a_person_who_proved_the_address(
    provider: Provider, setup: TeamIdentityProvider, member: User
) -> None:
    EmailAddress.objects.create(user=member, email=member.email, verified=True, primary=True)
    Authenticator.objects.create(user=member, type="totp", data={"secret": "x"})
    provider.claims = {**MEMBER}
    client, answer = sign_in_by(provider, setup.id)
    assert answer["Location"] == "/account/second-factor/authenticate/"
    assert client.get("/account/").status_code == 302


def test_enforcing_a_domain_ends_the_sessions_that_a_password_opened(
    setup: TeamIdentityProvider, owner: User, member: User, team: Team
) -> None:
    page, clients = f"/t/{team.slug}/workflows/", []
    for user in (owner, member):
        clients.append(Client())
        clients[-1].post("/sign-in/", {"login": user.email, "password": PASSWORD})
        assert clients[-1].get(page).status_code == 200
    told = {"do": "enforce", "domain": IdentityDomain.objects.get().id}
    clients[0].post("/account/confirm/", {"password": PASSWORD})
    clients[0].post(f"/t/{team.slug}/settings/sign-in/", told)
    assert [client.get(page).status_code for client in clients] == [200, 302]


def test_a_page_of_somebody_else_starts_no_sign_in(setup: TeamIdentityProvider) -> None:
    for where in ("cross-site", "same-site"):
        answer = Client().get(f"/sign-in/oidc/{setup.id}/", headers={"sec-fetch-site": where})
        assert answer.status_code == 200
        assert "Continue only if you want to sign in there" in answer.content.decode()
    assert Client().get(f"/sign-in/oidc/{setup.id}/", headers={"sec-fetch-site": "same-origin"}).status_code == 302


def test_the_answer_to_one_provider_is_none_to_another(
    provider: Provider, setup: TeamIdentityProvider, stranger: User
) -> None:
    team = stranger.memberships.get().team
    other = TeamIdentityProvider.objects.create(
        team=team, kind="oidc", name="Mountain", issuer=provider.address, client_id=CLIENT, secret=setup.secret
    )
    IdentityDomain.objects.create(team=team, domain="mountain.test", confirmed_at=timezone.now())
    client = Client()
    provider.claims = {"sub": "s-1", "email": stranger.email}
    back = provider.authorize(client.get(f"/sign-in/oidc/{setup.id}/")["Location"])
    path = back.partition("testserver")[2].replace(str(setup.id), str(other.id))
    assert client.get(path).status_code == 401
    assert client.get("/account/").status_code == 302
