"""Who is told of incidents, when, and who is not: routes, escalation, quiet hours, silences, ignored groups."""

from datetime import timedelta
from uuid import uuid4

import pytest

from accounts.models import GroupMember, MemberGroup, Membership
from accounts.permissions import Role
from alerts.models import AlertDelivery, Channel, Incident, IncidentDue, Route, Silence, SilenceDue
from alerts.services.acknowledging import bearer_of
from alerts.services.following import follow_due
from alerts.services.incident_actions import IncidentRefused, acknowledge, add_note, link_improvement, resolve_by_hand
from alerts.services.incidents import resolve
from alerts.services.routes import RouteRefused, WantedRoute, move_route, save_route, try_out
from alerts.services.silences import SilenceRefused, WantedSilence, add_silence, end_silence, silence_incident
from monitoring.models import FailureGroup, GroupTriage, Workflow
from tests.alerts.opening import breach, failing_at, opened, route, rule, workflow
from tests.alerts.telling import channel
from tests.factories import NOW, UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_team")]
MINUTE = timedelta(minutes=1)
NIGHT = {"zone": "UTC", "from": "11:00", "to": "14:00", "severities": ["warning"]}


def told(*kinds: str) -> list[tuple[str, str]]:
    """What was queued so far: name of the channel and kind, in order of time."""
    rows = AlertDelivery.objects.order_by("created_at", "channel__name", "kind").values_list("channel__name", "kind")
    return [row for row in rows if not kinds or row[1] in kinds]


def follow(minutes: int) -> None:
    follow_due(NOW + minutes * MINUTE, seconds=20)


def test_the_notice_says_what_where_and_how_to_acknowledge(team) -> None:
    hook = channel(team)
    route(team, (hook, 0))
    (one,) = opened(team, breach(rule(team, text="Call the bank"), workflow(team)))
    notice = AlertDelivery.objects.get().notice
    assert (notice["what"], notice["how_bad"]) == (
        "Error rate 12.4% of checkout",
        "31 of 250 runs in 5 min, limit 5.0%",
    )
    assert (notice["team"], notice["workflow"], notice["rule"]) == ("Harbour", "checkout", "Rule error_rate")
    assert "/workflows/checkout/failures/?from=" in notice["url"]
    assert notice["incident_url"].endswith(f"/t/{team.slug}/incidents/{one.id}/")
    assert notice["lines"] == ["Call the bank"]
    bearer = bearer_of(notice["acknowledge_url"].rstrip("/").rpartition("/")[2])
    assert (bearer.team_id, bearer.incident_id, bearer.channel_id) == (team.id, one.id, hook.id)


def test_an_incident_names_its_latest_failures(team) -> None:
    failing_at(team, ["checkout"], runs=12)
    about = Workflow.objects.get(name="checkout")
    (one,) = opened(team, breach(rule(team), about))
    assert len(one.facts["sample_ids"]) == 5


def test_routes_choose_by_owner_tag_and_severity(team, owner) -> None:
    mine, web, rest = (channel(team, name) for name in ("mine", "web", "rest"))
    route(team, (mine, 0), name="Mine", matchers={"owner": [str(owner.id)]})
    route(team, (web, 0), name="Web", matchers={"tag": ["web"], "severity": ["critical"]})
    route(team, (rest, 0), name="Rest")
    owned, tagged, other = (workflow(team, name) for name in ("owned", "tagged", "other"))
    Workflow.objects.filter(id=owned.id).update(owner=owner)
    Workflow.objects.filter(id=tagged.id).update(tags=["web"])
    critical, warning = rule(team), rule(team, "failures", severity="warning")
    opened(team, *(breach(critical, one) for one in (owned, tagged, other)), breach(warning, tagged))
    assert sorted(told()) == [("mine", "opened"), ("rest", "opened"), ("rest", "opened"), ("web", "opened")]


def test_a_group_that_owns_a_workflow_is_told(team, member) -> None:
    group = MemberGroup.objects.create(team=team, name="Payments")
    GroupMember.objects.create(team=team, group=group, user=member)
    about = workflow(team)
    Workflow.objects.filter(id=about.id).update(owner_group=group)
    route(team, (channel(team, "payments"), 0), matchers={"group": [str(group.id)]})
    opened(team, breach(rule(team), about), breach(rule(team), workflow(team, "other")))
    assert told() == [("payments", "opened")]


