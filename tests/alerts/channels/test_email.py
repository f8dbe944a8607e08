"""E-mail to a real server on this machine: who gets it, once, in one thread."""

from email.message import EmailMessage

import pytest

from accounts.mail import read_email_url
from accounts.models import GroupMember, MemberGroup, Membership
from accounts.retrying import Verdict
from accounts.tenancy import team_context
from alerts.analysis.notices import NoticeKind
from alerts.channels import CHANNELS
from alerts.reads.recipients import recipients
from alerts.services.delivery import send_due
from tests.alerts.telling import channel, hurry, kept, notice, send, told_by
from tests.mailbox import Mailbox, mailbox

pytestmark = pytest.mark.django_db
TWO = {"addresses": ["first@x.test", "second@x.test"]}


@pytest.fixture
def box(settings):
    with mailbox() as found:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", found.port
        settings.MAIL_SERVER = read_email_url(f"smtp://127.0.0.1:{found.port}")
        settings.DEFAULT_FROM_EMAIL = "Steadyrun <alerts@steadyrun.test>"
        yield found


def parts(message: EmailMessage) -> tuple[str, str]:
    text, html = (message.get_body((kind,)) for kind in ("plain", "html"))
    assert text is not None
    assert html is not None
    return text.get_content(), html.get_content()


def test_each_recipient_gets_an_own_letter_with_text_and_html(box: Mailbox) -> None:
    outcome = told_by("email", notice(), TWO, {}, recipients=("first@x.test", "second@x.test"))
    assert outcome.taken == ("first@x.test", "second@x.test")
    assert [message["To"] for message in box.got] == ["first@x.test", "second@x.test"]
    assert box.got[0]["Subject"] == "[Harbour] Critical: Error rate 12.4% of checkout"
    for body in parts(box.got[0]):
        assert "31 of 250 runs in 5 minutes, limit 5.0%" in body
        assert "90% of the failures at charge_card" in body
        assert "https://steadyrun.example/t/harbour/incidents/1/" in body


def test_letters_of_an_incident_are_one_thread_and_a_repeat_is_the_same_letter(box: Mailbox) -> None:
    for kind in (NoticeKind.OPENED, NoticeKind.OPENED, NoticeKind.RESOLVED):
        told_by("email", notice(kind), TWO, {}, recipients=("first@x.test",))
    told_by("email", notice(key="another"), TWO, {}, recipients=("first@x.test",))
    assert len({message["Message-ID"] for message in box.got}) == 1, "the id is the delivery's"
    threads = [message["References"] for message in box.got]
    assert threads[0] == threads[1] == threads[2] == box.got[0]["In-Reply-To"]
    assert threads[3] != threads[0]
    assert threads[0].endswith("@steadyrun.test>")


def test_text_of_others_is_no_header_and_no_markup(box: Mailbox) -> None:
    hostile = "x\r\nBcc: victim@x.test\r\n\r\n<script>alert(1)</script>"
    told_by("email", notice(what=hostile, team=hostile, lines=(hostile,)), TWO, {}, recipients=("first@x.test",))
    assert box.recipients == ["first@x.test"]
    assert box.got[0]["Bcc"] is None
    assert "<script>" not in parts(box.got[0])[1]


def test_who_took_it_does_not_get_it_again(team, box: Mailbox) -> None:
    with team_context(team.id):
        one = channel(team, kind="email", settings=TWO)
    id = send(team, one)
    box.answer = lambda address: "451 later" if address.startswith("second") else "250 ok"
    assert send_due() == 1
    assert kept(team, id).status == "waiting"
    box.answer = lambda address: "250 ok"
    hurry()
    assert send_due() == 1
    found = kept(team, id)
    assert (found.status, sorted(found.told)) == ("sent", ["first@x.test", "second@x.test"])
    assert box.recipients == ["first@x.test", "second@x.test"]


def test_one_dead_address_holds_up_no_other_notice(team, box: Mailbox) -> None:
    with team_context(team.id):
        one = channel(team, kind="email", settings=TWO)
    ids = [send(team, one) for _ in range(3)]
    box.answer = lambda address: "550 no such mailbox" if address.startswith("second") else "250 ok"
    assert send_due() == 3, "the first try reaches somebody, so the channel works"
    assert box.recipients == ["first@x.test"] * 3
    for _ in range(4):
        hurry()
        send_due()
    assert {kept(team, id).status for id in ids} == {"failed"}
    assert "It refused the address." in kept(team, ids[0]).last_error
    assert box.recipients == ["first@x.test"] * 3


def test_without_a_mail_server_it_waits_and_says_so(team) -> None:
    outcome = told_by("email", notice(), TWO, {}, recipients=("first@x.test",))
    assert (outcome.result.verdict, "EMAIL_URL" in outcome.result.reason) == (Verdict.LATER, True)


def test_nobody_is_left(box: Mailbox) -> None:
    assert told_by("email", notice(), {}, {}).result.verdict is Verdict.REFUSED


def test_a_mail_server_that_is_down_is_tried_again(box: Mailbox, settings) -> None:
    settings.EMAIL_PORT = 9
    assert told_by("email", notice(), TWO, {}, recipients=("first@x.test",)).result.verdict is Verdict.LATER


def test_members_groups_and_addresses_each_once_and_only_who_is_of_the_team(team, owner, member, stranger) -> None:
    with team_context(team.id):
        group = MemberGroup.objects.create(team=team, name="On call")
        for user in (member, owner, stranger):
            GroupMember.objects.create(team=team, group=group, user=user)
        told = {
            "members": [str(owner.id), str(stranger.id)],
            "groups": [str(group.id)],
            "addresses": ["Owner@harbour.test", "pager@x.test"],
        }
        assert recipients(team.id, told) == ("member@harbour.test", "owner@harbour.test", "pager@x.test")
        Membership.objects.filter(user=member).delete()
        assert recipients(team.id, told) == ("owner@harbour.test", "pager@x.test")


@pytest.mark.parametrize(
    "address", ["x", "x@", "@x.test", "a b@x.test", "a@x.test\nBcc: b@x.test", "a@x.test, b@x.test"]
)
def test_addresses_that_are_none(address) -> None:
    assert "addresses" in CHANNELS["email"].check({"addresses": [address]}, {})


def test_it_needs_somebody() -> None:
    assert "addresses" in CHANNELS["email"].check({}, {})
    assert CHANNELS["email"].check({"members": ["1"]}, {}) == {}
