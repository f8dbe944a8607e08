"""The metrics of a team, as `/metrics` and the metrics push tell them: families made of `metric_rows`.

Counters count since the first day of the month (UTC): retention never lowers them, and they begin again each month,
as OpenMetrics allows. A correction (a status or cost told again, erased data) would lower one, which a scraper takes
for a new start and counts twice: `monitoring.reads.high_water` holds it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from monitoring import ports
from monitoring.analysis.exposition import Distribution, Family, Labels, Sample
from monitoring.reads.high_water import held
from monitoring.reads.metric_rows import REASONING, MetricRows, read_rows
from monitoring.reads.metric_sums import BOUNDS
from monitoring.statuses import FAILING, Status

# What an execution may still change from is no matter for a counter.
SETTLED = (Status.SUCCEEDED, Status.FAILED, Status.TIMED_OUT, Status.CANCELLED, Status.SKIPPED)


@dataclass(frozen=True, slots=True)
class Metrics:
    """What one scrape tells: counters since `since`, complete up to `as_of`."""

    families: list[Family]
    since: datetime
    as_of: datetime


def read_metrics(team_id: UUID, now: datetime, *, environment: str | None = None) -> Metrics:
    """The metrics of a team, of one environment or (None) all. Call it inside the team's context."""
    rows = read_rows(team_id, now, environment=environment)
    counted = [*_of_workflows(rows), *_of_usage(rows)]
    about = f"{team_id} {environment or ''} {rows.since:%Y-%m}"
    return Metrics(
        [*held(about, counted), *_of_now(rows), *_of_alerts(team_id), *_of_itself(rows)], rows.since, rows.as_of
    )


def _counter(rows: MetricRows, name: str, help: str, values: Mapping[Labels, float], unit: str = "") -> Family:
    samples = [Sample(labels, value) for labels, value in sorted(values.items())]
    return Family(name, "counter", help, samples, unit=unit, since=rows.since)


def _of_workflows(rows: MetricRows) -> list[Family]:
    by_status: dict[Labels, float] = {
        (("workflow", name), ("status", status.word)): one.count(status.word)
        for name, one in rows.workflows.items()
        for status in SETTLED
    }
    failures: dict[Labels, float] = {
        (("workflow", name),): sum(one.count(status.word) for status in FAILING) for name, one in rows.workflows.items()
    }
    retries: dict[Labels, float] = {(("workflow", name),): one.count("retries") for name, one in rows.workflows.items()}
    unmet: dict[Labels, float] = {
        (("workflow", name),): one.count("unmet") for name, one in rows.workflows.items() if one.count("checked")
    }
    met_help = "Succeeded executions that did not meet the success criteria of their workflow."
    return [
        _counter(rows, "workflow_executions", "Executions that came to an end, by their status.", by_status),
        _counter(rows, "workflow_failures", "Executions that failed or timed out.", failures),
        _counter(rows, "workflow_retries", "Attempts after the first, of executions and of steps.", retries),
        _counter(rows, "workflow_executions_unmet", met_help, unmet),
        _durations(rows),
    ]


def _durations(rows: MetricRows) -> Family:
    found = [
        Distribution((("workflow", name),), one.within, one.timed_runs, one.seconds)
        for name, one in sorted(rows.workflows.items())
    ]
    help = "Durations of executions; bounds are met within 2 %."
    return Family("workflow_duration_seconds", "histogram", help, (), found, BOUNDS, "seconds", rows.since)


def _of_usage(rows: MetricRows) -> list[Family]:
    tokens: dict[Labels, float] = {
        (("model", model), ("type", type)): count for (model, type), count in rows.tokens.items() if type != REASONING
    }
    reasoning: dict[Labels, float] = {
        (("model", model),): count for (model, type), count in rows.tokens.items() if type == REASONING
    }
    cost: dict[Labels, float] = {
        (("provider", provider), ("workflow", workflow)): float(usd)
        for (provider, workflow), usd in rows.cost_usd.items()
    }
    return [
        _counter(rows, "token_usage", "Tokens by model and type; no token is of two types.", tokens),
        _counter(rows, "token_reasoning", "The part of the output tokens that was reasoning.", reasoning),
        _counter(rows, "workflow_cost_usd", "Cost as far as it was told, in US dollars.", cost, "usd"),
    ]


def _gauge(name: str, help: str, values: Iterable[tuple[Labels, float]], unit: str = "") -> Family:
    return Family(name, "gauge", help, [Sample(*one) for one in sorted(values)], unit=unit)


def _of_now(rows: MetricRows) -> list[Family]:
    names = sorted({*rows.workflows, *(name for name, _ in rows.live)})
    running: list[tuple[Labels, float]] = [
        ((("workflow", name),), rows.live.get((name, Status.RUNNING.word), 0)) for name in names
    ]
    idle: list[tuple[Labels, float]] = [
        ((("workflow", name), ("status", status)), count)
        for (name, status), count in rows.live.items()
        if status != Status.RUNNING.word
    ]
    untold: list[tuple[Labels, float]] = [
        ((("workflow", name),), count) for name, one in rows.workflows.items() if (count := one.count("unknown"))
    ]
    return [
        _gauge("active_workflows", "Executions running now.", running),
        _gauge("workflow_executions_waiting", "Executions queued, or waiting for a person, now.", idle),
        _gauge("workflow_executions_unknown", "Executions of this month whose status nobody told.", untold),
    ]


def _of_alerts(team_id: UUID) -> list[Family]:
    states = ports.alert_states(team_id)
    if states is None:
        return []
    values: list[tuple[Labels, float]] = [
        ((("rule", one.rule), ("workflow", one.workflow)), int(one.is_firing)) for one in states
    ]
    return [_gauge("workflow_alert_firing", "Whether an alert rule fires now.", values)]


def _of_itself(rows: MetricRows) -> list[Family]:
    cut: list[tuple[Labels, float]] = [((("label", label),), count) for label, count in rows.cut.items()]
    return [
        _gauge("steadyrun_metrics_label_sets_cut", "Values of a label that are told together as (other).", cut),
        _gauge(
            "steadyrun_metrics_as_of_timestamp_seconds",
            "Everything reported up to this time is in the figures.",
            [((), rows.as_of.timestamp())],
            "seconds",
        ),
    ]