def test_nobody_who_acknowledges_means_that_others_are_told(team) -> None:
    first, second = channel(team, "first"), channel(team, "second")
    route(team, (first, 0), (second, 15))
    one, other = opened(team, breach(rule(team), workflow(team)), breach(rule(team), workflow(team, "other")))
    assert told() == [("first", "opened")] * 2
    acknowledge(team_id=team.id, incident_ids=[other.id], by="a key", now=NOW + 5 * MINUTE)
    follow(14)
    assert told("escalated") == []
    follow(15)
    follow(16)
    assert told("escalated") == [("second", "escalated")]
    assert "escalated" in one.events.values_list("kind", flat=True)
    assert not IncidentDue.objects.exists()


def test_who_was_told_hears_of_acknowledgement_and_end(team, owner) -> None:
    first, second = channel(team, "first"), channel(team, "second")
    route(team, (first, 0), (second, 15))
    (one,) = opened(team, breach(rule(team), workflow(team)))
    acknowledge(team_id=team.id, incident_ids=[one.id], by=owner, now=NOW + MINUTE)
    resolve(team.id, [one.id], NOW + 2 * MINUTE)
    assert told() == [("first", "opened"), ("first", "acknowledged"), ("first", "resolved")]
    notices = {one.kind: one.notice for one in AlertDelivery.objects.all()}
    assert notices["acknowledged"]["by"] == owner.email
    assert notices["resolved"]["resolved_at"] is not None
    assert len({notice["key"] for notice in notices.values()}) == 1


def test_quiet_hours_end_in_one_digest_of_what_is_still_open(team) -> None:
    route(team, (channel(team, "mail"), 0), quiet_hours=NIGHT)
    minor = rule(team, severity="warning")
    over, *rest = opened(team, *(breach(minor, workflow(team, name)) for name in "abc"))
    opened(team, breach(rule(team, "failures"), workflow(team, "d"), value=9.0))
    assert told() == [("mail", "opened")]
    resolve(team.id, [over.id], NOW + 30 * MINUTE)
    follow(119)
    assert len(told()) == 1
    follow(120)
    assert told("digest") == [("mail", "digest")]
    assert AlertDelivery.objects.get(kind="digest").notice["count"] == 2
    assert told("resolved") == []
    resolve(team.id, [one.id for one in rest], NOW + 130 * MINUTE)
    follow(132)
    assert [one.notice["what"] for one in AlertDelivery.objects.filter(kind="digest").order_by("created_at")] == [
        "2 incidents opened",
        "2 incidents resolved",
    ]


def test_a_silence_holds_notices_back_and_tells_what_stands_at_its_end(team, owner) -> None:
    route(team, (channel(team), 0))
    about = workflow(team)
    found = WantedSilence("Known", NOW - MINUTE, NOW + 60 * MINUTE, matchers={"workflow": ["checkout"]})
    add_silence(team_id=team.id, wanted=found, by=owner, now=NOW - MINUTE)
    checkout, _ = opened(team, breach(rule(team), about), breach(rule(team), workflow(team, "other")))
    assert checkout.muted_by == "silence"
    assert checkout.events.get(kind="muted").text == "Known"
    assert len(told()) == 1
    follow(60)
    follow(61)
    checkout.refresh_from_db()
    assert checkout.muted_by == ""
    assert len(told("opened")) == 2
    assert not SilenceDue.objects.exists()


def test_ending_a_silence_early_tells_at_once(team, owner) -> None:
    route(team, (channel(team), 0))
    one = add_silence(team_id=team.id, wanted=WantedSilence("Known", NOW, NOW + 60 * MINUTE), by=owner, now=NOW)
    opened(team, breach(rule(team), workflow(team)))
    assert told() == []
    assert end_silence(team_id=team.id, silence_id=one.id, now=NOW + 5 * MINUTE)
    assert len(told()) == 1
    assert not end_silence(team_id=team.id, silence_id=one.id, now=NOW + 6 * MINUTE)


