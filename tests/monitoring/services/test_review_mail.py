"""The weekly review by e-mail, through a real mail server: who gets it, that its figures are the page's, and faults."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from html.parser import HTMLParser

import pytest
from django.test import Client
from django.utils import timezone

from accounts.mail import MailServer
from accounts.models import Membership, Team, User
from accounts.permissions import Role
from monitoring import tasks
from monitoring.models import ReviewMail
from monitoring.services import review_mail
from monitoring.services.review_mail import CLAIM, choose, claim, queue_due, queue_now, send_due
from tests.factories import MembershipFactory
from tests.mailbox import Mailbox, mailbox
from tests.monitoring.reviewing import MONDAY, NAME, store_events, store_weeks, the_week
from tests.reading import without_help

pytestmark = pytest.mark.django_db
DUE = MONDAY + timedelta(days=7, hours=6)
NUMBER = re.compile(r"[\d$%−][\d.,$%:−+×]*\d%?|\d")


@pytest.fixture
def box(settings) -> Iterator[Mailbox]:
    with mailbox() as made:
        settings.MAIL_SERVER = MailServer("127.0.0.1", made.port)
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", made.port
        settings.BASE_URL = "https://steadyrun.example/"
        yield made


@pytest.fixture(autouse=True)
def _joined(db: None, team: Team) -> None:
    join(team)


def join(team: Team) -> None:
    Membership.objects.filter(team=team).update(created_at=MONDAY)


class Sections(HTMLParser):
    """The texts inside sections, by section; links to exports and headings that only the screen has left out."""

    def __init__(self) -> None:
        super().__init__()
        self.now, self.skipped, self.found = "", 0, {}

    def handle_starttag(self, tag, attributes) -> None:
        told = dict(attributes)
        if tag == "section":
            self.now = told.get("data-section", "")
        self.skipped += tag == "a" and "download" in told

    def handle_endtag(self, tag) -> None:
        if tag == "section":
            self.now = ""
        if tag == "a":
            self.skipped = 0

    def handle_data(self, data) -> None:
        if self.now and not self.skipped:
            self.found.setdefault(self.now, []).extend(data.split())


def figures_in(html: str) -> dict[str, list[str]]:
    parser = Sections()
    parser.feed(html)
    return {key: NUMBER.findall(" ".join(words)) for key, words in parser.found.items()}


@pytest.mark.parametrize("role", Role)
def test_every_figure_of_the_e_mail_is_the_pages(
    box: Mailbox, owner_client: Client, owner: User, team: Team, role: Role, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_weeks(team)
    store_events(team)
    Membership.objects.filter(user=owner).update(role=role, wants_review=True)
    monkeypatch.setattr(timezone, "now", lambda: DUE)
    tasks.send_reviews.run()
    (message,) = box.got
    html, text = (message.get_body([kind]).get_content() for kind in ("html", "plain"))
    page = without_help(owner_client.get(f"/t/{team.slug}/review/{NAME}/").content.decode())
    shown, sent = figures_in(page), figures_in(html)
    assert shown == sent
    assert sum(len(numbers) for numbers in sent.values()) > 10
    for numbers in shown.values():
        assert set(numbers) <= set(NUMBER.findall(text))
    assert message["subject"] == "Harbour: Weekly review, week 32, 3 to 9 Aug 2026"
    assert f"https://steadyrun.example/t/{team.slug}/review/{NAME}/" in html
    assert not re.search(r'href="/', html)
    assert ("lacks a company" in html) == (role in (Role.OWNER, Role.ADMIN, Role.DEVELOPER, Role.OPERATOR))


def test_it_is_queued_once_on_monday_for_those_who_get_it(box: Mailbox, team: Team, member: User, owner: User) -> None:
    join(team)
    assert queue_due(DUE - timedelta(minutes=1)) == 0
    assert queue_due(DUE) == 1
    assert queue_due(DUE + timedelta(hours=1)) == 0
    Membership.objects.filter(user=member).update(wants_review=True)
    assert queue_due(DUE + timedelta(hours=2)) == 1
    assert send_due(DUE, seconds=5) == 1
    assert send_due(DUE + timedelta(hours=2), seconds=5) == 1
    assert send_due(DUE + timedelta(hours=9), seconds=5) == 0
    assert box.recipients == [owner.email, member.email]
    assert queue_due(DUE + timedelta(days=7)) == 2


def test_who_joins_or_chooses_later_gets_the_next_one(box: Mailbox, team: Team, member: User, owner: User) -> None:
    membership = Membership.objects.get(user=member)
    choose(membership_id=membership.id, wants=True, now=DUE + timedelta(hours=1))
    join(team)
    MembershipFactory(team=team, role=Role.OWNER, created_at=DUE + timedelta(hours=1))
    assert queue_due(DUE + timedelta(hours=2)) == 1
    assert queue_due(DUE + timedelta(days=4)) == 0


def test_without_a_mail_server_nothing_is_queued_or_sent(team: Team) -> None:
    assert queue_due(DUE) == 0
    assert send_due(DUE, seconds=1) == 0
    assert not ReviewMail.objects.exists()


def test_what_a_killed_worker_had_claimed_is_sent_by_another_once(box: Mailbox, team: Team) -> None:
    queue_due(DUE)
    assert claim(DUE) is not None
    assert claim(DUE) is None
    assert send_due(DUE + CLAIM / 2, seconds=5) == 0
    assert send_due(DUE + CLAIM, seconds=5) == 1
    assert send_due(DUE + 2 * CLAIM, seconds=5) == 0
    assert len(box.got) == 1


def test_a_busy_server_is_asked_again_and_the_message_keeps_its_id(box: Mailbox, team: Team, owner: User) -> None:
    queue_due(DUE)
    box.answer = lambda address: f"451 {address} later"
    send_due(DUE, seconds=5)
    mail = ReviewMail.objects.get()
    assert mail.last_error == "The mail server answered 451."
    assert mail.due_at is not None
    assert mail.due_at > DUE
    box.answer = lambda address: "250 ok"
    assert send_due(DUE + timedelta(minutes=1), seconds=5) == 1
    mail.refresh_from_db()
    assert (mail.sent_at, mail.due_at, mail.last_error) == (DUE + timedelta(minutes=1), None, "")
    assert mail.id.hex in box.got[0]["message-id"]


def test_a_refusal_is_given_up_after_some_tries_and_silence_after_a_day(box: Mailbox, team: Team, settings) -> None:
    queue_due(DUE)
    box.answer = lambda address: f"550 no {address}"
    tries = sum(send_due(DUE + timedelta(minutes=10 * number), seconds=5) for number in range(10))
    assert tries == 4
    assert ReviewMail.objects.get().last_error == "The mail server answered 550."
    ReviewMail.objects.all().delete()
    settings.EMAIL_PORT = 1
    queue_due(DUE)
    send_due(DUE, seconds=5)
    assert "Nothing answers" in ReviewMail.objects.get().last_error
    send_due(DUE + timedelta(days=1, hours=1), seconds=5)
    assert ReviewMail.objects.get().due_at is None


def test_who_left_the_team_gets_nothing(box: Mailbox, team: Team) -> None:
    queue_due(DUE)
    Membership.objects.filter(team=team).delete()
    send_due(DUE, seconds=5)
    assert box.got == []
    assert not ReviewMail.objects.exists()


def test_one_that_is_asked_for_again_is_sent_again_with_another_id(box: Mailbox, team: Team, owner: User) -> None:
    told = {"team_id": team.id, "user_id": owner.id, "week": the_week()}
    assert queue_now(**told, now=DUE)
    assert not queue_now(**told, now=DUE + timedelta(seconds=30))
    send_due(DUE, seconds=5)
    later: datetime = DUE + timedelta(minutes=5)
    assert queue_now(**told, now=later)
    send_due(later, seconds=5)
    assert len({message["message-id"] for message in box.got}) == 2
    assert review_mail.latest_of(team.id, owner.id) is not None


def test_the_link_in_the_e_mail_stops_it_and_only_a_post_does(box: Mailbox, team: Team, owner: User) -> None:
    queue_due(DUE)
    send_due(DUE, seconds=5)
    message = box.got[0]
    assert message["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"
    path = message["list-unsubscribe"].strip(" <>").removeprefix("https://steadyrun.example")
    client = Client(enforce_csrf_checks=True)
    assert "Stop the weekly review of Harbour" in client.get(path).content.decode()
    assert Membership.objects.get(user=owner).gets_review
    assert client.post(path, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert not Membership.objects.get(user=owner).gets_review
    assert queue_due(DUE + timedelta(days=7)) == 0
    assert client.post(path[:-3] + "xx/").status_code == 404
