"""What a rule may say, and what is refused with field, reason and limit."""

import math
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.analysis.catalogue import METRICS
from alerts.analysis.conditions import Comparison
from alerts.analysis.default_rules import DEFAULT_RULES
from alerts.analysis.rule_checks import faults
from alerts.analysis.wanted import Wanted, usual

GOOD = Wanted("Failures", "error_rate", threshold=0.05, min_samples=20)


def test_a_plain_rule_is_fine() -> None:
    assert faults(GOOD) == {}


@pytest.mark.parametrize("metric", METRICS.values(), ids=lambda metric: metric.name)
def test_what_a_form_begins_with_is_fine(metric) -> None:
    begun = {**usual(metric)}
    if metric.name == "missed_schedule":
        begun |= {"parameters": {"cron": "0 3 * * 1-5", "zone": "Europe/Berlin"}, "workflow_id": uuid4()}
    assert faults(Wanted("x", metric.name, **begun).fitted()) == {}


@pytest.mark.parametrize(
    ("change", "field", "reason"),
    [
        ({"name": "  "}, "name", "must be told"),
        ({"name": "x" * 201}, "name", "at most 200 characters"),
        ({"name": "a\x00b"}, "name", "without NUL"),
        ({"metric": "luck"}, "metric", "is not known. Known: error_rate"),
        ({"scope": "planet"}, "scope", "can be split by"),
        ({"scope": "source"}, "scope", "can be split by"),
        ({"comparison": "beside"}, "comparison", "must be one of: above, below"),
        ({"threshold": None}, "threshold", "must be told"),
        ({"threshold": 1.5}, "threshold", "must be between 0% and 100%"),
        ({"threshold": -0.1}, "threshold", "must be between 0% and 100%"),
        ({"threshold": math.nan}, "threshold", "must be a number"),
        ({"threshold": math.inf}, "threshold", "must be a number"),
        ({"threshold": True}, "threshold", "must be a number"),
        ({"threshold": 10**400}, "threshold", "must be between"),
        ({"threshold": 1.0}, "threshold", "nothing is ever above it"),
        ({"comparison": "below", "threshold": 0.0}, "threshold", "nothing is ever below it"),
        ({"metric": "failures", "threshold": -1}, "threshold", "must be between 0 and"),
        ({"clear_threshold": 0.06}, "clear_threshold", "at or below the threshold"),
        ({"comparison": "below", "clear_threshold": 0.01}, "clear_threshold", "at or above the threshold"),
        ({"window_s": 90}, "window_s", "must be whole minutes"),
        ({"window_s": 30}, "window_s", "from 60"),
        ({"window_s": 31 * 86_400}, "window_s", "30 days"),
        ({"window_s": 86_460}, "window_s", "whole hours"),
        ({"for_s": -1}, "for_s", "from 0 to 86,400"),
        ({"keep_firing_s": 10**9}, "keep_firing_s", "from 0 to 86,400"),
        ({"delay_s": 3_601}, "delay_s", "from 0 to 3,600"),
        ({"min_samples": -5}, "min_samples", "from 0 to 1,000,000"),
        ({"min_samples": 1.5}, "min_samples", "whole number"),
        ({"no_data": "panic"}, "no_data", "must be one of"),
        ({"severity": "loud"}, "severity", "must be one of: info, warning, critical"),
        ({"url": "javascript:alert(1)"}, "url", "http or https"),
        ({"tags": ("x" * 61,)}, "tags", "up to 60 characters"),
        ({"metric": "stuck", "threshold": 60_000, "comparison": "below"}, "comparison", "can only be above"),
        ({"metric": "stuck", "threshold": 60_000, "comparison": "unusual"}, "comparison", "has no usual range"),
        ({"metric": "late", "threshold": 2, "is_per_workflow": False}, "is_per_workflow", "one workflow at a time"),
        ({"metric": "budget_share", "threshold": 0.8}, "budget_usd", "must be an amount above 0"),
        ({"metric": "budget_share", "threshold": 0.8, "parameters": {"budget_usd": -1}}, "budget_usd", "above 0"),
        ({"metric": "missed_schedule", "parameters": {"cron": "61 * * * *"}}, "cron", ""),
        ({"metric": "missed_schedule", "parameters": {"cron": "0 0 31 2 *"}}, "cron", ""),
        ({"metric": "missed_schedule", "parameters": {"cron": "0 3 * * *", "zone": "Mars/Base"}}, "zone", "time zone"),
        ({"metric": "missed_schedule", "parameters": {"cron": "0 3 * * *", "zone": "../etc/passwd"}}, "zone", "time zone"),  # noqa: E501
        ({"metric": "missed_schedule", "parameters": {"period_s": 5}}, "period_s", "60 seconds"),
        ({"metric": "missed_schedule", "parameters": {"cron": "0 3 * * *", "period_s": 3600}}, "period_s", "left out"),
        ({"metric": "missed_schedule", "parameters": {"period_s": 3600, "grace_s": -1}}, "grace_s", "7 days"),
    ],
)  # fmt: skip
def test_what_cannot_be_meant_names_field_reason_and_limit(change, field, reason) -> None:
    found = faults(replace(GOOD, **change).fitted())
    assert reason in found[field], found


def test_a_text_that_looks_hostile_is_a_text() -> None:
    told = replace(GOOD, name="<script>alert('x')</script>", text="'; DROP TABLE alert_rule; --")
    assert faults(told) == {}


def test_what_does_not_belong_to_the_metric_is_left_out() -> None:
    told = Wanted("x", "stuck", threshold=60_000, window_s=300, min_samples=9, parameters={"cron": "x"}).fitted()
    assert (told.window_s, told.min_samples, told.parameters) == (0, 0, {})
    usual_range = replace(GOOD, comparison=Comparison.UNUSUAL.value).fitted()
    assert usual_range.threshold is None
    source = Wanted("x", "source_silent", threshold=1).fitted()
    assert (source.scope, source.environment, source.is_per_workflow) == ("source", "", False)


anything: st.SearchStrategy[Any] = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30)


@settings(max_examples=200)
@given(
    st.sampled_from(sorted(METRICS)),
    st.dictionaries(st.sampled_from(["threshold", "clear_threshold", "window_s", "min_samples", "for_s"]), anything),
    st.dictionaries(st.sampled_from(["cron", "zone", "period_s", "grace_s", "budget_usd"]), anything),
)
def test_nothing_that_is_told_breaks_the_checks(metric, fields, parameters) -> None:
    told = Wanted(**{"name": "x", "metric": metric, **fields, "parameters": parameters}).fitted()
    if not faults(told):
        assert told.condition.metric == metric


@pytest.mark.parametrize("default", DEFAULT_RULES, ids=lambda one: one.key)
def test_rules_from_the_start_can_be_changed_and_kept(default) -> None:
    told = {name: value for name, value in default.as_fields().items() if name in Wanted.__slots__}
    wanted = Wanted(**told)
    assert faults(wanted.fitted()) == {}
    assert wanted.fitted() == wanted
