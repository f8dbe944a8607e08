"""No split, order or repetition of the spans and log records of a trace changes what is stored about it."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from accounts.models import Team
from accounts.tenancy import team_context
from ingestion import acceptance
from ingestion.acceptance import Outcome
from ingestion.adapters.otlp.answers import PROTOBUF
from ingestion.adapters.otlp.decoding import LOGS, TRACES
from ingestion.intake import take_in
from ingestion.kinds import SourceKind
from ingestion.sources import SourceInfo, add_source, info_of
from monitoring.models import Execution, Label, LogLine, Step, Workflow
from monitoring.reads.replay import load
from monitoring.statuses import Status
from tests.factories import NOW
from tests.otlp import LOCAL, REMOTE, START, pairs, request, span

pytestmark = pytest.mark.django_db
SERVER, CLIENT = 2, 3
# Whether a day's rows lie in one place or another depends on what came first; everything else does not.
_PLACE = {"received_at", "anchor_day", "retention_class"}
# An item of a request: a span with what sent it, or the id of the span that a log record belongs to.
Item = tuple[Any, dict[str, Any]] | int
_few = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))

EXCEPTION = {"exception.type": "Late", "exception.message": "too late"}
CALL = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "m", "gen_ai.usage.input_tokens": 5}
SHOP = {"service.name": "shop"}
SPANS: list[Item] = [
    (span(1, name="POST /chat", kind=SERVER, attributes={"user.id": "u"}, end=START + 9 * 10**9), SHOP),
    (span(2, 1, attributes={"gen_ai.workflow.name": "Answer", "gen_ai.operation.name": "invoke_workflow"}), SHOP),
    (span(3, 2, kind=CLIENT, attributes={**CALL, "gen_ai.conversation.id": "c1", "x": 1}), SHOP),
    (span(4, 2, kind=CLIENT, attributes={**CALL, "gen_ai.conversation.id": "c2"}, events=[("waited", {})]), SHOP),
    (span(5, 3, flags=REMOTE, kind=SERVER, name="GET /x", status=2, events=[("exception", EXCEPTION)]), SHOP),
    (span(6, 5, attributes={"traceloop.workflow.name": "O", "traceloop.association.properties.plan": "pro"}), SHOP),
    (span(7, 5, kind=CLIENT, attributes={"http.request.method": "GET", "server.address": "a.example"}), SHOP),
]


def rows() -> dict[str, Any]:
    """Everything that is stored about executions, but for when it came and where it lies."""
    found = {}
    for execution in Execution.objects.order_by("id").values():
        replay = load(execution["team_id"], execution["id"])
        assert replay is not None
        about = {"execution_id": execution["id"]}
        workflow = execution["workflow_id"]
        found[execution["external_id"]] = {
            "execution": _but_place(execution),
            "workflow": Workflow.objects.get(id=workflow).name if workflow else None,
            "environment": Label.objects.get(id=execution["environment_id"]).value,
            "steps": [_but_place(row) for row in Step.objects.filter(**about).order_by("id").values()],
            "logs": [_but_place(row) for row in LogLine.objects.filter(**about).order_by("id").values()],
            "payload": replay.payload,
            "payloads": [step.payload for step in replay.steps],
            "errors": [(step.error, step.error_type) for step in replay.steps],
        }
    return found


def _but_place(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in _PLACE}


def send(source: SourceInfo, items: Sequence[Item]) -> None:
    """Takes in these items: the spans in one request, the log records in another."""
    made = request()
    del made.resource_spans[:]
    logs = ExportLogsServiceRequest()
    records = logs.resource_logs.add().scope_logs.add().log_records
    for item in items:
        if isinstance(item, int):
            one = records.add(trace_id=b"\x01" * 16, span_id=item.to_bytes(8, "big"), time_unix_nano=START + item)
            one.body.string_value = f"line {item}"
        else:
            made.resource_spans.extend(request(item[0], resource=item[1]).resource_spans)
    for signal, body in ((TRACES, made.SerializeToString()), (LOGS, logs.SerializeToString())):
        decoded = signal.decode(body, PROTOBUF, NOW + timedelta(hours=20))
        assert decoded.rejected == []
        if decoded.reports:
            take_in(source, decoded, now=NOW, byte_count=len(body))


def _wait(waiting: list[Any], request: Any) -> Outcome:
    waiting.append(request)
    return Outcome()


class _Undo(Exception):
    """Takes back what an example stored."""


def after(source: SourceInfo, requests: Sequence[Sequence[Item]], *, is_together: bool = False) -> dict[str, Any]:
    """What is stored after these requests; `is_together`: they came while another one was being stored."""
    found: dict[str, Any] = {}
    waiting: list[Any] = []
    try:
        with transaction.atomic(), team_context(source.team_id), pytest.MonkeyPatch.context() as patched:
            if is_together:
                patched.setattr(acceptance, "_store", partial(_wait, waiting))
            for items in requests:
                send(source, items)
            if waiting:
                acceptance._store_once(waiting)
            found = rows()
            raise _Undo
    except _Undo:
        return found


@st.composite
def splits(draw: st.DrawFn, items: Sequence[Item]) -> list[list[Item]]:
    """Every item at least once, in any order, repeated, over any number of requests."""
    chosen = [*draw(st.permutations(items)), *draw(st.lists(st.sampled_from(items), max_size=4))]
    cuts = sorted(draw(st.sets(st.integers(1, max(len(chosen) - 1, 1)), max_size=5)))
    return [chosen[a:b] for a, b in zip([0, *cuts], [*cuts, len(chosen)], strict=True)]


_NAMES = {
    "gen_ai.operation.name": st.sampled_from(["chat", "invoke_workflow", "execute_tool"]),
    "gen_ai.workflow.name": st.sampled_from(["Answer", "Ask"]),
    "gen_ai.request.model": st.sampled_from(["m1", "m2"]),
    "gen_ai.response.model": st.sampled_from(["m1", "m3"]),
    "gen_ai.usage.input_tokens": st.integers(0, 9),
    "input.value": st.sampled_from(['{"a": 1}', '{"a": 1.0}', "text", "[1, 2]"]),
    "output.value": st.sampled_from(["x", "y"]),
    "session.id": st.sampled_from(["s1", "s2"]),
    "user.id": st.just("u"),
    "tag.tags": st.lists(st.sampled_from(["a", "b"]), max_size=2),
    "n8n.execution.status": st.sampled_from(["error", "success", "waiting"]),
    "x": st.sampled_from([1, 1.0, True, "1"]),
}
_RESOURCE = {
    "service.name": st.sampled_from(["shop", "desk"]),
    "service.version": st.sampled_from(["1", "2"]),
    "deployment.environment.name": st.sampled_from(["staging", "production", "qa"]),
    "host.name": st.sampled_from(["h1", "h2"]),
}
# Shortly before midnight (UTC) and shortly after.
_MIDNIGHT = int((NOW.replace(hour=0, minute=0, second=0) + timedelta(days=1)).timestamp()) * 10**9
_STARTS = st.sampled_from([START, START + 10**9, _MIDNIGHT - 5 * 10**9, _MIDNIGHT + 10**9])


@st.composite
def traces(draw: st.DrawFn) -> list[Item]:
    """Spans of one trace or two, over midnight, from several processes, with several roots; and log records of one."""
    items: list[Item] = []
    for number in range(1, draw(st.integers(2, 7))):
        started = draw(_STARTS)
        made = span(
            number,
            draw(st.one_of(st.none(), st.integers(1, 7))),
            name=draw(st.sampled_from(["work", "GET /", ""])),
            kind=draw(st.integers(0, 5)),
            trace=draw(st.sampled_from(["01" * 16, "02" * 16])),
            flags=draw(st.sampled_from([0, LOCAL, REMOTE])),
            status=draw(st.integers(0, 2)),
            message=draw(st.sampled_from(["", "Late: too late"])),
            start=started,
            end=draw(st.sampled_from([0, started + 10**9, started + 2 * 10**9])),
            attributes=draw(st.fixed_dictionaries({}, optional=_NAMES)),
            events=draw(st.sampled_from([[], [("exception", EXCEPTION)], [("waited", {"for": 1})]])),
        )
        items.append((made, draw(st.fixed_dictionaries({}, optional=_RESOURCE))))
    return [*items, *draw(st.lists(st.integers(1, 7), max_size=2))]


def source_of(team: Team, environment: str | None) -> SourceInfo:
    """A source of traces, with its own environment or without."""
    with team_context(team.id):
        made = add_source(team_id=team.id, kind=SourceKind.OTLP, name="Traces", environment=environment or "")
        return info_of(made)


def test_the_spans_of_a_chat(team: Team) -> None:
    source = source_of(team, None)
    whole = after(source, [SPANS])
    (only,) = whole.values()
    assert (only["workflow"], only["execution"]["status"]) == ("Answer", Status.SUCCEEDED)

    @_few
    @given(splits(SPANS))
    def check(sent: list[list[Item]]) -> None:
        assert after(source, sent) == after(source, sent, is_together=True) == whole

    check()


@pytest.mark.parametrize("environment", [None, "testing", "production"])
def test_generated_traces(team: Team, environment: str | None) -> None:
    source = source_of(team, environment)

    @_few
    @given(st.data())
    def check(data: st.DataObject) -> None:
        items = data.draw(traces())
        whole = after(source, [items])
        sent = data.draw(splits(items))
        assert after(source, sent) == after(source, sent, is_together=True) == whole

    check()


@pytest.mark.parametrize(
    ("told", "kept"), [([None, "qa"], "qa"), ([None, "production"], "production"), ([None, None], "testing")]
)
def test_the_environment_of_a_source_stands_in_only_where_none_is_told(
    team: Team, told: list[str | None], kept: str
) -> None:
    source = source_of(team, "testing")
    items: list[Item] = [
        (span(number, 9), {"deployment.environment.name": one} if one else {}) for number, one in enumerate(told, 1)
    ]
    for requests in ([items], [items[:1], items[1:]], [items[1:], items[:1]]):
        (only,) = after(source, requests).values()
        assert only["environment"] == kept


def test_a_short_parent_id_is_refused(team: Team) -> None:
    made = span(1, attributes={"x": 1})
    made.parent_span_id = b"short"
    zero = span(2)
    zero.parent_span_id = bytes(8)
    decoded = TRACES.decode(request(made, zero).SerializeToString(), PROTOBUF, NOW)
    (rejection,) = decoded.rejected
    assert (rejection.index, rejection.field, rejection.reason) == (0, "parentSpanId", "must be 8 bytes, or none")
    assert [report.items for _, report in decoded.reports] == [1]


def test_the_first_of_two_attributes_with_one_name_counts(team: Team) -> None:
    made = span(1)
    made.attributes.extend([*pairs({"x": 1, "input.value": "first"}), *pairs({"x": 2, "input.value": "second"})])
    (report,) = [one for _, one in TRACES.decode(request(made).SerializeToString(), PROTOBUF, NOW).reports]
    assert (report.input, (report.attributes or {})["x"]) == ("first", 1)
