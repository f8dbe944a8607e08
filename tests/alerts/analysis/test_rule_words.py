"""A rule in one sentence."""

import pytest

from alerts.analysis.catalogue import METRICS
from alerts.analysis.conditions import Comparison, Condition
from alerts.analysis.rule_words import Target, length_words, rule_words, value_words
from alerts.analysis.wanted import Wanted, usual

PRODUCTION = Target(environment="production")


@pytest.mark.parametrize(
    ("condition", "target", "words"),
    [
        (
            Condition("error_rate", threshold=0.05, min_samples=20),
            PRODUCTION,
            "Error rate above 5% in 5 minutes with at least 20 runs, of each workflow in production",
        ),
        (
            Condition("duration_p95", threshold=30_000, window_s=900, for_s=600, min_samples=5),
            Target("checkout", scope="model", environment="production"),
            "p95 latency above 30 s in 15 minutes with at least 5 visits, for 10 minutes, "
            "of each model of checkout in production",
        ),
        (
            Condition("cost_usd", Comparison.UNUSUAL, window_s=3600),
            Target(is_per_workflow=False),
            "Cost above its usual range in 1 hour, of all workflows together in all environments",
        ),
        (Condition("runs", Comparison.UNUSUAL), PRODUCTION, "Runs below its usual range in 5 minutes, of each workflow in production"),  # noqa: E501
        (
            Condition("runs", Comparison.BELOW, threshold=1, window_s=86_400),
            Target("nightly", environment="staging"),
            "Runs below 1 in 1 day, of nightly in staging",
        ),
        (Condition("stuck", threshold=90_000), PRODUCTION, "No report for 1 min 30 s while running, of each workflow in production"),  # noqa: E501
        (Condition("failed_in_a_row", threshold=1), PRODUCTION, "At least 2 failures in a row, of each workflow in production"),  # noqa: E501
        (
            Condition("missed_schedule", threshold=0, parameters={"cron": "0 3 * * *", "zone": "Europe/Berlin", "grace_s": 300}),  # noqa: E501
            Target("nightly", environment="production"),
            "Missed or late schedule: 0 3 * * * (Europe/Berlin), 5 minutes of grace, of nightly in production",
        ),
        (
            Condition("budget_share", threshold=0.8, parameters={"budget_usd": 500}),
            Target(is_per_workflow=False, environment="production"),
            "Over 80% of $500.00 spent in the month, of all workflows together in production",
        ),
        (Condition("source_silent", threshold=3_600_000), Target(scope="source", value="n8n"), "Silent for 1 h, of source n8n"),  # noqa: E501
        (Condition("source_silent", Comparison.UNUSUAL), Target(scope="source"), "Silent for longer than usual, of each source"),  # noqa: E501
        (Condition("burn_rate", threshold=1.0), PRODUCTION, "Error budget burns too fast, of each workflow in production"),  # noqa: E501
        (Condition("burn_rate", threshold=6.0), PRODUCTION, "Error budget burns too fast, at 6× or more, of each workflow in production"),  # noqa: E501
        (Condition("nonsense"), PRODUCTION, "Unknown metric nonsense, of each workflow in production"),
    ],
)  # fmt: skip
def test_a_rule_reads_as_a_sentence(condition, target, words) -> None:
    assert rule_words(condition, target) == words


@pytest.mark.parametrize("metric", METRICS.values(), ids=lambda metric: metric.name)
def test_every_metric_begins_with_words_and_a_value(metric) -> None:
    begun = Wanted(name="x", metric=metric.name, **usual(metric)).condition
    words = rule_words(begun, PRODUCTION)
    assert "not told" not in words
    assert "None" not in words
    assert value_words(metric.name, 0.5) not in ("", "not told")
    assert value_words(metric.name, None) == "not told"


def test_lengths() -> None:
    told = [length_words(seconds) for seconds in (60, 90, 300, 3600, 5400, 86_400, 172_800)]
    assert told == ["1 minute", "90 seconds", "5 minutes", "1 hour", "90 minutes", "1 day", "2 days"]