def test_silencing_an_incident_stops_its_escalation(team, owner) -> None:
    route(team, (channel(team, "first"), 0), (channel(team, "second"), 15))
    (one,) = opened(team, breach(rule(team), workflow(team)))
    length = timedelta(hours=1)
    silence_incident(team_id=team.id, incident_id=one.id, reason="Known", length=length, by=owner, now=NOW + MINUTE)
    follow(20)
    assert told() == [("first", "opened")]
    follow(62)
    assert told() == [("first", "opened"), ("second", "escalated")]


def test_a_dependency_is_silent_only_if_all_its_parts_are(team, owner) -> None:
    failing_at(team, ["checkout", "refund"])
    route(team, (channel(team), 0))
    about = list(Workflow.objects.order_by("name"))
    add_silence(
        team_id=team.id,
        wanted=WantedSilence("Known", NOW, NOW + 60 * MINUTE, matchers={"workflow": ["checkout"]}),
        by=owner,
        now=NOW,
    )
    opened(team, *(breach(rule(team), one) for one in about[:1]), *(breach(rule(team), one) for one in about[1:]))
    assert Incident.objects.get(rule__isnull=True).muted_by == ""
    assert len(told()) == 1


def test_the_sample_is_shown_and_nobody_is_told(team, owner) -> None:
    route(team, (channel(team), 0))
    of = rule(team)
    of_sample, mine = (breach(of, workflow(team, name)) for name in ("build", "checkout"))
    Workflow.objects.filter(name="build").update(is_sample=True)
    add_silence(team_id=team.id, wanted=WantedSilence("Known", NOW, NOW + MINUTE), by=owner, now=NOW)
    sample, own = opened(team, of_sample, mine)
    assert (sample.muted_by, own.muted_by) == ("sample", "silence")
    assert sample.events.get(kind="muted").text == "It is about sample data."
    follow(1)
    assert [one.incident_id for one in AlertDelivery.objects.all()] == [own.id]
    acknowledge(team_id=team.id, incident_ids=[sample.id], by=owner, now=NOW + 2 * MINUTE)
    resolve(team.id, [sample.id], NOW + 3 * MINUTE)
    follow(30)
    assert len(told()) == 1


@pytest.mark.parametrize(("sample", "muted_by"), [(["checkout"], ""), (["checkout", "refund"], "sample")])
def test_a_dependency_of_sample_and_own_workflows_is_told(team, sample, muted_by) -> None:
    failing_at(team, ["checkout", "refund"])
    route(team, (channel(team), 0))
    Workflow.objects.filter(name__in=sample).update(is_sample=True)
    opened(team, *(breach(rule(team), one) for one in Workflow.objects.order_by("name")))
    assert Incident.objects.get(rule__isnull=True).muted_by == muted_by
    assert bool(told()) == (muted_by == "")


