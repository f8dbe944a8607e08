"""What one log record means: a run, a line of an execution, or a loose line."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from ingestion.adapters import wire
from ingestion.adapters.logs.lines import Entry, Reader
from ingestion.records import Decoded, ExecutionReport, LogReport, LooseLine
from monitoring.statuses import Status

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
SPAN = "00f067aa0ba902b7"
RUN = {
    "timestamp": "2026-11-22T10:00:00.123456",
    "workflow": "invoice-sync",
    "status": "success",
    "duration_seconds": 12.5,
    "tokens_used": 1500,
    "cost_usd": 0.042,
}


def read(*told: Any, **around: Any) -> Decoded:
    reader = Reader(NOW)
    for index, one in enumerate(told):
        reader.add(index, one if isinstance(one, Entry) else Entry(one, **around))
    return reader.decoded()


def run_of(told: Any, **around: Any) -> ExecutionReport:
    decoded = read(told, **around)
    assert not decoded.rejected
    ((_, report),) = decoded.reports
    return report


def log_of(told: Any, **around: Any) -> tuple[str, LogReport]:
    report = run_of(told, **around)
    assert report.logs is not None
    (line,) = report.logs
    return report.id, line


def loose(told: Any, **around: Any) -> LooseLine:
    decoded = read(told, **around)
    assert not decoded.reports
    assert not decoded.rejected
    ((_, line),) = decoded.lines
    return line


def test_a_line_of_the_workflow_logger_is_a_run_that_ended_at_its_timestamp() -> None:
    report = run_of(RUN)
    end = datetime(2026, 11, 22, 10, 0, 0, 123456, tzinfo=UTC)
    assert (report.workflow, report.status, report.finished_at) == ("invoice-sync", Status.SUCCEEDED, end)
    assert (report.duration_ms, report.started_at) == (12500.0, end - timedelta(seconds=12.5))
    assert report.cost_usd == Decimal("0.042")
    # A total is not split by guessing.
    assert (report.tokens, report.attributes) == (None, {"tokens_used": 1500})
    assert report.id.startswith("line-")


def test_what_is_not_told_stays_unknown() -> None:
    report = run_of({"timestamp": "2026-11-22T10:00:00", "workflow": "w", "status": "ok", "cost_usd": None})
    assert (report.duration_ms, report.started_at, report.cost_usd, report.attributes) == (None, None, None, {})


def test_further_fields_of_a_run_go_where_they_belong() -> None:
    more = {"environment": "staging", "version": "1.2", "error": "boom", "input": {"a": 1}, "customer": "acme"}
    report = run_of({**RUN, "status": "failed", **more})
    assert (report.environment, report.release, report.input) == ("staging", "1.2", {"a": 1})
    assert report.error is not None
    assert report.error.message == "boom"
    assert report.attributes == {"tokens_used": 1500, "customer": "acme"}
    error = run_of({**RUN, "error_type": "ValueError", "error_message": "bad"}).error
    assert error is not None
    assert (error.type, error.message) == ("ValueError", "bad")


SAME: dict[str, dict[str, Any]] = {
    "fields in another order": dict(reversed(RUN.items())),
    "numbers as text": {**RUN, "duration_seconds": "12.50", "tokens_used": 1500.0, "cost_usd": "0.0420"},
    "zone told": {**RUN, "timestamp": "2026-11-22T11:00:00.123456+01:00"},
    "epoch": {**RUN, "timestamp": 1795341600.123456},
    "nothing told": {**RUN, "error": None},
    "shipper": {**RUN, "@version": "1", "date": 1795341660.5, "agent": {"ephemeral_id": "x"}, "@timestamp": "2026"},
    "capital": {**RUN, "status": "SUCCESS"},
}


@pytest.mark.parametrize("name", SAME)
def test_the_same_line_told_otherwise_is_the_same_run(name: str) -> None:
    assert run_of(SAME[name]).id == run_of(RUN).id


@pytest.mark.parametrize("name", ["message", "log", "event", "body"])
def test_a_line_inside_a_shippers_envelope_is_the_same_run(name: str) -> None:
    text = json.dumps(RUN)
    wrapped = {name: text + "\n", "stream": "stdout", "time": "2026-11-22T11:59:00Z"}
    assert run_of(wrapped).id == run_of(RUN).id
    assert run_of(text).id == run_of(RUN).id
    assert run_of({"message": RUN, "host": "h"}).id == run_of(RUN).id


def test_any_other_field_or_instant_is_another_run() -> None:
    others: list[dict[str, Any]] = [
        {"timestamp": "2026-11-22T10:00:00.123457"},
        {"workflow": "other"},
        {"status": "failed"},
        {"duration_seconds": 12.6},
        {"tokens_used": 1501},
        {"cost_usd": 0.043},
        {"customer": "acme"},
    ]
    ids = {run_of({**RUN, **other}).id for other in others} | {run_of(RUN).id}
    assert len(ids) == len(others) + 1


def test_a_run_without_a_time_of_its_own_ended_at_the_instant_of_its_envelope() -> None:
    told = {name: value for name, value in RUN.items() if name != "timestamp"}
    at = datetime(2026, 11, 22, 9, tzinfo=UTC)
    assert run_of(told, at=at).finished_at == at
    assert read(told).rejected[0].field == "timestamp"


def test_a_run_that_names_its_execution_is_reported_under_that_id() -> None:
    assert run_of({**RUN, "run_id": "r-1"}).id == "r-1"
    assert run_of({**RUN, "trace_id": TRACE.upper()}).id == TRACE
    started = run_of({**RUN, "run_id": "r-1", "status": "running"})
    assert (started.status, started.finished_at) == (Status.RUNNING, None)
    # Without an id nothing could ever end it.
    assert loose({**RUN, "status": "running"}).labels is None


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "time": ({"timestamp": "yesterday"}, "timestamp"),
    "future": ({"timestamp": "2099-01-01T00:00:00"}, "timestamp"),
    "negative duration": ({"duration_seconds": -1}, "duration_seconds"),
    "long duration": ({"duration_seconds": 1e17}, "duration_seconds"),
    "no number": ({"duration_seconds": "soon"}, "duration_seconds"),
    "huge number": ({"tokens_used": "1e999999"}, "tokens_used"),
    "cost": ({"cost_usd": -0.01}, "cost_usd"),
    "not finite": ({"cost_usd": float("nan")}, "cost_usd"),
    "nul": ({"note": "a\0b"}, "note"),
    "status": ({"status": "x" * 200}, "status"),
}


@pytest.mark.parametrize("name", BAD)
def test_an_impossible_run_is_refused_alone_with_its_field(name: str) -> None:
    change, field = BAD[name]
    decoded = read(RUN, {**RUN, **change, "secret": "hidden"}, "text")
    assert [one.field for one in decoded.rejected] == [field]
    assert decoded.rejected[0].index == 1
    assert "hidden" not in (decoded.rejected[0].sample or "")
    assert (len(decoded.reports), len(decoded.lines)) == (1, 1)


IDS: dict[str, tuple[dict[str, Any], str, str | None]] = {
    "otel": ({"trace_id": TRACE, "span_id": SPAN}, TRACE, SPAN),
    "upper": ({"traceId": TRACE.upper(), "spanId": SPAN.upper()}, TRACE, SPAN),
    "uuid": ({"trace.id": "4bf92f35-77b3-4da6-a3ce-929d0e0e4736"}, TRACE, None),
    "nested": ({"trace": {"id": TRACE}, "span": {"id": SPAN}}, TRACE, SPAN),
    "python": ({"otelTraceID": TRACE, "otelSpanID": SPAN}, TRACE, SPAN),
    "datadog": ({"dd.trace_id": "1234567890", "dd.span_id": "255"}, f"{1234567890:032x}", f"{255:016x}"),
    "datadog nested": ({"dd": {"trace_id": TRACE}}, TRACE, None),
    "64 bits": ({"trace_id": SPAN}, SPAN.rjust(32, "0"), None),
    "x-ray": ({"xray_trace_id": "1-4bf92f35-77b34da6a3ce929d0e0e4736"}, TRACE, None),
    "google": ({"logging.googleapis.com/trace": f"projects/p/traces/{TRACE}"}, TRACE, None),
    "traceparent": ({"traceparent": f"00-{TRACE}-{SPAN}-01"}, TRACE, SPAN),
    "labels": ({"labels": {"trace_id": TRACE}}, TRACE, None),
    "attributes": ({"attributes": {"traceparent": f"00-{TRACE}-{SPAN}-01"}}, TRACE, SPAN),
    "execution": ({"execution_id": "Run 7", "step_id": "s1"}, "Run 7", "s1"),
    "number": ({"executionId": 4711}, "4711", None),
    "execution before trace": ({"run_id": "r-1", "trace_id": TRACE, "span_id": SPAN}, "r-1", SPAN),
    "other system": ({"trace_id": "req-77"}, "req-77", None),
}


@pytest.mark.parametrize("name", IDS)
def test_a_line_that_names_an_execution_is_attached_to_it(name: str) -> None:
    fields, execution, step = IDS[name]
    found, line = log_of({"message": "hello", **fields})
    assert (found, line.step_id) == (execution, step)
    assert line.message.startswith("hello")
    # As structured metadata or labels beside a text.
    assert run_of("hello", labels=fields).id == execution


def test_ids_in_plain_text_are_found_too() -> None:
    text = f"2026-11-22 10:00:00,123 INFO [app] [trace_id={TRACE} span_id={SPAN} resource.service.name=x] - hello"
    found, line = log_of(text)
    assert (found, line.step_id, line.message) == (TRACE, SPAN, text)
    assert log_of('level=warn run_id="r-1" msg="slow"')[1].level == "warn"


@pytest.mark.parametrize(
    "fields",
    [
        {"trace_id": "0" * 32},
        {"otelTraceID": "0"},
        {"run_id": "x" * 257},
        {"run_id": ""},
        {"trace_id": None},
        {"run_id": True},
    ],
)
def test_ids_that_are_none_leave_a_line_loose(fields: dict[str, Any]) -> None:
    assert loose({"message": "hello", **fields}).message == "hello"


def test_lines_of_one_execution_are_one_report_of_so_many_items() -> None:
    decoded = read(*({"msg": str(number), "run_id": "r", "workflow": "w"} for number in range(3)), "loose")
    ((index, report),) = decoded.reports
    assert (index, report.items, report.workflow) == (0, 3, "w")
    assert [line.message for line in report.logs or ()] == ["0", "1", "2"]


LEVELS: list[tuple[dict[str, Any], str | None]] = [
    ({"level": "WARN"}, "warn"),
    ({"level": "Warning"}, "warn"),
    ({"severity": "ERR"}, "error"),
    ({"levelname": "CRITICAL"}, "fatal"),
    ({"log": {"level": "fatal"}}, "fatal"),
    ({"level": 30}, "info"),
    ({"level": 4}, "warn"),
    ({"PRIORITY": "3"}, "error"),
    ({"priority": "err"}, "error"),
    ({"priority": "high"}, None),
    ({"priority": 1}, None),
    ({"levelno": 30}, "warn"),
    ({"severity_number": 17}, "error"),
    ({"level": "Dreaming"}, "dreaming"),
    ({"level": ""}, None),
    ({"level": None}, None),
    ({"level": 999}, None),
    ({"labels": {"detected_level": "debug"}}, "debug"),
    ({}, None),
]


@pytest.mark.parametrize(("fields", "level"), LEVELS)
def test_words_and_numbers_of_levels_are_one_small_set(fields: dict[str, Any], level: str | None) -> None:
    assert loose({"message": "m", **fields}).level == level


AT = datetime(2026, 11, 22, 10, 0, 0, tzinfo=UTC)
TIMES: list[Any] = [
    "2026-11-22T10:00:00Z",
    "2026-11-22T12:00:00+02:00",
    "2026-11-22 10:00:00",
    "2026-11-22 10:00:00 UTC",
    "2026/11/22 10:00:00",
    "22/Nov/2026:10:00:00 +0000",
    "Sun, 22 Nov 2026 10:00:00 GMT",
    1795341600,
    1795341600.0,
    "1795341600",
    1795341600000,
    "1795341600000",
    1795341600000000,
    "1795341600000000000",
]


@pytest.mark.parametrize("told", TIMES)
@pytest.mark.parametrize("name", ["timestamp", "@timestamp", "time", "ts"])
def test_times_in_all_common_forms(told: Any, name: str) -> None:
    line = loose({"message": "m", name: told})
    assert (line.at, line.labels) == (AT, None)


def test_a_time_without_zone_gives_way_to_the_envelopes() -> None:
    envelope = AT + timedelta(hours=1)
    assert loose({"message": "m", "asctime": "2026-11-22 10:00:00,000"}, at=envelope).at == envelope
    assert loose({"message": "m", "asctime": "2026-11-22T10:00:00Z"}, at=envelope).at == AT


@pytest.mark.parametrize("told", ["soon", "", "1970-01-01T00:00:00Z", "2100-01-01T00:00:00Z", 1, -5, True, [], 1e300])
def test_a_time_that_cannot_be_is_not_told(told: Any) -> None:
    line = loose({"message": "m", "time": told})
    assert (line.at, line.position) == (None, 0)


def test_nanoseconds_beyond_a_microsecond_keep_the_order() -> None:
    line = loose({"message": "m", "time": "1795341600000000123"})
    assert (line.at, line.position) == (AT, 123)


MESSAGES: list[tuple[Any, str]] = [
    ("plain\n", "plain"),
    ("Traceback:\n  File x\nValueError", "Traceback:\n  File x\nValueError"),
    ({"msg": "m"}, "m"),
    ({"log": "m\n"}, "m"),
    ({"event": "m"}, "m"),
    ({"event": {"kind": "e"}, "a": [1]}, '{"event":{"kind":"e"},"a":[1]}'),
    ({"answer": 42}, '{"answer":42}'),
    (42, "42"),
    (None, "null"),
    ("{not json", "{not json"),
    ("a\0b", "a␀b"),
    ("\ud800", "?"),
    ("x" * 200_000, "x" * (wire.MAX_LOG_MESSAGE - 1) + "…"),
]


@pytest.mark.parametrize(("told", "message"), MESSAGES)
def test_messages(told: Any, message: str) -> None:
    assert loose(told).message == message


def test_other_fields_of_a_loose_line_are_labels_within_bounds() -> None:
    fields = {f"k{number}": "v" * 500 for number in range(80)}
    labels = loose({"message": "m", "n": 1, "o": {"a": 1}, "none": None, **fields}, labels={"app": "x"}).labels
    assert labels is not None
    assert len(labels) == 50
    assert (labels["n"], labels["o"], labels["k0"]) == ("1", '{"a":1}', "v" * 199 + "…")
    assert loose("m", labels={"app": "x", "empty": ""}).labels == {"app": "x"}


def test_other_fields_of_an_attached_line_follow_its_message() -> None:
    assert log_of({"message": "m", "run_id": "r", "user": {"id": 7}})[1].message == 'm user={"id":7}'


def test_secrets_are_taken_out_before_anything_is_kept() -> None:
    secret = "sk-" + "a1" * 20
    told = {"message": f"key {secret} refused", "password": secret, "headers": {"authorization": f"Bearer {secret}"}}
    line, (_, attached) = loose(told), log_of({**told, "run_id": "r"})
    run = run_of({**RUN, "error": f"401 for {secret}", "api_key": secret, "input": {"token": secret}})
    kept = repr((line, attached, run, loose({"password": secret, "n": 1}), loose(f"password={secret}")))
    assert secret not in kept
    assert kept.count("[redacted]") >= 8


def test_a_line_may_be_nested_as_deeply_as_it_likes() -> None:
    deep: Any = 1
    for _ in range(900):
        deep = {"a": deep}
    assert loose({"deep": deep}).message == loose(json.dumps({"deep": deep})).message == "(nested too deeply)"
    assert loose({"message": "m", "deep": deep}).labels == {"deep": "(nested too deeply)"}
    assert read({**RUN, "deep": deep}).rejected[0].reason == "is nested too deeply: at most 64 levels are read"
