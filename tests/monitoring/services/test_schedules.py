"""The schedule of a workflow: told by executions, set by people and keys, and what findings make of it."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Team
from accounts.tenancy import team_context
from monitoring.analysis.schedule import Schedule
from monitoring.models import Finding, Workflow
from monitoring.reads.schedules import schedule_of
from monitoring.services.findings import build_due
from monitoring.services.schedules import ScheduleRefused, set_schedule
from monitoring.store.labels import forget_names
from tests.factories import NOW, report, send, store
from tests.monitoring.api.test_objectives import ADDRESS, patch
from tests.monitoring.api.test_reading import Caller
from tests.monitoring.finding_runs import HOUR, lead, the_finding
from tests.monitoring.store.test_merging import SLOW

pytestmark = pytest.mark.django_db
DAILY = "0 6 * * *"


def workflow(team: Team, slug: str = "nightly") -> Workflow:
    with team_context(team.id):
        return Workflow.objects.get(slug=slug)


def told(team: Team) -> tuple[str, str]:
    found = workflow(team)
    return found.told_schedule, found.told_schedule_zone


def on_day(day: int, cron: str, zone: str = "UTC") -> Any:
    at = NOW - timedelta(days=day)
    return report(started_at=at, finished_at=at + timedelta(minutes=1), schedule=cron, schedule_zone=zone)


def test_an_execution_tells_it_and_the_latest_day_counts(team: Team) -> None:
    send(team, on_day(3, DAILY, "Europe/Berlin"))
    assert told(team) == (DAILY, "Europe/Berlin")
    send(team, on_day(1, "30 7 * * *"), on_day(2, "0 0 * * *"), report())
    assert told(team) == ("30 7 * * *", "UTC")


days = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from([DAILY, "0 7 * * *"]), st.sampled_from(["UTC", "Asia/Tokyo"])),
    min_size=1,
    max_size=5,
)


@SLOW
@given(values=days, data=st.data())
def test_neither_order_nor_repetition_matters(team: Team, values: Any, data: st.DataObject) -> None:
    reports = [on_day(*value) for value in values]
    expected = max((-day, cron, zone) for day, cron, zone in values)
    shuffled = data.draw(st.permutations([*reports, *reports[:2]]))
    cut = data.draw(st.integers(0, len(shuffled)))
    with transaction.atomic():
        for request in (shuffled[:cut], shuffled[cut:]):
            forget_names()
            send(team, *request)
        assert told(team) == expected[1:]
        transaction.set_rollback(True)
    forget_names()


def test_what_a_member_sets_counts_before_it_and_gives_way_when_it_is_taken_away(team: Team) -> None:
    send(team, on_day(1, DAILY))
    with team_context(team.id):
        one = Workflow.objects.get()
        set_schedule(workflow=one, told={"schedule": "@hourly", "schedule_grace_ms": 600_000.0})
        one.refresh_from_db()
        assert schedule_of(one) == Schedule("0 * * * *", "UTC", timedelta(minutes=10))
        set_schedule(workflow=one, told={"schedule": ""})
        one.refresh_from_db()
        assert schedule_of(one) == Schedule(DAILY, "UTC", timedelta(minutes=10))


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"schedule": "often"}, "schedule"),
        ({"schedule": DAILY, "schedule_zone": "Mars/Base"}, "schedule_zone"),
        ({"schedule": DAILY, "schedule_grace_ms": 10.0}, "schedule_grace_ms"),
        ({"schedule": DAILY, "schedule_grace_ms": float("nan")}, "schedule_grace_ms"),
    ],
)
def test_what_cannot_be_kept_names_its_field(team: Team, values: dict[str, Any], field: str) -> None:
    send(team, report())
    with team_context(team.id), pytest.raises(ScheduleRefused) as refused:
        set_schedule(workflow=Workflow.objects.get(), told=values)
    assert list(refused.value.reasons) == [field]
    assert workflow(team).schedule == ""


def test_missed_starts_are_those_of_the_told_schedule(team: Team) -> None:
    """Weekdays at six: no rhythm shows in a fortnight of it, but two mornings are missing."""
    mornings = [NOW.replace(hour=6, minute=0) - timedelta(days=day) for day in range(27)]
    came = [at for at in mornings if at.weekday() < 5 and at.day not in (29, 11)]
    store(team, *(lead(n, at + timedelta(seconds=5), schedule="0 6 * * 1-5") for n, at in enumerate(came)))
    build_due(NOW)
    found = the_finding(team)
    assert (found.kind, found.title) == ("schedule", "2 scheduled starts were missed")
    lines = {line["name"]: line["value"] for line in found.evidence["lines"]}
    assert lines["Schedule"] == "0 6 * * 1-5 (UTC)"
    assert found.advice[0]["settings"] == {"grace_ms": 8_640_000, "catch_up": "yes"}


def starts(inputs: list[Any]) -> list[Any]:
    """Pairs of starts three seconds apart, an hour between pairs."""
    return [
        lead(2 * n + m, NOW - (n + 1) * HOUR - timedelta(seconds=3 * m), input=value, input_type=None)
        for n, pair in enumerate(inputs)
        for m, value in enumerate(pair)
    ]


def repeats(team: Team, inputs: list[Any]) -> list[str]:
    store(team, *starts(inputs))
    build_due(NOW)
    with team_context(team.id):
        return [one.title for one in Finding.objects.filter(kind="schedule") if "repeat" in one.title]


def test_the_same_whole_input_is_a_repeat_also_where_it_has_no_fields(team: Team) -> None:
    same = [{"lines": [{"sku": n}]} for n in range(30)]
    assert repeats(team, [(one, one) for one in same]) == ["30 starts repeat one with the same input within 10 s"]


def test_inputs_that_differ_beyond_their_fields_are_no_repeats(team: Team) -> None:
    assert repeats(team, [({"shop": "a", "lines": [n]}, {"shop": "a", "lines": [n, n]}) for n in range(30)]) == []


def test_texts_that_begin_alike_are_no_repeats(team: Team) -> None:
    assert repeats(team, [("x" * 300 + str(n), "x" * 300 + str(-n - 1)) for n in range(30)]) == []


def test_keys_read_and_set_it(team: Team, api_key: str) -> None:
    send(team, on_day(1, DAILY, "Europe/Berlin"))
    assert Caller(api_key).get(ADDRESS)["told_schedule"] == DAILY
    made = patch(api_key, {"schedule": "@daily", "schedule_zone": "Asia/Tokyo", "schedule_grace_ms": 60_000})
    assert [made[name] for name in ("schedule", "schedule_zone", "schedule_grace_ms")] == [
        "0 0 * * *",
        "Asia/Tokyo",
        60_000,
    ]
    refused = patch(api_key, {"schedule_zone": "Tokyo"}, 400)
    assert refused["errors"] == [{"field": "schedule_zone", "reason": "Must be a time zone, such as Europe/Berlin."}]


def test_members_set_it_on_the_page_of_the_criteria(
    team: Team, member_client: Client, stranger_client: Client, client: Client
) -> None:
    send(team, on_day(1, DAILY, "Europe/Berlin"))
    page = f"/t/{team.slug}/workflows/nightly/criteria/"
    save = f"/t/{team.slug}/workflows/nightly/schedule/"
    assert "Executions tell <code>0 6 * * * (Europe/Berlin)</code>" in member_client.get(page).content.decode()
    wrong = member_client.post(save, {"schedule": "0 25 * * *", "zone": "Berlin", "grace_minutes": "x"})
    assert wrong.status_code == 422
    assert "The minutes are a number, such as 30." in wrong.content.decode()
    wrong = member_client.post(save, {"schedule": "0 25 * * *", "zone": "UTC"})
    assert "The schedule cannot be read at the hour: it takes 0 to 23" in wrong.content.decode()
    assert 'value="0 25 * * *"' in wrong.content.decode()
    assert member_client.post(save, {"schedule": "0 5 * * *", "zone": "", "grace_minutes": "30"}).status_code == 302
    kept = member_client.get(page).content.decode()
    assert 'value="0 5 * * *"' in kept
    assert 'value="30"' in kept
    assert stranger_client.post(save, {}).status_code == 404
    assert client.post(save, {}).status_code == 302
    assert member_client.get(save).status_code == 405