def test_ignored_failure_groups_send_no_notice(team) -> None:
    failing_at(team, ["checkout"])
    route(team, (channel(team), 0))
    group = FailureGroup.objects.get()
    GroupTriage.objects.create(team=team, id=group.id, status="ignored", decided_at=NOW)
    of = rule(team, "new_group", severity="warning", threshold=None)
    (one,) = opened(team, breach(of, Workflow.objects.get(), str(group.id), value=1.0, limit=None))
    assert one.title.startswith("New failure group: ")
    assert group.title[:40] in one.title
    assert one.muted_by == "ignored"
    assert told() == []


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"reason": " "}, "reason"),
        ({"ends_at": NOW - MINUTE}, "end"),
        ({"ends_at": NOW + timedelta(days=31)}, "end"),
        ({"matchers": {"colour": ["red"]}}, "colour"),
        ({"matchers": {"workflow": ["chekout"]}}, "workflow"),
        ({"zone": "Mars/Base"}, "zone"),
        ({"cron": "nonsense", "duration": MINUTE}, "cron"),
        ({"cron": "0 2 * * 6", "zone": "Mars/Base", "duration": MINUTE}, "zone"),
        ({"cron": "0 2 * * 6"}, "duration"),
        ({"kind": "holiday"}, "kind"),
    ],
)
def test_a_silence_that_cannot_be_meant_is_refused(team, owner, fields, field) -> None:
    wanted = WantedSilence(**{"reason": "Known", "starts_at": NOW, "ends_at": NOW + 60 * MINUTE, **fields})
    with pytest.raises(SilenceRefused) as refused:
        add_silence(team_id=team.id, wanted=wanted, by=owner, now=NOW)
    assert field in refused.value.reasons
    assert not Silence.objects.exists()


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": ""}, "name"),
        ({"steps": []}, "channels"),
        ({"steps": [(uuid4(), MINUTE)]}, "channels"),
        ({"matchers": {"colour": ["red"]}}, "colour"),
        ({"matchers": {"severity": ["critical", "loud"]}}, "severity"),
        ({"steps": [(uuid4(), MINUTE / 2)]}, "escalation"),
        ({"quiet_hours": {"from": "22:00"}}, "quiet hours"),
        ({"quiet_hours": {"from": "00:00", "to": "00:00", "zone": "UTC"}}, "quiet hours"),
        ({"quiet_hours": {"from": "22:00", "to": "07:00", "zone": "Mars/Base"}}, "quiet hours"),
    ],
)
def test_a_route_that_cannot_be_meant_is_refused(team, fields, field) -> None:
    wanted = WantedRoute(**{"name": "Mine", "steps": [(channel(team).id, MINUTE)], **fields})
    with pytest.raises(RouteRefused) as refused:
        save_route(team_id=team.id, wanted=wanted, now=NOW)
    assert field in refused.value.reasons
    assert not Route.objects.exists()


def test_routes_move_and_are_tried_out(team) -> None:
    hook, _ = channel(team), workflow(team)
    route(team, (hook, 0), name="first", matchers={"workflow": ["checkout"]})
    route(team, (hook, 0), name="second")
    assert [(one.path.name, one.is_taken) for one in try_out(team.id, {"workflow": frozenset({"checkout"})})] == [
        ("first", True),
        ("second", False),
    ]
    second = Route.objects.get(name="second")
    assert move_route(team_id=team.id, route_id=second.id, is_up=True)
    assert [(one.path.name, one.is_taken) for one in try_out(team.id, {"workflow": frozenset({"checkout"})})] == [
        ("second", True),
        ("first", False),
    ]


def test_the_first_incident_of_a_team_makes_a_route_to_owners_and_admins(team, owner, monkeypatch) -> None:
    monkeypatch.setattr("alerts.services.routes.can_send", lambda: True)
    admin, viewer = UserFactory(), UserFactory()
    Membership.objects.create(team=team, user=admin, role=Role.ADMIN)
    Membership.objects.create(team=team, user=viewer, role=Role.VIEWER)
    opened(team, breach(rule(team), workflow(team)))
    made = Channel.objects.get()
    assert set(made.settings["members"]) == {str(owner.id), str(admin.id)}
    assert told() == [("E-mail to owners and admins", "opened")]
    Route.objects.all().delete()
    made.delete()
    opened(team, breach(rule(team), workflow(team, "other")))
    assert not Channel.objects.exists()


def test_without_a_route_nobody_is_told_and_the_incident_is_kept(team) -> None:
    (one,) = opened(team, breach(rule(team), workflow(team)))
    assert told() == []
    assert one.status == "open"


def test_notes_links_and_hands_are_written_down(team, owner) -> None:
    (one,) = opened(team, breach(rule(team), workflow(team)))
    about = {"team_id": team.id, "by": owner, "now": NOW + MINUTE}
    assert add_note(**about, incident_id=one.id, text=" It is the bank. ").text == "It is the bank."
    with pytest.raises(IncidentRefused, match="text must be told"):
        add_note(**about, incident_id=one.id, text=" ")
    with pytest.raises(IncidentRefused, match="improvement is not known"):
        link_improvement(**about, incident_id=one.id, improvement_id=uuid4())
    assert resolve_by_hand(**about, incident_ids=[one.id], text="Paid") == [one.id]
    assert resolve_by_hand(**about, incident_ids=[one.id]) == []
    event = one.events.get(kind="resolved")
    assert (event.by, event.text) == (owner, "Paid")
