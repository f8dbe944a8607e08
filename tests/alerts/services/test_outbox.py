"""Queueing notices: once for each channel and event, in order, in the caller's transaction."""

from datetime import timedelta
from uuid import uuid4

import pytest

from accounts.tenancy import team_context
from alerts.analysis.notices import Notice, NoticeKind
from alerts.models import AlertDelivery, AlertDeliveryDue, IncidentEventKind
from alerts.services.outbox import Outgoing, queue, queue_all
from tests.alerts.telling import NOW, channel, event, incident, notice

pytestmark = pytest.mark.django_db


def test_a_notice_is_queued_once_for_each_channel_and_event(in_team) -> None:
    first, second = channel(in_team, "one"), channel(in_team, "two")
    about = incident(in_team)
    happened = event(about)
    told = {"notice": notice(), "incident_id": about.id, "event_id": happened.id, "now": NOW}
    made = queue(in_team.id, channel_ids=[first.id, second.id, first.id], **told)
    assert len(set(made)) == 2
    assert queue(in_team.id, channel_ids=[second.id, first.id], **told) == []
    assert AlertDelivery.objects.count() == AlertDeliveryDue.objects.count() == 2
    kept = AlertDelivery.objects.get(channel=first)
    assert Notice.from_document(kept.notice) == notice()
    assert (kept.kind, kept.status, kept.tries) == ("opened", "waiting", 0)


def test_what_was_sent_is_not_queued_again(in_team) -> None:
    one, about = channel(in_team), incident(in_team)
    told = {"notice": notice(), "incident_id": about.id, "event_id": event(about).id, "now": NOW}
    queue(in_team.id, channel_ids=[one.id], **told)
    AlertDelivery.objects.update(status="sent")
    AlertDeliveryDue.objects.all().delete()
    assert queue(in_team.id, channel_ids=[one.id], **told) == []
    assert not AlertDeliveryDue.objects.exists()


def test_without_an_event_each_is_a_new_one(in_team) -> None:
    one = channel(in_team)
    told = {"channel_ids": [one.id], "notice": notice(NoticeKind.DIGEST), "incident_id": None, "event_id": None}
    assert queue(in_team.id, **told, now=NOW) != queue(in_team.id, **told, now=NOW)


def test_channels_that_are_gone_off_or_of_others_are_left_out(in_team, other_team) -> None:
    off = channel(in_team, "off", is_active=False)
    with team_context(other_team.team.id):
        theirs = channel(other_team.team)
    told = {"notice": notice(), "incident_id": None, "event_id": None, "now": NOW}
    assert queue(in_team.id, channel_ids=[off.id, theirs.id, uuid4()], **told) == []


def test_it_may_be_due_later_and_keeps_the_order_in_which_it_was_queued(in_team) -> None:
    one, about = channel(in_team), incident(in_team)
    later = NOW + timedelta(hours=7)
    kinds = [IncidentEventKind.OPENED, IncidentEventKind.ACKNOWLEDGED, IncidentEventKind.RESOLVED]
    told = [
        Outgoing([one.id], notice(NoticeKind(kind.value)), about.id, event(about, kind).id, due_at=later)
        for kind in kinds
    ]
    made = queue_all(in_team.id, told, NOW)
    rows = list(AlertDeliveryDue.objects.order_by("position"))
    assert [row.delivery_id for row in rows] == made
    assert {row.due_at for row in rows} == {later}
    assert {row.incident_id for row in rows} == {about.id}


def test_nothing_stays_of_a_transaction_that_failed(team) -> None:
    class Broke(Exception):
        pass

    with team_context(team.id):
        one = channel(team)

    def break_off() -> None:
        with team_context(team.id):
            queue(team.id, channel_ids=[one.id], notice=notice(), incident_id=None, event_id=None, now=NOW)
            raise Broke

    with pytest.raises(Broke):
        break_off()
    assert not AlertDeliveryDue.objects.exists()


def test_a_thousand_notices_take_as_many_statements_as_one(in_team, django_assert_num_queries) -> None:
    one, about = channel(in_team), incident(in_team)
    happened = [event(about) for _ in range(1_000)]
    with django_assert_num_queries(4):
        made = queue_all(in_team.id, [Outgoing([one.id], notice(), about.id, each.id) for each in happened], NOW)
    assert len(made) == 1_000
