"""What the reading API gives out: the shapes as serializers, for the OpenAPI document, and the values to fill them."""

from typing import Any

from rest_framework import serializers as s

from monitoring.api.verdicts import ProposalsSerializer, VerdictSerializer
from monitoring.reads.executions import ExecutionRow
from monitoring.reads.figures import Tokens, Totals
from monitoring.reads.verdict_document import proposals_document, verdict_document
from monitoring.reads.workflows import WorkflowRow
from monitoring.statuses import Status

COUNTS = ("runs", *(status.word for status in Status), "retries")
ROW_FIELDS = (
    *("id", "external_id", "attempt", "workflow", "release", "environment", "trigger", "input_type", "started_at"),
    *("finished_at", "counted_at", "duration_ms", "error", "failed_node", "cost_usd", "unpriced_tokens", "step_count"),
    *("failed_step_count", "retry_count", "url", "is_unmet"),
)


def _told(kind: type[s.Field[Any, Any, Any, Any]], help_text: str = "") -> Any:
    return kind(allow_null=True, help_text=help_text)


class TokensSerializer(s.Serializer[Any]):
    """Tokens in disjoint buckets; `reasoning` is the part of `output` that was reasoning. Null: not told."""

    input, cache_read, cache_write, output, reasoning = (_told(s.IntegerField) for _ in range(5))


class ExecutionSerializer(s.Serializer[Any]):
    """An execution. Null: not told."""

    id = s.UUIDField()
    external_id = s.CharField(help_text="the id where it runs")
    attempt = s.IntegerField()
    workflow, release = _told(s.CharField), _told(s.CharField)
    environment = s.CharField()
    trigger, input_type = _told(s.CharField), _told(s.CharField)
    status = s.ChoiceField(choices=[status.word for status in Status])
    started_at, finished_at = _told(s.DateTimeField), _told(s.DateTimeField)
    counted_at = s.DateTimeField(help_text="where it counts: its finish, else its start, else its receipt")
    duration_ms = _told(s.FloatField)
    error = _told(s.CharField)
    failed_node = _told(s.CharField, "node of the first failed step")
    tokens = TokensSerializer()
    cost_usd = _told(s.FloatField)
    unpriced_tokens = _told(s.IntegerField, "tokens whose cost nobody told")
    step_count, failed_step_count, retry_count = s.IntegerField(), s.IntegerField(), s.IntegerField()
    url = _told(s.CharField)
    is_unmet = _told(
        s.BooleanField,
        "it succeeded without meeting its workflow's success criteria; null: nothing to check, or it cannot be told",
    )


class ExecutionPageSerializer(s.Serializer[Any]):
    """A page of executions."""

    next = _told(s.URLField, "address of the next page")
    previous = _told(s.URLField, "address of the page before")
    results = ExecutionSerializer(many=True)


class StepSerializer(s.Serializer[Any]):
    """A step of an execution, in the order in which it ran (`number`)."""

    id = s.CharField(help_text="the sender's id of the step")
    parent_id = _told(s.CharField)
    number = s.IntegerField()
    node, kind = _told(s.CharField), _told(s.CharField)
    status, told_status = _told(s.CharField), _told(s.CharField)
    attempt = s.IntegerField()
    position = _told(s.IntegerField)
    started_at, finished_at, duration_ms = _told(s.DateTimeField), _told(s.DateTimeField), _told(s.FloatField)
    error, error_type, error_detail = _told(s.CharField), _told(s.CharField), _told(s.JSONField)
    provider, model, tool, external_system = (_told(s.CharField) for _ in range(4))
    tokens = TokensSerializer()
    usage_detail = _told(s.JSONField, "parts of tokens, calls, tier and region, where told")
    cost_usd = _told(s.FloatField, "what counts: told or computed, as the rule of the source says")
    told_cost_usd, computed_cost_usd = _told(s.FloatField), _told(s.FloatField, "null where no price is known")
    price_id = _told(s.IntegerField, "the price that it was computed with")
    is_covered = s.BooleanField(help_text="told again by steps below it, and counted there alone")
    input, output, attributes = _told(s.JSONField), _told(s.JSONField), _told(s.JSONField)
    usage = _told(s.JSONField, "the provider's own usage object")


