"""Mails before an API key ends, through a real mail server: to whom, when, and once."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts import tasks
from accounts.mail import MailServer
from accounts.models import ApiKey, KeyMail, Membership, Scope, Team, User
from accounts.permissions import Role
from accounts.services.key_mail import CLAIM, deliver, queue_due, send_due
from accounts.services.keys import rotate_key
from tests.factories import NOW
from tests.mailbox import Mailbox, mailbox
from tests.people import PASSWORD

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def box(settings: Any) -> Iterator[Mailbox]:
    with mailbox() as made:
        settings.MAIL_SERVER = MailServer("127.0.0.1", made.port)
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", made.port
        settings.BASE_URL = "https://steadyrun.example/"
        yield made


@pytest.fixture
def admin(team: Team) -> User:
    """An admin of the team, who makes keys."""
    user = User.objects.create_user("admin@harbour.test", PASSWORD)
    Membership.objects.create(team=team, user=user, role=Role.ADMIN)
    return user


def ending(team: Team, **told: Any) -> ApiKey:
    """A key made 90 days before its end, which is 20 days from `NOW`."""
    end = told.pop("expires_at", NOW + 20 * DAY)
    made = {"created_at": end - 90 * DAY, "expires_at": end, "scopes": [Scope.READ], "secret_hash": b"x"}
    return ApiKey.objects.create(team=team, **{"name": "Deploy", "prefix": "abcdefgh", **made, **told})


def run(at: datetime) -> None:
    queue_due(at)
    send_due(at, seconds=5)


def test_who_made_a_key_hears_twice_before_it_ends(team: Team, admin: User, box: Mailbox) -> None:
    key = ending(team, created_by=admin, last_used_at=NOW)
    for hours in range(0, 24 * 21, 6):
        run(NOW + timedelta(hours=hours))
    first, second = box.got
    assert [one["To"] for one in box.got] == ["admin@harbour.test"] * 2
    assert first["Subject"] == "Harbour: the API key Deploy ends in 14 days"
    assert second["Subject"] == "Harbour: the API key Deploy ends in 3 days"
    text = "\n".join(first.get_content().splitlines())
    assert f"It ends on {key.expires_at:%-d %B %Y, %H:%M} UTC. Programs that use it are refused from then on." in text
    assert f"https://steadyrun.example/t/harbour/settings/keys/{key.id}/" in text
    assert "Key: Deploy (abcdefgh)\nMay: Read figures and executions\n" in text
    assert first["Message-ID"] != second["Message-ID"]


def test_owners_hear_of_keys_whose_maker_left_or_may_not_replace_them(
    team: Team, owner: User, admin: User, member: User, box: Mailbox
) -> None:
    ending(team, created_by=member)
    ending(team, created_by=admin, prefix="bbbbbbbb")
    ending(team, prefix="cccccccc")
    Membership.objects.filter(user=admin).delete()
    Membership.objects.filter(user=member).update(role=Role.VIEWER)
    run(NOW + 6 * DAY)
    assert [one["To"] for one in box.got] == [owner.email] * 3


def test_a_personal_key_is_told_to_its_person_and_to_nobody_once_they_left(
    team: Team, admin: User, box: Mailbox
) -> None:
    ending(team, member=admin, created_by=None)
    run(NOW + 6 * DAY)
    assert [one["To"] for one in box.got] == [admin.email]
    assert "Stands for: admin@harbour.test" in box.got[0].get_content()
    Membership.objects.filter(user=admin).delete()
    run(NOW + 17 * DAY)
    assert len(box.got) == 1


@pytest.mark.parametrize(
    "told",
    [
        {"revoked_at": NOW},
        {"expires_at": None, "created_at": NOW},
        {"created_at": NOW + 7 * DAY},
    ],
    ids=["revoked", "without an end", "made for less than 14 days"],
)
def test_no_mail_is_sent_about_keys_that_do_not_end_so(
    team: Team, admin: User, box: Mailbox, told: dict[str, Any]
) -> None:
    ApiKey.objects.filter(id=ending(team, created_by=admin).id).update(**told)
    run(NOW + 6 * DAY)
    assert box.got == []


def test_no_mail_is_sent_for_closed_teams_nor_to_those_that_a_revoked_key_was_queued_for(
    team: Team, admin: User, box: Mailbox
) -> None:
    key = ending(team, created_by=admin)
    at = NOW + 6 * DAY
    queue_due(at)
    Team.objects.filter(id=team.id).update(suspended_at=at)
    assert send_due(at, seconds=5) == 0
    Team.objects.filter(id=team.id).update(suspended_at=None)
    ApiKey.objects.filter(id=key.id).update(revoked_at=at)
    assert send_due(at, seconds=5) == 1
    assert box.got == []
    assert KeyMail.objects.get().due_at is None


def test_a_key_that_was_replaced_ends_without_a_mail(team: Team, admin: User, box: Mailbox) -> None:
    old = ending(team, created_by=admin, expires_at=NOW + 60 * DAY)
    rotate_key(team_id=team.id, key_id=old.id, hours=15 * 24, by=admin, now=NOW)
    for days in range(16):
        run(NOW + days * DAY)
    assert box.got == []


def test_one_that_the_mail_server_does_not_take_is_tried_again(team: Team, admin: User, box: Mailbox) -> None:
    ending(team, created_by=admin)
    at = NOW + 6 * DAY
    box.answer = lambda address: f"451 {address} later"
    run(at)
    one = KeyMail.objects.get()
    assert (one.tries, one.last_error, one.sent_at) == (1, "The mail server answered 451.", None)
    assert one.due_at is not None
    box.answer = lambda address: "250 ok"
    run(at + CLAIM)
    one.refresh_from_db()
    assert (one.sent_at, one.due_at, one.last_error) == (at + CLAIM, None, "")
    assert len(box.got) == 1


def test_a_claim_whose_worker_was_killed_is_taken_on_by_another_with_the_same_id(
    team: Team, admin: User, box: Mailbox
) -> None:
    ending(team, created_by=admin)
    at = NOW + 6 * DAY
    queue_due(at)
    deliver(KeyMail.objects.get().id, at)
    KeyMail.objects.update(due_at=at, sent_at=None)
    send_due(at, seconds=5)
    assert len({one["Message-ID"] for one in box.got}) == 1


def test_without_a_mail_server_nothing_is_queued(team: Team, admin: User) -> None:
    ending(team, created_by=admin, expires_at=timezone.now() + 14 * DAY)
    tasks.send_key_mails()
    assert not KeyMail.objects.exists()


def test_the_task_queues_and_sends(team: Team, admin: User, box: Mailbox) -> None:
    ending(team, created_by=admin, expires_at=timezone.now() + 14 * DAY)
    tasks.send_key_mails()
    assert [one["To"] for one in box.got] == [admin.email]
