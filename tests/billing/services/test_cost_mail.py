"""The monthly mail: on its day, once, with the sums and the export, to who may see it."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core import mail as outbox

from accounts.mail import read_email_url
from accounts.models import Membership, Team, User
from accounts.permissions import Role
from accounts.tenancy import team_context
from billing.exports.files import Format, Table
from billing.models import CostBasis, CostMail, ExportJob
from billing.services import cost_letter, cost_mail, export_jobs, export_runs
from tests.billing.lines import add_line

pytestmark = pytest.mark.django_db

CHOSEN = datetime(2026, 8, 20, tzinfo=UTC)
DAY = datetime(2026, 9, 3, 0, 5, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _mail_server(settings: Any, tmp_path: Path) -> None:
    settings.MAIL_SERVER = read_email_url("smtp://127.0.0.1:2525")
    settings.EXPORTS_FOLDER = tmp_path


@pytest.fixture
def finance(team: Team) -> User:
    user = User.objects.create_user("finance@harbour.test", "correct horse battery")
    Membership.objects.create(team=team, user=user, role=Role.FINANCE)
    return user


def choose(team: Team, user: User, day: int = 3, at: datetime = CHOSEN) -> None:
    with team_context(team.id):
        cost_mail.choose(team.id, user.id, day=day, table=Table.LINES, format=Format.SPREADSHEET, now=at)


def go(now: datetime) -> None:
    """What the task does, with its writer."""
    cost_mail.queue_due(now)
    cost_mail.send_due(now, seconds=20)
    export_runs.run_due()
    cost_mail.send_due(now + timedelta(seconds=60), seconds=20)


def test_it_comes_on_its_day_with_sums_and_file(team: Team, finance: User) -> None:
    add_line(team, cost_usd=Decimal("1202.40"))
    add_line(team, basis=CostBasis.UNPRICED, cost_usd=None, unpriced_tokens=1100, workflow="other")
    choose(team, finance)
    go(datetime(2026, 9, 2, 23, 59, tzinfo=UTC))
    assert outbox.outbox == []
    go(DAY)
    (message,) = outbox.outbox
    assert message.to == ["finance@harbour.test"]
    assert message.subject == "Harbour: costs of August 2026"
    assert "Cost so far: $1,202.40, from 2 cost lines." in message.body
    assert "1,100 tokens that have no price" in message.body
    assert "openai: $1,202.40" in message.body
    assert "other: not told" in message.body
    name, content, _ = message.attachments[0]
    assert name == "lines-2026-08-01-2026-09-01.csv"
    assert b"1202.4" in (content if isinstance(content, bytes) else content.encode())
    assert "/t/harbour/cost/exports/" in message.body


def test_it_comes_once(team: Team, finance: User) -> None:
    choose(team, finance)
    for hours in (0, 1, 24):
        go(DAY + timedelta(hours=hours))
    assert len(outbox.outbox) == 1
    go(datetime(2026, 10, 3, 1, tzinfo=UTC))
    assert [one.subject for one in outbox.outbox][1:] == ["Harbour: costs of September 2026"]


def test_a_large_export_is_linked_only(team: Team, finance: User, monkeypatch: Any) -> None:
    monkeypatch.setattr(cost_letter, "ATTACHED_BYTES", 10)
    choose(team, finance)
    go(DAY)
    (message,) = outbox.outbox
    assert message.attachments == []
    assert "too large to attach" in message.body


def test_who_chose_later_or_lost_the_role_or_stopped_gets_nothing(team: Team, finance: User) -> None:
    choose(team, finance, at=DAY)
    go(DAY)
    choose(team, finance)
    Membership.objects.filter(user=finance).update(role=Role.VIEWER)
    go(DAY)
    assert outbox.outbox == []
    Membership.objects.filter(user=finance).update(role=Role.FINANCE)
    CostMail.objects.all().delete()
    cost_mail.queue_due(DAY)
    cost_mail.stop(team.id, finance.id)
    cost_mail.send_due(DAY, seconds=20)
    assert outbox.outbox == []


def test_an_installation_that_was_off_catches_up_for_five_days(team: Team, finance: User) -> None:
    choose(team, finance)
    assert cost_mail.queue_due(DAY + timedelta(days=5)) == 0
    assert cost_mail.queue_due(DAY + timedelta(days=4)) == 1
    assert CostMail.objects.get().month == date(2026, 8, 1)


def test_a_failing_server_is_tried_again(team: Team, finance: User, monkeypatch: Any) -> None:
    choose(team, finance)

    def refuse(_: Any) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(cost_mail, "hand_over", refuse)
    go(DAY)
    found = CostMail.objects.get()
    assert (found.sent_at, found.tries) == (None, 1)
    assert found.due_at is not None
    assert "Nothing answers" in found.last_error


def test_without_a_mail_server_nothing_is_queued(team: Team, finance: User, settings: Any) -> None:
    from accounts.mail import MailServer

    settings.MAIL_SERVER = MailServer()
    choose(team, finance)
    assert cost_mail.queue_due(DAY) == 0


def test_a_removed_export_is_made_again(team: Team, finance: User) -> None:
    choose(team, finance)
    cost_mail.queue_due(DAY)
    cost_mail.send_due(DAY, seconds=20)
    with team_context(team.id):
        export_jobs.remove(team.id, ExportJob.objects.get())
    later = DAY + timedelta(minutes=5)
    cost_mail.send_due(later, seconds=20)
    export_runs.run_due()
    cost_mail.send_due(later + timedelta(minutes=5), seconds=20)
    assert len(outbox.outbox[0].attachments) == 1
