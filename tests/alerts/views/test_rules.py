"""Alert rules on pages: listed, made, changed, read, switched off, removed."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Membership
from accounts.permissions import Role
from accounts.tenancy import team_context
from alerts.models import AlertRule, AlertState, Incident, RuleDue
from alerts.services.rules import save_rule
from ingestion.records import Failure
from monitoring.models import FailureGroup
from monitoring.statuses import Status
from tests.factories import report, step, store

pytestmark = pytest.mark.django_db
NOW = timezone.now().replace(microsecond=0)
FORM = {
    "metric": "error_rate",
    "for_metric": "error_rate",
    "name": "",
    "workflow": "",
    "environment": "production",
    "scope": "",
    "value": "",
    "comparison": "above",
    "threshold": "7.5",
    "window_s": "300",
    "min_samples": "20",
    "for_s": "0",
    "severity": "critical",
    "no_data": "unknown",
}


@pytest.fixture
def pages(team) -> str:
    return f"/t/{team.slug}/alerts/rules/"


def make(team, **fields: object) -> AlertRule:
    told = {"name": "Failures", "metric": "error_rate", "threshold": 0.05, "min_samples": 20}
    with team_context(team.id):
        return save_rule(team_id=team.id, fields={**told, **fields}, by=None, now=NOW)


def stands(rule: AlertRule, state: str = "firing", workflow_id=None, **fields: object) -> AlertState:
    with team_context(rule.team_id):
        return AlertState.objects.create(
            team_id=rule.team_id, rule=rule, state=state, since=NOW, at=NOW, workflow_id=workflow_id, **fields
        )


def opens(rule: AlertRule, **fields: object) -> Incident:
    told = {"subject_id": uuid4(), "title": rule.name, "severity": "warning", "since": NOW, "opened_at": NOW}
    with team_context(rule.team_id):
        return Incident.objects.create(
            team_id=rule.team_id, rule=rule, updated_at=NOW, worst=0.31, **{**told, **fields}
        )


def read(client: Client, address: str, status: int = 200) -> str:
    response = client.get(address)
    assert response.status_code == status, response.content[:2000]
    return " ".join(response.content.decode().split())


def test_a_team_without_rules_is_told_what_they_are(member_client, pages) -> None:
    text = read(member_client, pages)
    assert "No rule yet" in text
    assert f'href="{pages}new/"' in text


def test_the_list_says_what_each_rule_is_and_where_it_stands(member_client, team, pages) -> None:
    rule = make(team)
    stands(rule, "firing", value_text="a")
    stands(rule, "ok", value_text="b")
    opens(rule)
    make(team, name="Quiet", is_active=False)
    make(team, name="Never looked at")
    text = read(member_client, pages)
    assert "Error rate above 5% in 5 minutes with at least 20 runs, of each workflow in production" in text
    assert "1 firing, 1 ok" in text
    assert "Off" in text
    assert "Not evaluated yet" in text
    lines = b"".join(member_client.get(pages, {"format": "csv"})).decode().splitlines()
    assert len(lines) == 4
    assert 'Failures,"Error rate above 5%' in lines[1]
    assert ",firing,1,0,0,1," in lines[1]


@pytest.mark.parametrize(
    ("metric", "state", "word"), [("last_run_failed", "ok", "OK"), ("error_rate", "no_data", "No data")]
)
def test_a_rule_that_found_no_subject_is_well_or_has_no_data(member_client, team, pages, metric, state, word) -> None:
    rule = make(team, name="Looked", metric=metric)
    RuleDue.objects.filter(rule_id=rule.id).update(evaluated_at=NOW)
    assert word in read(member_client, pages)
    assert "Not evaluated yet" not in read(member_client, pages)
    assert "Looked" in read(member_client, f"{pages}?state={state}")
    assert "Looked" not in read(member_client, f"{pages}?state=firing")
    assert "Nothing found" in read(member_client, f"{pages}{rule.id}/")


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("state=firing", ["Failures"]),
        ("state=ok", []),
        ("state=off", ["Quiet"]),
        ("state=perhaps", []),
        ("severity=critical", ["Quiet"]),
        ("metric=duration_p95", ["Slow"]),
        ("workflow=nightly", ["Slow"]),
        ("workflow=nowhere", []),
        ("q=FAIL", ["Failures"]),
        ("q=%00", ["Failures", "Quiet", "Slow"]),
    ],
)  # fmt: skip
def test_it_is_filtered(member_client, team, pages, query, names) -> None:
    store(team, report())
    with team_context(team.id):
        from monitoring.models import Workflow

        workflow = Workflow.objects.get()
    rule = make(team)
    stands(rule, "firing", value_text="a")
    stands(rule, "ok", value_text="b")
    make(team, name="Quiet", is_active=False, severity="critical")
    make(team, name="Slow", metric="duration_p95", threshold=1000, workflow_id=workflow.id)
    response = member_client.get(f"{pages}?{query}")
    assert [row.rule.name for row in response.context_data["rows"]] == names
    lines = b"".join(member_client.get(f"{pages}?{query}&format=csv")).decode().splitlines()
    assert len(lines) == len(names) + 1


def test_it_has_pages(member_client, team, pages) -> None:
    with team_context(team.id):
        AlertRule.objects.bulk_create(
            AlertRule(team=team, name=f"Rule {number // 2:03}", metric="error_rate", threshold=0.1)
            for number in range(120)
        )
    seen, address, count = [], pages, 0
    while address:
        context = member_client.get(address).context_data
        seen += [row.rule.id for row in context["rows"]]
        address, count = context["next_href"] and pages + context["next_href"], count + 1
    assert (len(set(seen)), len(seen), count) == (120, 120, 3)
    back = pages + context["previous_href"]
    assert [row.rule.id for row in member_client.get(back).context_data["rows"]] == seen[50:100]
    assert len(member_client.get(f"{pages}?after=nonsense").context_data["rows"]) == 50


def test_queries_do_not_grow_with_the_list(member_client, team, pages, django_assert_num_queries) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    counts = []
    for number in (1, 20):
        for place in range(number - AlertRule.objects.none().count()):
            rule = make(team, name=f"Rule {number} {place}")
            stands(rule)
            opens(rule)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            read(member_client, pages)
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_rule_is_made_and_named_as_it_reads(member_client, team, pages, member) -> None:
    response = member_client.post(f"{pages}new/", FORM, follow=True)
    text = " ".join(response.content.decode().split())
    assert "Saved. It is evaluated from now on." in text
    assert "Not evaluated yet" in text
    with team_context(team.id):
        rule = AlertRule.objects.get()
    assert rule.name == "Error rate above 7.5% in 5 minutes with at least 20 runs, of each workflow in production"
    assert (rule.threshold, rule.severity, rule.updated_by_id) == (0.075, "critical", member.id)
    assert RuleDue.objects.filter(rule_id=rule.id).exists()


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"threshold": "much"}, "Threshold must be a number"),
        ({"threshold": "250"}, "Threshold must be between 0% and 100%"),
        ({"threshold": "nan"}, "Threshold must be a number"),
        ({"threshold": ""}, "Threshold must be told"),
        ({"window_s": "90"}, "Window must be whole minutes"),
        ({"window_s": "long"}, "Window must be a whole number"),
        ({"min_samples": "-3"}, "Least runs must be a whole number from 0 to 1,000,000"),
        ({"workflow": "nowhere"}, "Workflow is not known"),
        ({"environment": "moon"}, "Environment is not one that executions told"),
        ({"scope": "model", "value": "gpt-9"}, "Which one is no model that executions told"),
        ({"scope": "planet"}, "One by one Error rate can be split by"),
        ({"severity": "loud"}, "Severity must be one of: info, warning, critical"),
        ({"url": "javascript:alert(1)"}, "Link must be an address with http or https"),
        ({"clear_threshold": "9"}, "Clears at must be at or below the threshold"),
    ],
)
def test_what_cannot_be_saved_names_field_reason_and_limit(member_client, team, pages, fields, reason) -> None:
    for action in ({}, {"rehearse": "1"}):
        response = member_client.post(f"{pages}new/", {**FORM, **fields, **action})
        assert response.status_code == 422
        assert reason in response.content.decode()
    with team_context(team.id):
        assert not AlertRule.objects.exists()


def test_the_form_has_the_fields_of_its_metric(member_client, team, pages) -> None:
    store(team, report(steps=[step(model="gpt-4o")]))
    rate = read(member_client, f"{pages}new/")
    assert 'id="rule-window"' in rate
    assert 'value="5"' in rate
    assert "Threshold (%)" in rate
    schedule = read(member_client, f"{pages}new/?metric=missed_schedule")
    assert 'id="rule-cron"' in schedule
    assert 'id="rule-window"' not in schedule
    assert 'id="rule-threshold"' not in schedule
    budget = read(member_client, f"{pages}new/?metric=budget_share")
    assert 'name="budget_usd"' in budget
    preset = read(member_client, f"{pages}new/?metric=duration_p95&scope=model&value=gpt-4o&workflow=nightly")
    assert '<option value="nightly" selected>' in preset
    assert 'value="gpt-4o"' in preset
    assert '<option value="gpt-4o"></option>' in preset
    assert "Not saved" not in preset


def test_another_metric_leaves_out_what_was_typed_for_the_old_one(member_client, pages) -> None:
    told = {**FORM, "metric": "duration_p95", "threshold": "5", "name": "Mine"}
    text = read(member_client, f"{pages}new/?" + "&".join(f"{name}={value}" for name, value in told.items()))
    assert 'name="threshold" inputmode="decimal" autocomplete="off" value="30"' in text
    assert 'value="Mine"' in text
    response = member_client.post(f"{pages}new/", {**told, "refit": "1"})
    assert response.status_code == 302
    assert "metric=duration_p95" in response["Location"]


def test_a_hostile_name_is_shown_as_text(member_client, team, pages) -> None:
    rule = make(team, name="<script>alert(1)</script>", text="=cmd|' /C calc'!A0", tags=["<b>"])
    for page in (pages, f"{pages}{rule.id}/", f"{pages}{rule.id}/edit/"):
        text = read(member_client, page)
        assert "<script>alert(1)" not in text
        assert "&lt;script&gt;alert(1)" in text


def test_it_is_changed(member_client, team, pages) -> None:
    rule = make(team, name="Failures")
    page = f"{pages}{rule.id}/edit/"
    text = read(member_client, page)
    assert 'value="Failures"' in text
    assert 'autocomplete="off" value="5"' in text
    response = member_client.post(page, {**FORM, "name": "Failures", "threshold": "10"}, follow=True)
    assert "Error rate above 10%" in response.content.decode()
    with team_context(team.id):
        assert AlertRule.objects.get().revision == 2


def test_its_page_says_where_it_stands(member_client, team, pages) -> None:
    store(team, report())
    with team_context(team.id):
        from monitoring.models import Workflow

        workflow = Workflow.objects.get()
    rule = make(
        team, text="Call the vendor", url="https://wiki.example/vendor", keep_firing_s=600, clear_threshold=0.01
    )
    stands(rule, "firing", workflow.id, value=0.2, samples=40, low=0.0, high=0.03)
    stands(rule, "no_data", uuid4())
    opens(rule, workflow_id=workflow.id)
    opens(rule, status="resolved", resolved_at=NOW, opened_at=NOW - timedelta(days=1))
    text = read(member_client, f"{pages}{rule.id}/")
    for words in (
        "Call the vendor", "https://wiki.example/vendor", "20.0%", "usual 0% to 3.0%", "a workflow that is gone",
        "31.0%", "10 minutes in which it does not hold", "1 firing, 1 no data", f"/t/{team.slug}/workflows/nightly/",
    ):  # fmt: skip
        assert words in text, words
    lines = b"".join(member_client.get(f"{pages}{rule.id}/", {"format": "csv"})).decode().splitlines()
    assert len(lines) == 3
    assert "nightly" in lines[1]


def test_failure_groups_have_their_titles(member_client, team, pages) -> None:
    rule = make(team, metric="new_group", threshold=0, min_samples=0)
    store(team, report(status=Status.FAILED, error=Failure(message="timeout of crm")))
    with team_context(team.id):
        group = FailureGroup.objects.get()
    stands(rule, workflow_id=group.workflow_id, value_text=str(group.id))
    text = read(member_client, f"{pages}{rule.id}/")
    assert "nightly, “timeout of crm”" in text
    assert str(group.id) not in text


def test_it_is_switched_off_and_on_and_removed(member_client, team, pages) -> None:
    rule = make(team)
    page = f"{pages}{rule.id}/"
    assert "Switched off" in member_client.post(f"{page}switch/", {"on": "0"}, follow=True).content.decode()
    assert "It is switched off" in read(member_client, page)
    member_client.post(f"{page}switch/", {"on": "1"})
    with team_context(team.id):
        assert AlertRule.objects.get().is_active
    text = member_client.post(f"{page}remove/", follow=True).content.decode()
    assert "Removed Failures. Its incidents stay." in text
    read(member_client, page, 404)
    read(member_client, f"{page}edit/", 404)
    assert member_client.post(f"{page}remove/").status_code == 404
    assert member_client.post(f"{page}switch/", {"on": "1"}).status_code == 404


def test_a_viewer_reads_and_changes_nothing(member_client, member, team, pages) -> None:
    rule = make(team)
    Membership.objects.filter(team=team, user=member).update(role=Role.VIEWER)
    page = f"{pages}{rule.id}/"
    assert "Remove the rule" not in read(member_client, page)
    assert "New rule" not in read(member_client, pages)
    for address in (f"{pages}new/", f"{page}edit/"):
        assert member_client.get(address).status_code == 404
        assert member_client.post(address, FORM).status_code == 404
    for address in (f"{page}switch/", f"{page}remove/"):
        assert member_client.post(address).status_code == 404


@pytest.mark.parametrize("path", ["", "new/", "rehearsal/", "{rule}/", "{rule}/edit/"])
def test_who_may_open_it(client, stranger_client, member_client, team, pages, path) -> None:
    address = pages + path.format(rule=make(team).id)
    assert client.get(address).status_code == 302
    assert stranger_client.get(address).status_code == 404
    assert member_client.get(address).status_code == 200
    assert member_client.delete(address).status_code == 405


@pytest.mark.parametrize("path", ["switch/", "remove/"])
def test_who_may_do_it(client, stranger_client, member_client, team, pages, path) -> None:
    address = f"{pages}{make(team).id}/{path}"
    assert client.post(address).status_code == 302
    assert stranger_client.post(address).status_code == 404
    assert member_client.get(address).status_code == 405


def test_a_rule_of_another_team_is_not_there(member_client, other_team, pages) -> None:
    theirs = make(other_team.team)
    for path in ("", "edit/"):
        read(member_client, f"{pages}{theirs.id}/{path}", 404)
    read(member_client, f"{pages}rehearsal/?rule={theirs.id}", 404)


def test_figures_lead_to_a_rule_about_them(member_client, member, team, pages) -> None:
    store(team, report(steps=[step(model="gpt-4o")]))
    nightly = "environment=production&amp;workflow=nightly"
    about = {
        f"/t/{team.slug}/workflows/nightly/?env=production": f"metric=error_rate&amp;{nightly}",
        f"/t/{team.slug}/workflows/nightly/failures/": f"metric=failures&amp;{nightly}",
        f"/t/{team.slug}/models/gpt-4o/?env=*": "metric=error_rate&amp;environment=&amp;scope=model&amp;value=gpt-4o",
    }
    for address, query in about.items():
        assert f'href="{pages}new/?{query}"' in read(member_client, address)
        assert "Not saved" not in read(member_client, f"{pages}new/?{query}".replace("&amp;", "&"))
    Membership.objects.filter(team=team, user=member).update(role=Role.VIEWER)
    for address in about:
        assert "Alert me" not in read(member_client, address)


def test_a_rule_that_nobody_named_is_named_anew_when_it_is_changed(member_client, team, pages) -> None:
    store(team, report())
    made = member_client.post(f"{pages}new/", {**FORM, "workflow": "nightly"})
    form = member_client.get(f"{made.url}edit/")
    assert form.context_data["told"]["name"] == ""
    member_client.post(f"{made.url}edit/", {**form.context_data["told"], "threshold": "40"})
    with team_context(team.id):
        one = AlertRule.objects.get()
        assert one.name.startswith("Error rate above 40% in 5 minutes")
        AlertRule.objects.update(name="Nightly fails")
    assert member_client.get(f"{made.url}edit/").context_data["told"]["name"] == "Nightly fails"


def test_a_schedule_is_of_one_workflow(member_client, team, pages) -> None:
    store(team, report())
    assert "all together" not in read(member_client, f"{pages}new/?metric=missed_schedule")
    told = {"metric": "missed_schedule", "for_metric": "missed_schedule", "cron": "0 3 * * *", "grace_s": "300"}
    refused = member_client.post(f"{pages}new/", told)
    assert "Workflow must be told" in refused.content.decode()
    made = member_client.post(f"{pages}new/", {**told, "workflow": "nightly", "zone": "Europe/Berlin"}, follow=True)
    assert "Missed or late schedule: 0 3 * * * (Europe/Berlin)" in made.content.decode()


def test_a_schedule_is_proposed_from_history(member_client, team, pages) -> None:
    hour = NOW.replace(minute=0, second=0)
    times = [hour - timedelta(hours=place) for place in range(1, 60)]
    store(team, *(report(started_at=at, finished_at=at + timedelta(seconds=5)) for at in times), now=NOW)
    response = member_client.get(f"{pages}new/?metric=missed_schedule&workflow=nightly")
    proposal = response.context_data["proposal"]
    assert proposal["words"] in response.content.decode()
    form = member_client.get(f"{pages}new/{proposal['href']}")
    assert form.context_data["told"]["cron"] == "0 * * * *"
    assert form.context_data["proposal"] is None