class LogSerializer(s.Serializer[Any]):
    """A line of the log."""

    at, level = _told(s.DateTimeField), _told(s.CharField)
    message = s.CharField()
    step_id, position = _told(s.CharField), _told(s.IntegerField)


class ExecutionDetailSerializer(ExecutionSerializer):
    """An execution with everything that it carried."""

    input, output, tags, attributes, error_detail = (_told(s.JSONField) for _ in range(5))
    feedback = _told(s.JSONField)
    session, user = _told(s.CharField), _told(s.CharField)
    origin_id = s.UUIDField(help_text="the first attempt")
    parent_execution_id, failure_group_id = _told(s.UUIDField), _told(s.UUIDField)
    told_cost_usd = _told(s.FloatField, "told for the whole; counts where no step tells or has a cost")
    needs_review = s.BooleanField(help_text="what its steps tell of usage does not fit together")
    steps = StepSerializer(many=True)
    logs = LogSerializer(many=True)
    logs_cut = s.BooleanField(help_text="only the first 10,000 lines are given")
    deleted_by_retention = s.BooleanField(help_text="the records are gone, the figures are kept")


class DurationsSerializer(s.Serializer[Any]):
    """Milliseconds; percentiles within 2 % of the true ones."""

    avg, p50, p95, p99 = (_told(s.FloatField) for _ in range(4))


class TotalsSerializer(s.Serializer[Any]):
    """Figures of a set of executions. success_rate = succeeded / (succeeded + failed + timed_out)."""

    runs, succeeded, failed, cancelled, timed_out = (s.IntegerField() for _ in range(5))
    skipped, waiting, unknown, running, queued = (s.IntegerField() for _ in range(5))
    success_rate = _told(s.FloatField, "null also where only failures are reported")
    unrated = s.IntegerField(help_text="finished runs of workflows of which only failures are reported: in no rate")
    success_interval = s.ListField(child=s.FloatField(), allow_null=True, help_text="95 % Wilson interval [low, high]")
    checked = s.IntegerField(help_text="succeeded runs of which the success criteria of their workflow could be told")
    unmet = s.IntegerField(help_text="those of them that did not meet the criteria")
    met_rate = _told(
        s.FloatField,
        "(succeeded - unmet) / (succeeded + failed + timed_out), an upper bound where succeeded runs are not checked; "
        "null where none is",
    )
    met_interval = s.ListField(child=s.FloatField(), allow_null=True, help_text="95 % Wilson interval [low, high]")
    duration_ms = DurationsSerializer()
    retries = s.IntegerField(help_text="repeated steps and repeated executions")
    tokens = TokensSerializer()
    cost_usd = _told(s.FloatField)
    unpriced_tokens, api_calls = _told(s.IntegerField), _told(s.IntegerField)
    peak_memory_bytes, storage_bytes = _told(s.IntegerField), _told(s.IntegerField)
    memory_share = _told(
        s.FloatField, "the greatest share of its memory limit that a run used; null where none told both"
    )
    storage_share = _told(s.FloatField, "the same of its storage limit")


class PointSerializer(TotalsSerializer):
    """The figures of one bucket."""

    start = s.DateTimeField()


