"""The rehearsal of a rule: in the form, beside the rule as it is, on a page of its own, as CSV."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.tenancy import team_context
from alerts.models import AlertRule
from monitoring.statuses import Status
from monitoring.windows import HOUR, floor_to
from tests.alerts.views.test_rules import FORM, make, pages, read  # noqa: F401
from tests.factories import report, store

pytestmark = pytest.mark.django_db
NOW = floor_to(timezone.now(), HOUR)


@pytest.fixture
def outages(team) -> None:
    """Two of them: half of forty runs fail, two and five days ago."""
    reports = []
    for days in (2, 5):
        for number in range(40):
            at = NOW - timedelta(days=days) + number * timedelta(seconds=15)
            status = Status.FAILED if number % 2 else Status.SUCCEEDED
            reports.append(report(status=status, started_at=at - timedelta(seconds=9), finished_at=at))
        for number in range(40):
            at = NOW - timedelta(days=days) + (15 + number) * timedelta(minutes=1)
            reports.append(report(started_at=at - timedelta(seconds=9), finished_at=at))
    store(team, *reports, now=timezone.now())


def test_the_form_leads_to_its_rehearsal_and_saves_nothing(member_client, team, pages, outages) -> None:  # noqa: F811
    response = member_client.post(f"{pages}new/", {**FORM, "rehearse": "1"}, follow=True)
    text = response.content.decode()
    assert "rehearse=1" in response.redirect_chain[0][0]
    assert 'hx-trigger="load"' in text
    assert 'value="7.5"' in text
    href = response.context_data["rehearsal_href"]
    part = member_client.get(href, headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in part
    words = " ".join(part.split())
    assert "It would have fired 2 times in the last 30 days" in words
    assert "sent 4 notices to each channel" in words
    assert words.count('<td class="nw">') == 2
    page = read(member_client, href)
    assert "<html" in page
    assert "figures by the minute, windows of 5 minutes, one every 1 minute" in page
    with team_context(team.id):
        assert not AlertRule.objects.exists()


def test_its_chart_has_threshold_and_bands(member_client, pages, outages) -> None:  # noqa: F811
    chart = member_client.get(f"{pages}rehearsal/", FORM).context_data["charts"][0].payload()
    assert chart["limit"] == {"value": 0.075, "label": "above 7.5%"}
    assert len(chart["spans"]) == 2
    assert len(chart["x"]) <= 500
    assert max(value or 0 for value in chart["series"][0]["values"]) == 0.5


def test_a_change_stands_beside_the_rule_as_it_is(member_client, team, pages, outages) -> None:  # noqa: F811
    rule = make(team)
    response = member_client.post(f"{pages}{rule.id}/edit/", {**FORM, "threshold": "60", "rehearse": "1"}, follow=True)
    found = member_client.get(response.context_data["rehearsal_href"])
    sides = found.context_data["sides"]
    assert [(side.title, side.firings) for side in sides] == [("As it is", 2), ("As it would be", 0)]
    with team_context(team.id):
        assert AlertRule.objects.get().threshold == 0.05


def test_it_is_exported(member_client, pages, outages) -> None:  # noqa: F811
    lines = b"".join(member_client.get(f"{pages}rehearsal/", {**FORM, "format": "csv"})).decode().splitlines()
    assert lines[0].endswith("workflow,value,held_since,opened_at,resolved_at,seconds,worst,is_flapping")
    assert len(lines) == 3
    assert lines[1].startswith("nightly,")


def test_its_advice_leads_to_the_form_with_the_threshold(member_client, team, pages) -> None:  # noqa: F811
    reports = []
    for days in range(1, 25):
        for number in range(20):
            at = NOW - timedelta(days=days) + number * timedelta(seconds=5)
            status = Status.FAILED if number < 2 + days % 8 else Status.SUCCEEDED
            reports.append(report(status=status, started_at=at - timedelta(seconds=3), finished_at=at))
    store(team, *reports, now=timezone.now())
    told = {**FORM, "threshold": "5", "no_data": "ok"}
    context = member_client.get(f"{pages}rehearsal/", told).context_data
    assert context["advice"].startswith("About one a week: above ")
    form = member_client.get(context["advice_href"])
    assert form.status_code == 200
    found = member_client.get(form.context_data["rehearsal_href"])
    assert 3 <= len(found.context_data["rows"]) <= 6


def test_what_cannot_be_rehearsed_says_why(member_client, pages) -> None:  # noqa: F811
    assert "cannot be rehearsed" in read(member_client, f"{pages}rehearsal/?metric=stuck")
    assert "Nothing was reported in the last 30 days" in read(member_client, f"{pages}rehearsal/?metric=error_rate")
    text = read(member_client, f"{pages}rehearsal/?metric=error_rate&threshold=700", 422)
    assert "Cannot be rehearsed: Threshold must be between 0% and 100%" in text


def test_its_address_may_hold_nonsense(member_client, pages) -> None:  # noqa: F811
    for query in ("rule=nonsense", "rule=00000000-0000-0000-0000-000000000000"):
        read(member_client, f"{pages}rehearsal/?{query}", 404)
    assert member_client.get(f"{pages}rehearsal/?metric=error_rate&threshold=1e999").status_code == 422
