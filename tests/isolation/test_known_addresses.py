"""Whether an address has an account is not told: the same answer, and about the same work, for known and unknown ones.

Work is counted, not timed: hashes of passwords, letters, and statements. A clock says more about the machine.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from unittest import mock

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core import mail
from django.db import connection, transaction
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.mail import MailServer
from accounts.models import IdentityDomain, ProviderKind, Team, TeamIdentityProvider, User
from accounts.services.teams import NewTeam
from tests.factories import NOW
from tests.isolation.filling import at
from tests.people import PASSWORD

pytestmark = pytest.mark.django_db
# Pages tell how long ago something was.
MOMENT = timezone.now()
UNKNOWN = "unknown@nowhere.test"
# An address is looked up in two tables where the first does not know it: one statement more or less.
ABOUT = 2
# allauth keeps addresses in a table of its own, and adds one that is not there when it first makes a link for it: six
# statements more, once. They say of an address that it has an account that no link was made for yet, to whoever sees a
# few milliseconds beside those of a letter, and can ask only once. Somebody who signed up has the row from the start.
FIRST_LINK = 8
# Tokens of forms, and of an invitation that was just made its link and its id.
_FRESH = re.compile(r"\b[A-Za-z0-9]{64}\b|(?<=/invitation/)[\w-]{32}|(?<=/invitations/)[0-9a-f-]{36}")


@dataclass(frozen=True, slots=True)
class Seen:
    """What whoever asked gets to see, and what it took."""

    status: int
    body: str
    location: str
    hashes: int
    letters: int
    statements: int


def seen(address: str, ask: Callable[[], HttpResponse]) -> Seen:
    """The answer about an address, without the address and without tokens."""
    mail.outbox.clear()
    encode, hashed = MD5PasswordHasher.encode, []

    def count(self: Any, *told: Any, **more: Any) -> str:
        hashed.append(1)
        return encode(self, *told, **more)

    hashing = mock.patch.object(MD5PasswordHasher, "encode", count)
    with at(MOMENT), hashing, CaptureQueriesContext(connection) as queries:
        answer = ask()
    body = _FRESH.sub("", answer.content.decode()).replace(address, "§")
    location = answer.headers.get("Location", "").replace(address, "§")
    return Seen(answer.status_code, body, location, len(hashed), len(mail.outbox), len(queries))


def assert_alike(one: Seen, other: Seen, *, about: int = ABOUT) -> None:
    """The same to see, and about the same work."""
    assert (one.status, one.location) == (other.status, other.location)
    assert one.body == other.body
    assert (one.hashes, one.letters) == (other.hashes, other.letters)
    assert abs(one.statements - other.statements) <= about


@pytest.fixture
def known(owner: User, stranger: User) -> dict[str, User]:
    """People whom somebody without an account may ask about."""
    without = User.objects.create_user("directory@harbour.test", None)
    away = User.objects.create_user("away@harbour.test", PASSWORD)
    User.objects.filter(id=away.id).update(is_active=False)
    return {"an owner": owner, "of another team": stranger, "without a password": without, "not active": away}


KINDS = ("an owner", "of another team", "without a password", "not active")


@pytest.mark.parametrize("kind", KINDS)
def test_a_wrong_password_says_the_same_for_an_address_without_an_account(known: dict[str, User], kind: str) -> None:
    def sign_in(email: str) -> Seen:
        return seen(email, lambda: Client().post("/sign-in/", {"login": email, "password": "not the right one"}))

    found, other = sign_in(known[kind].email), sign_in(UNKNOWN)
    assert found.hashes == 1
    assert_alike(found, other)


def test_a_wrong_password_says_the_same_where_a_provider_is_the_only_way_in(team: Team, owner: User) -> None:
    TeamIdentityProvider.objects.create(team=team, kind=ProviderKind.SAML, name="Company", issuer="i", sso_url="s")
    IdentityDomain.objects.create(team=team, domain="harbour.test", confirmed_at=NOW, is_enforced=True)
    wrong = {"password": "not the right one"}
    one, other = (
        seen(email, lambda email=email: Client().post("/sign-in/", {"login": email, **wrong}))
        for email in (owner.email, "nobody@harbour.test")
    )
    assert_alike(one, other)


@pytest.mark.parametrize("kind", KINDS)
def test_asking_for_a_new_password_says_the_same_and_sends_a_letter(
    known: dict[str, User], kind: str, settings: Any
) -> None:
    settings.MAIL_SERVER = MailServer("127.0.0.1")

    def forget(email: str) -> Seen:
        return seen(email, lambda: Client().post("/account/password/forgotten/", {"email": email}))

    for about in (FIRST_LINK, ABOUT):
        found, other = forget(known[kind].email), forget(UNKNOWN)
        assert found.letters == 1
        assert_alike(found, other, about=about)


def test_without_a_mail_server_asking_for_a_new_password_looks_nobody_up(owner: User) -> None:
    one, other = (
        seen(email, lambda email=email: Client().post("/account/password/forgotten/", {"email": email}))
        for email in (owner.email, UNKNOWN)
    )
    assert one == other


def test_signing_up_with_a_known_address_looks_like_a_new_one(owner: User, settings: Any) -> None:
    settings.SIGN_UP, settings.ACCOUNT_EMAIL_VERIFICATION = "open", "mandatory"
    settings.MAIL_SERVER = MailServer("127.0.0.1")

    def sign_up(email: str) -> Seen:
        form = {"email": email, "password1": "a long enough phrase"}
        return seen(email, lambda: Client().post("/sign-up/", form))

    found, other = sign_up(owner.email), sign_up(UNKNOWN)
    assert found.letters == 1
    assert (found.status, found.location, found.body, found.letters) == (
        other.status,
        other.location,
        other.body,
        other.letters,
    )
    assert found.hashes == other.hashes


def test_inviting_a_known_address_looks_like_inviting_a_new_one(
    owner_client: Client, team: Team, stranger: User, settings: Any
) -> None:
    settings.MAIL_SERVER = MailServer("127.0.0.1")
    path = f"/t/{team.slug}/settings/invitations/"

    def invite(email: str) -> Seen:
        # Taken back: the page lists who was invited before.
        with transaction.atomic():
            found = seen(email, lambda: owner_client.post(path, {"email": email, "role": "viewer"}))
            transaction.set_rollback(True)
        return found

    assert_alike(invite(stranger.email), invite(UNKNOWN))


def test_inviting_by_the_api_tells_nothing_of_who_has_an_account(other_team: NewTeam, stranger: User) -> None:
    from accounts.models import ApiKey, Scope

    ApiKey.objects.filter(team=other_team.team).update(scopes=list(Scope.values))
    headers = {"authorization": f"Bearer {other_team.api_key}"}
    known = User.objects.create_user("known@elsewhere.test", PASSWORD)

    def invite(email: str) -> dict[str, Any]:
        told = Client().post(
            "/api/v1/invitations/", {"email": email, "role": "viewer"}, content_type="application/json", headers=headers
        )
        assert told.status_code == 201, told.content
        return {name: value for name, value in told.json().items() if name not in ("id", "email", "link")}

    one, other = invite(known.email), invite(UNKNOWN)
    assert one.keys() == other.keys()
    assert one["role"] == other["role"]


def test_a_link_to_a_new_password_that_is_none_tells_nothing_of_whose_it_would_be(owner: User) -> None:
    from allauth.account.utils import user_pk_to_url_str

    from tests.factories import UserFactory

    gone = UserFactory()
    told = [user_pk_to_url_str(one) for one in (owner, gone)]
    gone.delete()
    one, other = (seen(key, lambda key=key: Client().get(f"/account/password/new/{key}-x-key/")) for key in told)
    assert_alike(one, other)
