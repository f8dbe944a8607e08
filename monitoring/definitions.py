"""What each figure of the pages means: one definition, shown as help on pages and in docs/metrics.md.

A definition says what a figure is in one sentence, in which unit, by which formula, and which code computes it. It
computes nothing itself. `docs/metrics.md` has the same table (a test compares the two).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from accounts.phrases import gettext_noop

# A line of the arithmetic of one view: what, and its value in words.
Line = tuple[str, str]
PAGE = "docs/metrics.md"


@dataclass(frozen=True, slots=True)
class Definition:
    """A figure: its name, unit, a sentence and a formula, and what computes it (`module:name`).

    The words are marked for translation; `monitoring/templatetags/defined.py` shows them in the reader's language.
    """

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
    Definition("runs", gettext_noop("Runs"), gettext_noop("count"),
               gettext_noop("Executions of the range, by when they finished, else began. Each attempt is one."),
               gettext_noop("executions of every status"),
               f"{_FIGURES}:Totals.runs"),
    Definition("success_rate", gettext_noop("Success rate"), gettext_noop("share"),
               gettext_noop("The share of finished runs that succeeded; cancelled, skipped and unknown ones are "
                            "left out."),
               gettext_noop("succeeded ÷ (succeeded + failed + timed out)"),
               f"{_FIGURES}:Totals.success_rate"),
    Definition("met_rate", gettext_noop("Met criteria"), gettext_noop("share"),
               gettext_noop("The share of finished runs that succeeded and met their criteria; those not checked "
                            "count as met."),
               gettext_noop("(succeeded − unmet) ÷ (succeeded + failed + timed out)"),
               f"{_FIGURES}:Totals.met"),
    Definition("failures", gettext_noop("Failures"), gettext_noop("count"),
               gettext_noop("Runs that failed or timed out."),
               gettext_noop("failed + timed out"),
               f"{_FIGURES}:Totals.failures"),
    Definition("failure_rate", gettext_noop("Failure rate"), gettext_noop("share"),
               gettext_noop("The share of finished runs, visits or calls that failed or timed out."),
               gettext_noop("(failed + timed out) ÷ (succeeded + failed + timed out)"),
               f"{_FIGURES}:Totals.failure"),
    Definition("failing_share", gettext_noop("Share that fails"), gettext_noop("share"),
               gettext_noop("The share of all runs of the last 15 minutes that failed or timed out, unfinished "
                            "ones counted."),
               gettext_noop("(failed + timed out) ÷ runs"),
               f"{_OPERATIONS}:Failing.failures"),
    Definition("failure_share", gettext_noop("Share of failures"), gettext_noop("share"),
               gettext_noop("The part of all failed visits that this node has."),
               gettext_noop("failed visits of the node ÷ failed visits of all nodes"),
               f"{_NODES}:NodeRow.share"),
    Definition("latency_avg", gettext_noop("Average latency"), gettext_noop("ms"),
               gettext_noop("The mean duration of the runs whose duration is known; a few slow runs move it."),
               gettext_noop("sum of durations ÷ runs whose duration is known"),
               f"{_FIGURES}:Durations.avg"),
    Definition("p50", gettext_noop("Latency, p50"), gettext_noop("ms"),
               gettext_noop("Half of the runs take less."),
               gettext_noop("the duration below which 50 % of the runs lie, from merged histograms, within 2 %"),
               f"{_FIGURES}:Totals.percentile_ms"),
    Definition("p95", gettext_noop("Latency, p95"), gettext_noop("ms"),
               gettext_noop("One run in twenty takes longer."),
               gettext_noop("the duration below which 95 % of the runs lie, from merged histograms, within 2 %"),
               f"{_FIGURES}:Totals.percentile_ms"),
    Definition("p99", gettext_noop("Latency, p99"), gettext_noop("ms"),
               gettext_noop("One run in a hundred takes longer."),
               gettext_noop("the duration below which 99 % of the runs lie, from merged histograms, within 2 %"),
               f"{_FIGURES}:Totals.percentile_ms"),
    # xgettext:no-python-format
    Definition("interval", gettext_noop("95% interval"), gettext_noop("as the figure"),
               gettext_noop("Where the true value lies 95 times of 100, given as few or as many runs as there are."),
               gettext_noop("Wilson's interval for shares; order statistics for percentiles"),
               "monitoring.analysis.intervals:wilson"),
    Definition("runs_beyond", gettext_noop("Runs beyond"), gettext_noop("count"),
               gettext_noop("Runs that take longer than this."),
               gettext_noop("runs whose duration is known − those within"),
               f"{_FIGURES}:Totals.within_ms"),
    Definition("change", gettext_noop("Change"), gettext_noop("share"),
               gettext_noop("The difference to the period of equal length before; for shares in percentage points."),
               gettext_noop("now ÷ before − 1; for shares now − before"),
               "monitoring.views.comparing:relative_change"),
    Definition("before", gettext_noop("Before"), gettext_noop("as the figure"),
               gettext_noop("The same figure in the period of equal length before the range."),
               gettext_noop("as the figure, from range start − length to range start"),
               "monitoring.windows:Window.previous"),
    Definition("retries", gettext_noop("Retries"), gettext_noop("count"),
               gettext_noop("Attempts after the first, of executions and of steps."),
               gettext_noop("attempts − first attempts"),
               f"{_FIGURES}:Totals.retries"),
    Definition("visits", gettext_noop("Visits"), gettext_noop("count"),
               gettext_noop("Steps: each visit of the node in an execution."),
               gettext_noop("steps of every status"),
               f"{_FIGURES}:Totals.runs"),
    Definition("failed_visits", gettext_noop("Failed visits"), gettext_noop("count"),
               gettext_noop("Visits of the node that failed or timed out."),
               gettext_noop("failed + timed out"),
               f"{_NODES}:Visits.failures"),
    Definition("timed_visits", gettext_noop("Timed visits"), gettext_noop("count"),
               gettext_noop("Visits whose duration is known; percentiles are of them."),
               gettext_noop("steps with a duration"),
               f"{_NODES}:Visits.timed"),
    Definition("calls", gettext_noop("Calls"), gettext_noop("count"),
               gettext_noop("Visits of steps that name this system, model or tool; of nested ones the innermost."),
               gettext_noop("steps of every status that name it"),
               "monitoring.reads.figures:Totals.runs"),
    Definition("failing_now", gettext_noop("Failing now"), gettext_noop("count"),
               gettext_noop("Workflows that called it in the last 15 minutes and failed there at least once."),
               gettext_noop("calling workflows with a failed call"),
               "monitoring.reads.dependents:failing_now"),
    Definition("shared_runs", gettext_noop("Runs that share it"), gettext_noop("count"),
               gettext_noop("Of the runs that are looked at, those that have this value."),
               gettext_noop("runs with the value"),
               f"{_CONCENTRATION}:measure"),
    Definition("shared_share", gettext_noop("Of these"), gettext_noop("share"),
               gettext_noop("The part of the runs that are looked at that have this value."),
               gettext_noop("runs with the value ÷ runs looked at"),
               f"{_CONCENTRATION}:measure"),
    Definition("usual_share", gettext_noop("Usual share"), gettext_noop("share"),
               gettext_noop("The part of all runs of the same period that have this value."),
               gettext_noop("all runs with the value ÷ all runs"),
               f"{_CONCENTRATION}:measure"),
    Definition("lift", gettext_noop("Lift"), gettext_noop("factor"),
               gettext_noop("How many times as often failures have this value as all runs do; 1 says nothing."),
               gettext_noop("share of failures ÷ usual share"),
               f"{_CONCENTRATION}:measure"),
    Definition("new_groups", gettext_noop("New failure groups"), gettext_noop("count"),
               gettext_noop("Failures of one workflow, node and normalised error that were never seen before the "
                            "range."),
               gettext_noop("failure groups whose first failure lies in the range"),
               "monitoring.reads.development:new_groups"),
    Definition("group_failures", gettext_noop("Failures of a group"), gettext_noop("count"),
               gettext_noop("Failed runs of this range with the fingerprint of the group or of one that was "
                            "merged into it."),
               gettext_noop("failures of the group in the range"),
               "monitoring.reads.group_points:points_of"),
    Definition("running", gettext_noop("Running"), gettext_noop("count"),
               gettext_noop("Executions that are at work now: they began and nothing said that they ended."),
               gettext_noop("executions with the status running"),
               f"{_LIVE}:live"),
    Definition("waiting", gettext_noop("Queued or waiting"), gettext_noop("count"),
               gettext_noop("Executions that are to begin, and those that wait for a person, now."),
               gettext_noop("queued + waiting"),
               f"{_LIVE}:live"),
    Definition("open_incidents", gettext_noop("Open incidents"), gettext_noop("count"),
               gettext_noop("Incidents that are not resolved, acknowledged ones too."),
               gettext_noop("incidents that are not resolved"),
               f"{_OPERATIONS}:read"),
    Definition("incidents", gettext_noop("Incidents"), gettext_noop("count"),
               gettext_noop("Incidents that opened in the range; what counts to another one is not counted apart."),
               gettext_noop("incidents whose opening lies in the range"),
               "alerts.reads.recovery:recovery"),
    Definition("recovery", gettext_noop("Time to recover, median"), gettext_noop("ms"),
               gettext_noop("Half of the incidents that were resolved in the range were over sooner."),
               gettext_noop("median of (resolved − since when the condition held)"),
               "alerts.reads.recovery:recovery"),
    Definition("overdue", gettext_noop("Overdue"), gettext_noop("count"),
               gettext_noop("Workflows whose schedule expects a start that has not come within its grace."),
               gettext_noop("schedules with a missed start"),
               f"{_OPERATIONS}:read"),
    Definition("stuck", gettext_noop("Stuck or missed"), gettext_noop("count"),
               gettext_noop("What alert rules found to stand still, and runs that did not start."),
               gettext_noop("open incidents of such rules"),
               f"{_OPERATIONS}:read"),
    Definition("tokens", gettext_noop("Tokens"), gettext_noop("tokens"),
               gettext_noop("Tokens that reports told, each in one bucket; reasoning is a part of the output."),
               gettext_noop("input + read from cache + written to cache + output"),
               f"{_FIGURES}:Tokens.total"),
    Definition("api_calls", gettext_noop("API calls"), gettext_noop("count"),
               gettext_noop("Calls that executions told that they made."),
               gettext_noop("sum over the runs that told it"),
               f"{_FIGURES}:Totals.api_calls"),
    Definition("peak_memory", gettext_noop("Peak memory"), gettext_noop("bytes"),
               gettext_noop("The most that one run held."),
               gettext_noop("greatest peak of the runs that told it"),
               f"{_FIGURES}:Totals.peak_memory_bytes"),
    Definition("storage", gettext_noop("Storage"), gettext_noop("bytes"),
               gettext_noop("What all runs wrote together."),
               gettext_noop("sum over the runs that told it"),
               f"{_FIGURES}:Totals.storage_bytes"),
    Definition("cost", gettext_noop("Cost"), gettext_noop("USD"),
               gettext_noop("Money as far as it is known: told, priced or entered. What has no price is left "
                            "out, and said."),
               gettext_noop("sum of cost lines; for executions sum of what their steps cost"),
               "billing.reads.cost:Figures.cost_usd"),
    Definition("forecast", gettext_noop("Forecast"), gettext_noop("USD"),
               gettext_noop("What the period is expected to cost at its end; it lies in the interval 4 times of 5."),
               gettext_noop("spent so far + level of the last days × usual share of the weekday, for each day "
                            "that is left"),
               "billing.analysis.forecast:forecast"),
    Definition("cost_per_run", gettext_noop("Cost per run"), gettext_noop("USD"),
               gettext_noop("All cost of these days over all runs, failed ones included."),
               gettext_noop("cost ÷ runs"),
               "billing.views.words:per"),
    Definition("cost_per_success", gettext_noop("Cost per successful run"), gettext_noop("USD"),
               gettext_noop("All cost of these days, that of failed runs included, over the runs that succeeded."),
               gettext_noop("cost ÷ succeeded"),
               "billing.views.words:per"),
    Definition("waste", gettext_noop("Spent on failed runs"), gettext_noop("USD"),
               gettext_noop("Cost of what failed, was tried again, or came after the divergence."),
               gettext_noop("failed + retried + after the divergence"),
               f"{_COSTS}:Figures.waste_usd"),
    Definition("waste_share", gettext_noop("Share spent on failed runs"), gettext_noop("share"),
               gettext_noop("The part of the cost that went to what failed, was tried again, or came after the "
                            "divergence."),
               gettext_noop("spent on failed runs ÷ cost"),
               f"{_COSTS}:Figures.waste_share"),
    Definition("failed_cost", gettext_noop("Cost of failed runs"), gettext_noop("USD"),
               gettext_noop("What failed and timed-out runs cost, of those that told it; unknown once records "
                            "are removed."),
               gettext_noop("sum of their cost"),
               "monitoring.reads.review:waste_of"),
    Definition("accepted", gettext_noop("Accepted"), gettext_noop("count"),
               gettext_noop("Items of reports that are stored, or were known already."),
               gettext_noop("stored + known already"),
               "ingestion.reads.ledger:Counts.accepted"),
    Definition("rejected", gettext_noop("Rejected"), gettext_noop("count"),
               gettext_noop("Items that were refused, each with its field and reason; requests refused whole are "
                            "counted apart."),
               gettext_noop("rejected items"),
               "ingestion.reads.ledger:Counts.rejected"),
    Definition("lag", gettext_noop("Lag, average"), gettext_noop("ms"),
               gettext_noop("How old the newest record of a request was when it came."),
               gettext_noop("sum of lags ÷ requests that tell a time"),
               "ingestion.reads.ledger:Counts.lag_average_ms"),
    Definition("sent_waiting", gettext_noop("Waiting requests"), gettext_noop("count"),
               gettext_noop("Requests that wait to be sent on; when there are too many, the oldest are dropped."),
               gettext_noop("requests in the outbox of the destination"),
               "ingestion.models.destination:Destination"),
    Definition("sent", gettext_noop("Sent requests"), gettext_noop("count"),
               gettext_noop("Requests that the destination took, since it was added."),
               gettext_noop("requests answered well"),
               "ingestion.models.destination:Destination.sent_count"),
    Definition("dropped", gettext_noop("Dropped requests"), gettext_noop("count"),
               gettext_noop("Requests that were refused, too old or too many, since the destination was added."),
               gettext_noop("requests given up"),
               "ingestion.models.destination:Destination.dropped_count"),
    Definition("sent_last", gettext_noop("Last success"), gettext_noop("time"),
               gettext_noop("When the destination last took a request."),
               gettext_noop("latest good answer"),
               "ingestion.models.destination:Destination.last_success_at"),
    Definition("notice_last", gettext_noop("Last sent"), gettext_noop("time"),
               gettext_noop("When the channel last took a notice."),
               gettext_noop("latest good answer"),
               "alerts.models.channel:Channel.last_success_at"),
    Definition("notices_waiting", gettext_noop("Waiting"), gettext_noop("count"),
               gettext_noop("Notices that wait to be sent, or to be tried again."),
               gettext_noop("notices that are due"),
               "alerts.reads.channels:ChannelRow.waiting"),
    Definition("given_up", gettext_noop("Given up"), gettext_noop("count"),
               gettext_noop("Notices that were refused, or failed for a day; each can be sent again."),
               gettext_noop("notices given up"),
               "alerts.reads.channels:ChannelRow.given_up"),
)
# fmt: on
DEFINITIONS: dict[str, Definition] = {one.key: one for one in _ALL}
