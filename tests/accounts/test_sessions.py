"""Sessions are in the database: ended there, they are ended everywhere at once."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from accounts.models import Team, User
from accounts.sessions import SessionStore

pytestmark = pytest.mark.django_db


def is_signed_in(client: Client, team: Team) -> bool:
    """Whether a page of the team opens instead of the sign-in page."""
    return client.get(f"/t/{team.slug}/workflows/").status_code == 200


def test_a_session_ends_when_its_row_is_deleted(owner_client: Client, team: Team) -> None:
    assert is_signed_in(owner_client, team)
    Session.objects.all().delete()
    assert not is_signed_in(owner_client, team)


def test_a_session_that_has_expired_opens_nothing(owner_client: Client, team: Team) -> None:
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    assert not is_signed_in(owner_client, team)


def test_a_user_who_may_not_sign_in_any_more_is_signed_out(owner_client: Client, team: Team, owner: User) -> None:
    User.objects.filter(id=owner.id).update(is_active=False)
    assert not is_signed_in(owner_client, team)


def test_a_deleted_user_is_signed_out(member_client: Client, team: Team, member: User) -> None:
    member.delete()
    assert not is_signed_in(member_client, team)


def test_what_a_session_keeps_comes_back(db: None) -> None:
    store = SessionStore()
    store["zone"] = "Europe/Berlin"
    store.save()
    assert SessionStore(store.session_key)["zone"] == "Europe/Berlin"


@pytest.mark.parametrize("key", [None, "", "x" * 8, "unknown" * 6])
def test_an_unknown_key_gives_an_empty_session_with_another_key(db: None, key: str | None) -> None:
    store = SessionStore(key)
    assert store.get("zone") is None
    store["zone"] = "UTC"
    store.save()
    assert store.session_key not in (None, "", key)
