"""What each figure of the pages means: one definition, shown as help on pages and in docs/metrics.md.

A definition says what a figure is in one sentence, in which unit, by which formula, and which code computes it. It
computes nothing itself. `docs/metrics.md` has the same table (a test compares the two).
"""

from collections.abc import Sequence
from dataclasses import dataclass

# A line of the arithmetic of one view: what, and its value in words.
Line = tuple[str, str]
PAGE = "docs/metrics.md"


@dataclass(frozen=True, slots=True)
class Definition:
    """A figure: its name, unit, a sentence and a formula, and what computes it (`module:name`)."""

    key: str
    name: str
    unit: str
    sentence: str
    formula: str
    computed_in: str

    @property
    def anchor(self) -> str:
        """Where it stands in `PAGE`."""
        return self.key.replace("_", "-")

    @property
    def file(self) -> str:
        """The file of the source that computes it."""
        return self.computed_in.partition(":")[0].replace(".", "/") + ".py"


_FIGURES, _NODES = "monitoring.reads.figures", "monitoring.reads.development_nodes"
_COSTS, _LIVE = "billing.reads.cost", "monitoring.reads.trends"
_OPERATIONS, _CONCENTRATION = "alerts.reads.operations", "monitoring.analysis.concentration"

# fmt: off
_ALL: Sequence[Definition] = (
    Definition("runs", "Runs", "count",
               "Executions of the range, by when they finished, else began. Each attempt is one.",
               "executions of every status", f"{_FIGURES}:Totals.runs"),
    Definition("success_rate", "Success rate", "share",
               "The share of finished runs that succeeded; cancelled, skipped and unknown ones are left out.",
               "succeeded ÷ (succeeded + failed + timed out)", f"{_FIGURES}:Totals.success_rate"),
    Definition("met_rate", "Met criteria", "share",
               "The share of finished runs that succeeded and met their criteria; those not checked count as met.",
               "(succeeded − unmet) ÷ (succeeded + failed + timed out)", f"{_FIGURES}:Totals.met"),
    Definition("failures", "Failures", "count",
               "Runs that failed or timed out.",
               "failed + timed out", f"{_FIGURES}:Totals.failures"),
    Definition("failure_rate", "Failure rate", "share",
               "The share of finished runs, visits or calls that failed or timed out.",
               "(failed + timed out) ÷ (succeeded + failed + timed out)", f"{_FIGURES}:Totals.failure"),
    Definition("failing_share", "Share that fails", "share",
               "The share of all runs of the last 15 minutes that failed or timed out, unfinished ones counted.",
               "(failed + timed out) ÷ runs", f"{_OPERATIONS}:Failing.failures"),
    Definition("failure_share", "Share of failures", "share",
               "The part of all failed visits that this node has.",
               "failed visits of the node ÷ failed visits of all nodes", f"{_NODES}:NodeRow.share"),
    Definition("latency_avg", "Average latency", "ms",
               "The mean duration of the runs whose duration is known; a few slow runs move it.",
               "sum of durations ÷ runs whose duration is known", f"{_FIGURES}:Durations.avg"),
    Definition("p50", "Latency, p50", "ms",
               "Half of the runs take less.",
               "the duration below which 50 % of the runs lie, from merged histograms, within 2 %",
               f"{_FIGURES}:Totals.percentile_ms"),
    Definition("p95", "Latency, p95", "ms",
               "One run in twenty takes longer.",
               "the duration below which 95 % of the runs lie, from merged histograms, within 2 %",
               f"{_FIGURES}:Totals.percentile_ms"),
    Definition("p99", "Latency, p99", "ms",
               "One run in a hundred takes longer.",
               "the duration below which 99 % of the runs lie, from merged histograms, within 2 %",
               f"{_FIGURES}:Totals.percentile_ms"),
    Definition("interval", "95% interval", "as the figure",
               "Where the true value lies 95 times of 100, given as few or as many runs as there are.",
               "Wilson's interval for shares; order statistics for percentiles",
               "monitoring.analysis.intervals:wilson"),
    Definition("runs_beyond", "Runs beyond", "count",
               "Runs that take longer than this.",
               "runs whose duration is known − those within", f"{_FIGURES}:Totals.within_ms"),
    Definition("change", "Change", "share",
               "The difference to the period of equal length before; for shares in percentage points.",
               "now ÷ before − 1; for shares now − before", "monitoring.views.comparing:relative_change"),
    Definition("before", "Before", "as the figure",
               "The same figure in the period of equal length before the range.",
               "as the figure, from range start − length to range start", "monitoring.windows:Window.previous"),
    Definition("retries", "Retries", "count",
               "Attempts after the first, of executions and of steps.",
               "attempts − first attempts", f"{_FIGURES}:Totals.retries"),
    Definition("visits", "Visits", "count",
               "Steps: each visit of the node in an execution.",
               "steps of every status", f"{_FIGURES}:Totals.runs"),
    Definition("failed_visits", "Failed visits", "count",
               "Visits of the node that failed or timed out.",
               "failed + timed out", f"{_NODES}:Visits.failures"),
    Definition("timed_visits", "Timed visits", "count",
               "Visits whose duration is known; percentiles are of them.",
               "steps with a duration", f"{_NODES}:Visits.timed"),
    Definition("calls", "Calls", "count",
               "Visits of steps that name this system, model or tool; of nested ones the innermost.",
               "steps of every status that name it", "monitoring.reads.figures:Totals.runs"),
    Definition("failing_now", "Failing now", "count",
               "Workflows that called it in the last 15 minutes and failed there at least once.",
               "calling workflows with a failed call", "monitoring.reads.dependents:failing_now"),
    Definition("shared_runs", "Runs that share it", "count",
               "Of the runs that are looked at, those that have this value.",
               "runs with the value", f"{_CONCENTRATION}:measure"),
    Definition("shared_share", "Of these", "share",
               "The part of the runs that are looked at that have this value.",
               "runs with the value ÷ runs looked at", f"{_CONCENTRATION}:measure"),
    Definition("usual_share", "Usual share", "share",
               "The part of all runs of the same period that have this value.",
               "all runs with the value ÷ all runs", f"{_CONCENTRATION}:measure"),
    Definition("lift", "Lift", "factor",
               "How many times as often failures have this value as all runs do; 1 says nothing.",
               "share of failures ÷ usual share", f"{_CONCENTRATION}:measure"),
    Definition("new_groups", "New failure groups", "count",
               "Failures of one workflow, node and normalised error that were never seen before the range.",
               "failure groups whose first failure lies in the range", "monitoring.reads.development:new_groups"),
    Definition("group_failures", "Failures of a group", "count",
               "Failed runs of this range with the fingerprint of the group or of one that was merged into it.",
               "failures of the group in the range", "monitoring.reads.group_points:points_of"),
    Definition("running", "Running", "count",
               "Executions that are at work now: they began and nothing said that they ended.",
               "executions with the status running", f"{_LIVE}:live"),
    Definition("waiting", "Queued or waiting", "count",
               "Executions that are to begin, and those that wait for a person, now.",
               "queued + waiting", f"{_LIVE}:live"),
    Definition("open_incidents", "Open incidents", "count",
               "Incidents that are not resolved, acknowledged ones too.",
               "incidents that are not resolved", f"{_OPERATIONS}:read"),
    Definition("incidents", "Incidents", "count",
               "Incidents that opened in the range; what counts to another one is not counted apart.",
               "incidents whose opening lies in the range", "alerts.reads.recovery:recovery"),
    Definition("recovery", "Time to recover, median", "ms",
               "Half of the incidents that were resolved in the range were over sooner.",
               "median of (resolved − since when the condition held)", "alerts.reads.recovery:recovery"),
    Definition("overdue", "Overdue", "count",
               "Workflows whose schedule expects a start that has not come within its grace.",
               "schedules with a missed start", f"{_OPERATIONS}:read"),
    Definition("stuck", "Stuck or missed", "count",
               "What alert rules found to stand still, and runs that did not start.",
               "open incidents of such rules", f"{_OPERATIONS}:read"),
    Definition("tokens", "Tokens", "tokens",
               "Tokens that reports told, each in one bucket; reasoning is a part of the output.",
               "input + read from cache + written to cache + output", f"{_FIGURES}:Tokens.total"),
    Definition("api_calls", "API calls", "count",
               "Calls that executions told that they made.",
               "sum over the runs that told it", f"{_FIGURES}:Totals.api_calls"),
    Definition("peak_memory", "Peak memory", "bytes",
               "The most that one run held.",
               "greatest peak of the runs that told it", f"{_FIGURES}:Totals.peak_memory_bytes"),
    Definition("storage", "Storage", "bytes",
               "What all runs wrote together.",
               "sum over the runs that told it", f"{_FIGURES}:Totals.storage_bytes"),
    Definition("cost", "Cost", "USD",
               "Money as far as it is known: told, priced or entered. What has no price is left out, and said.",
               "sum of cost lines; for executions sum of what their steps cost", "billing.reads.cost:Figures.cost_usd"),
    Definition("forecast", "Forecast", "USD",
               "What the period is expected to cost at its end; it lies in the interval 4 times of 5.",
               "spent so far + level of the last days × usual share of the weekday, for each day that is left",
               "billing.analysis.forecast:forecast"),
    Definition("cost_per_run", "Cost per run", "USD",
               "All cost of these days over all runs, failed ones included.",
               "cost ÷ runs", "billing.views.words:per"),
    Definition("cost_per_success", "Cost per successful run", "USD",
               "All cost of these days, that of failed runs included, over the runs that succeeded.",
               "cost ÷ succeeded", "billing.views.words:per"),
    Definition("waste", "Spent on failed runs", "USD",
               "Cost of what failed, was tried again, or came after the divergence.",
               "failed + retried + after the divergence", f"{_COSTS}:Figures.waste_usd"),
    Definition("waste_share", "Share spent on failed runs", "share",
               "The part of the cost that went to what failed, was tried again, or came after the divergence.",
               "spent on failed runs ÷ cost", f"{_COSTS}:Figures.waste_share"),
    Definition("failed_cost", "Cost of failed runs", "USD",
               "What failed and timed-out runs cost, of those that told it; unknown once records are removed.",
               "sum of their cost", "monitoring.reads.review:waste_of"),
    Definition("accepted", "Accepted", "count",
               "Items of reports that are stored, or were known already.",
               "stored + known already", "ingestion.reads.ledger:Counts.accepted"),
    Definition("rejected", "Rejected", "count",
               "Items that were refused, each with its field and reason; requests refused whole are counted apart.",
               "rejected items", "ingestion.reads.ledger:Counts.rejected"),
    Definition("lag", "Lag, average", "ms",
               "How old the newest record of a request was when it came.",
               "sum of lags ÷ requests that tell a time", "ingestion.reads.ledger:Counts.lag_average_ms"),
    Definition("sent_waiting", "Waiting requests", "count",
               "Requests that wait to be sent on; when there are too many, the oldest are dropped.",
               "requests in the outbox of the destination", "ingestion.models.destination:Destination"),
    Definition("sent", "Sent requests", "count",
               "Requests that the destination took, since it was added.",
               "requests answered well", "ingestion.models.destination:Destination.sent_count"),
    Definition("dropped", "Dropped requests", "count",
               "Requests that were refused, too old or too many, since the destination was added.",
               "requests given up", "ingestion.models.destination:Destination.dropped_count"),
    Definition("sent_last", "Last success", "time",
               "When the destination last took a request.",
               "latest good answer", "ingestion.models.destination:Destination.last_success_at"),
    Definition("notice_last", "Last sent", "time",
               "When the channel last took a notice.",
               "latest good answer", "alerts.models.channel:Channel.last_success_at"),
    Definition("notices_waiting", "Waiting", "count",
               "Notices that wait to be sent, or to be tried again.",
               "notices that are due", "alerts.reads.channels:ChannelRow.waiting"),
    Definition("given_up", "Given up", "count",
               "Notices that were refused, or failed for a day; each can be sent again.",
               "notices given up", "alerts.reads.channels:ChannelRow.given_up"),
)
# fmt: on
DEFINITIONS: dict[str, Definition] = {one.key: one for one in _ALL}
