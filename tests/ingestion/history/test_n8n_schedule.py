"""Schedules of n8n's trigger node as cron text, where cron can say the same."""

from typing import Any

import pytest

from ingestion.history.n8n import translate
from ingestion.history.n8n_schedule import schedule_of

BERLIN = {"timezone": "Europe/Berlin"}


def workflow(*rules: Any, settings: Any = BERLIN, **node: Any) -> dict[str, Any]:
    trigger = {"type": "n8n-nodes-base.scheduleTrigger", "parameters": {"rule": {"interval": list(rules)}}, **node}
    return {
        "name": "Orders",
        "nodes": [{"type": "n8n-nodes-base.set", "parameters": {}}, trigger],
        "settings": settings,
    }


@pytest.mark.parametrize(
    ("rule", "cron"),
    [
        ({"field": "cronExpression", "expression": "0 9 * * 1-5"}, "0 9 * * 1-5"),
        ({"field": "cronExpression", "expression": "0 0 9 * * *"}, "0 9 * * *"),
        ({"field": "minutes", "minutesInterval": 15}, "*/15 * * * *"),
        ({"field": "hours", "triggerAtMinute": 20}, "20 * * * *"),
        ({"triggerAtHour": 9, "triggerAtMinute": 30}, "30 9 * * *"),
        ({}, "0 0 * * *"),
        ({"field": "weeks", "triggerAtDay": [1, 4], "triggerAtHour": 7}, "0 7 * * 1,4"),
        ({"field": "months", "triggerAtDayOfMonth": 3}, "0 0 3 * *"),
    ],
)
def test_a_rule_is_cron_text_in_the_zone_of_the_workflow(rule: dict[str, Any], cron: str) -> None:
    assert schedule_of(workflow(rule)) == {"schedule": cron, "schedule_zone": "Europe/Berlin"}


@pytest.mark.parametrize(
    "rules",
    [
        [],
        ["x"],
        [{"field": "days", "daysInterval": 3}],
        [{"field": "minutes", "minutesInterval": 7}],
        [{"field": "cronExpression", "expression": "30 0 9 * * *"}],
        [{"field": "cronExpression", "expression": "={{ $json.cron }}"}],
        [{"field": "weeks", "triggerAtDay": [9]}],
        [{"field": "days", "triggerAtHour": "nine"}],
        [{"field": "hours"}, {"field": "days"}],
    ],
)
def test_what_cron_cannot_say_is_not_told(rules: list[Any]) -> None:
    assert schedule_of(workflow(*rules)) == {}


def test_a_time_of_day_in_a_zone_that_nobody_told_is_not_told() -> None:
    for settings in (None, {}, {"timezone": "DEFAULT"}):
        assert schedule_of(workflow({"triggerAtHour": 9}, settings=settings)) == {}
        assert schedule_of(workflow({"field": "hours"}, settings=settings))["schedule"] == "0 * * * *"
    assert schedule_of(workflow({"field": "hours"}, disabled=True)) == {}


def test_an_execution_tells_the_schedule_of_its_workflow() -> None:
    found = translate({"id": 7, "status": "success", "workflowData": workflow({"triggerAtHour": 9})})
    assert (found["schedule"], found["schedule_zone"]) == ("0 9 * * *", "Europe/Berlin")