class TrendsSerializer(s.Serializer[Any]):
    """Figures of a range, and of each bucket of it."""

    workflow, environment = _told(s.CharField), _told(s.CharField, "null: all environments")
    bucket = s.CharField(help_text="length of a bucket, such as 1h")
    as_of = s.DateTimeField(help_text="everything reported until then is counted")
    totals = TotalsSerializer()
    verdict = VerdictSerializer(allow_null=True, help_text="of one workflow; null for all together")
    proposed_objectives = ProposalsSerializer(allow_null=True)
    series = PointSerializer(many=True)

    def get_fields(self) -> dict[str, s.Field[Any, Any, Any, Any]]:
        """The fields, with the two whose names are words of Python."""
        words = "the range, widened to whole minutes or hours"
        ends = {"from": s.DateTimeField(help_text=words), "to": s.DateTimeField(help_text=words)}
        return {**ends, **super().get_fields()}


class WorkflowSerializer(s.Serializer[Any]):
    """A workflow with its figures."""

    id = s.UUIDField()
    name, slug, type = s.CharField(), s.CharField(), s.CharField()
    is_sample = s.BooleanField()
    completeness = s.CharField(help_text="empty: complete; failures-only; sampled: figures count one in sample_rate")
    sample_rate = _told(s.FloatField)
    sample_rate_max = _told(s.FloatField, help_text="the same number, or the highest where rates vary")
    objective_success_rate = _told(s.FloatField, "share from 0 to 1")
    objective_p95_ms = _told(s.FloatField)
    objective_freshness_ms = _told(s.FloatField, "the age that the last success may have")
    proposed_objectives = ProposalsSerializer()
    verdict = s.CharField(help_text="stable, watch, not_stable, not_enough_data, no_objective or failures_only")
    verdict_reason = s.CharField()
    verdict_details = VerdictSerializer(help_text="without scope, beginning, coincidences, streak and rhythm")
    last_run_at = _told(s.DateTimeField)
    totals = TotalsSerializer()


class WorkflowListSerializer(s.Serializer[Any]):
    """All workflows, worst first."""

    results = WorkflowSerializer(many=True)


def tokens_document(tokens: Tokens) -> dict[str, int | None]:
    """Token counts by bucket."""
    return {name: getattr(tokens, name) for name in ("input", "cache_read", "cache_write", "output", "reasoning")}


def execution_document(row: ExecutionRow) -> dict[str, Any]:
    """A row of the list."""
    document = {name: getattr(row, name) for name in ROW_FIELDS}
    return {**document, "status": row.status.word, "tokens": tokens_document(row.tokens)}


def totals_document(totals: Totals) -> dict[str, Any]:
    """Figures."""
    success, durations, met = totals.success, totals.duration_ms, totals.met
    return {
        **{name: getattr(totals, name) for name in COUNTS},
        "success_rate": success.rate if success else None,
        "unrated": totals.unrated,
        "success_interval": [success.low, success.high] if success else None,
        "checked": totals.checked,
        "unmet": totals.unmet,
        "met_rate": met.rate if met else None,
        "met_interval": [met.low, met.high] if met else None,
        "duration_ms": {name: getattr(durations, name) for name in ("avg", "p50", "p95", "p99")},
        "tokens": tokens_document(totals.tokens),
        "cost_usd": totals.cost_usd,
        "unpriced_tokens": totals.unpriced_tokens,
        "api_calls": totals.api_calls,
        "peak_memory_bytes": totals.peak_memory_bytes,
        "storage_bytes": totals.storage_bytes,
        "memory_share": totals.memory_share,
        "storage_share": totals.storage_share,
    }


def workflow_document(row: WorkflowRow) -> dict[str, Any]:
    """A workflow of the list."""
    about = ("id", "name", "slug", "type", "is_sample", "completeness", "sample_rate", "sample_rate_max")
    names = (*about, "objective_success_rate", "objective_p95_ms", "objective_freshness_ms", "last_run_at")
    return {
        **{name: getattr(row, name) for name in names},
        "verdict": row.verdict.kind.value,
        "verdict_reason": row.verdict.sentence,
        # How far failures reach is not looked into for all workflows at once.
        "verdict_details": {**verdict_document(row.verdict), "scope": None},
        "proposed_objectives": proposals_document(row.proposals),
        "totals": totals_document(row.totals),
    }
