"""The five protocols unpack to the same records: one rule for all of them."""

import base64
import contextlib
import gzip
import json
import time
import tracemalloc
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import cramjam
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.adapters.logs import bulk, firehose, hec, json_lines, loki
from ingestion.adapters.logs.lines import Entry, Reader
from ingestion.adapters.logs.splitting import split, split_text
from ingestion.adapters.refusals import TooLarge, Undecodable
from ingestion.records import Decoded

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
AT = datetime(2026, 11, 22, 10, tzinfo=UTC)
NS = "1795341600000000000"
LIMIT = 1_000_000
RUN = {"timestamp": "2026-11-22T10:00:00", "workflow": "w", "status": "ok", "duration_seconds": 1, "tokens_used": 2}
TEXT = json.dumps(RUN)


def lines_of(decoded: Decoded) -> list[str]:
    return [line.message for _, line in decoded.lines]


def json_body(body: Any, content_type: str = "application/json") -> Decoded:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return json_lines.read(data, content_type, NOW)


def protobuf(*streams: tuple[str, list[tuple[int, str, dict[str, str]]]]) -> bytes:
    """A push as promtail and its successors send it."""
    request = loki._push_request()()
    for labels, entries in streams:
        stream = request.streams.add(labels=labels.encode())
        for ns, line, metadata in entries:
            entry = stream.entries.add(line=line.encode())
            entry.timestamp.seconds, entry.timestamp.nanos = divmod(ns, 10**9)
            for name, value in metadata.items():
                entry.metadata.add(name=name.encode(), value=value.encode())
    return bytes(cramjam.snappy.compress_raw(request.SerializeToString()))


def delivery(*records: bytes) -> firehose.Delivery:
    told = [{"data": base64.b64encode(record).decode()} for record in records]
    return firehose.read_delivery(json.dumps({"requestId": "r", "timestamp": 1, "records": told}).encode())


def subscription(*messages: str, kind: str = "DATA_MESSAGE") -> bytes:
    events = [{"id": str(number), "timestamp": 1795341600000, "message": text} for number, text in enumerate(messages)]
    told = {"messageType": kind, "owner": "1", "logGroup": "/aws/g", "logStream": "s", "logEvents": events}
    return gzip.compress(json.dumps(told).encode())


def test_a_run_is_the_same_by_every_protocol() -> None:
    ways = [
        json_body(RUN),
        json_body([{"message": TEXT, "file": "/var/log/w.log"}]),
        loki.read(json.dumps({"streams": [{"stream": {}, "values": [[NS, TEXT]]}]}).encode(), "", NOW, LIMIT),
        loki.read(protobuf(("{}", [(int(NS), TEXT, {})])), "application/x-protobuf", NOW, LIMIT),
        hec.read_events(json.dumps({"time": 1795341605.5, "event": RUN}).encode(), {}, NOW),
        hec.read_events(json.dumps({"event": TEXT}).encode(), {}, NOW),
        hec.read_raw(TEXT.encode(), {}, NOW),
        bulk.read(f'{{"index":{{"_index":"i"}}}}\n{TEXT}\n'.encode(), "", NOW).decoded,
        firehose.read(delivery(TEXT.encode()), {}, NOW, LIMIT),
        firehose.read(delivery(subscription(TEXT)), {}, NOW, LIMIT),
    ]
    assert len({way.reports[0][1].id for way in ways}) == 1
    assert all(len(way.reports) == 1 and not way.rejected and not way.lines for way in ways)


@pytest.mark.parametrize(
    "body",
    [
        b'[{"message":"a"},{"message":"b"}]',
        b'{"message":"a"}\n{"message":"b"}\n',
        b'{"message":"a"}{"message":"b"}',
        b'{"message":\n "a"}\r\n\r\n{"message": "b"}',
        b'[{"message":"a"}]\n[{"message":"b"}]',
        b'\xef\xbb\xbf{"message":"a"},{"message":"b", "x": NaN}',
        b"a\nb",
        b'["a", "b"]',
    ],
)
def test_json_lines_arrays_and_objects_behind_each_other(body: bytes) -> None:
    assert lines_of(json_body(body)) == ["a", "b"]


def test_a_broken_line_costs_itself_only() -> None:
    good = b'{"message":"x"}\n'
    decoded = json_body(good * 500 + b'{"message":"x\n' + good * 499)
    assert len(decoded.lines) == 999
    assert [(one.index, one.field, one.reason) for one in decoded.rejected] == [(500, "(line)", "is not valid JSON")]


def test_many_broken_lines_are_read_in_one_pass() -> None:
    assert len(split((b"[" + b"1," * 50 + b"\n") * 5_000)) == 5_000


@pytest.mark.parametrize("body", [b"", b" \n ", b"[]", b'{"a":', b"[" * 100_000])
def test_a_body_without_any_line_is_undecodable(body: bytes) -> None:
    with pytest.raises(Undecodable):
        json_body(body)


def test_too_many_values_or_records() -> None:
    with pytest.raises(TooLarge):
        json_body(b"[" + b"1," * 4_000_001 + b"1]")
    with pytest.raises(TooLarge):
        json_body(b"1\n" * 100_001)


def test_plain_text_keeps_stack_traces_whole() -> None:
    text = b"start\r\nTraceback (most recent call last):\n  File x\n    boom\nValueError: no\n\nend\n"
    assert split_text(text) == [
        "start",
        "Traceback (most recent call last):\n  File x\n    boom",
        "ValueError: no",
        "end",
    ]
    assert len(json_body(text, "text/plain; charset=utf-8").lines) == 4


def test_loki_json_has_labels_metadata_and_nanoseconds() -> None:
    values = [[NS, "a"], ["1795341600000000007", "b", {"trace_id": "ab" * 16}], ["x"], [NS, 5]]
    body = json.dumps({"streams": [{"stream": {"app": "x", "level": "warn"}, "values": values}]}).encode()
    decoded = loki.read(body, "application/json", NOW, LIMIT)
    ((_, line),) = decoded.lines
    assert (line.message, line.at, line.level, line.labels) == ("a", AT, "warn", {"app": "x", "level": "warn"})
    ((index, report),) = decoded.reports
    assert (index, report.id, report.logs and report.logs[0].position) == (1, "ab" * 16, 7)
    assert [one.index for one in decoded.rejected] == [2, 3]


def test_loki_protobuf_and_the_older_json_say_the_same() -> None:
    entries = [(int(NS), "a", {}), (int(NS) + 7, "b", {"trace_id": "ab" * 16})]
    body = protobuf(('{app="x\\"y", env="p"}', entries))
    decoded = loki.read(body, "application/x-protobuf", NOW, LIMIT)
    assert decoded.lines[0][1].labels == {"app": 'x"y', "env": "p"}
    assert (decoded.lines[0][1].at, decoded.reports[0][1].id) == (AT, "ab" * 16)
    older = {"streams": [{"labels": '{app="x\\"y", env="p"}', "entries": [{"ts": AT.isoformat(), "line": "a"}]}]}
    assert loki.read(json.dumps(older).encode(), "application/json", NOW, LIMIT).lines[0] == decoded.lines[0]


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"", "application/json"),
        (b"{}", "application/json"),
        (b"[]", "application/json"),
        (b'{"streams":[{"labels":"app=x","entries":[]}]}', "application/json"),
        (b"not snappy", "application/x-protobuf"),
        (bytes(cramjam.snappy.compress_raw(b"\xff\xff\xff")), "application/x-protobuf"),
    ],
)
def test_a_push_that_is_none(body: bytes, content_type: str) -> None:
    with pytest.raises(Undecodable):
        loki.read(body, content_type, NOW, LIMIT)


def test_a_snappy_bomb_is_not_inflated() -> None:
    bomb = bytes(cramjam.snappy.compress_raw(b"\0" * 50_000_000))
    with pytest.raises(TooLarge):
        loki.read(bomb, "application/x-protobuf", NOW, LIMIT)


def test_hec_events_with_or_without_newlines_and_what_is_missing() -> None:
    body = (
        b'{"time":1795341600.000,"host":"h","event":"a","fields":{"k":"v"}}{"time":"1795341600","event":{"x":1}}\n'
        b'{"host":"h"}{"event":""}{"event":"b"}'
    )
    decoded = hec.read_events(body, {"sourcetype": "st"}, NOW)
    assert lines_of(decoded) == ["a", '{"x":1}', "b"]
    assert decoded.lines[0][1].labels == {"sourcetype": "st", "host": "h", "k": "v"}
    assert [line.at for _, line in decoded.lines] == [AT, AT, None]
    assert [(one.index, one.reason) for one in decoded.rejected] == [(2, hec.EVENT_REQUIRED), (3, hec.EVENT_BLANK)]
    assert hec.read_events(b'{"event":"a"}\n"b"\n{"event":', {}, NOW).rejected[0].reason == hec.INVALID


def test_hec_raw_lines_take_their_labels_from_the_address() -> None:
    ((_, first), (_, second)) = hec.read_raw(b"a\nb\n", {"host": "h", "channel": "c", "time": "1795341600"}, NOW).lines
    assert (first.message, first.labels, first.at) == ("a", {"host": "h"}, AT)
    assert second.message == "b"


def test_bulk_actions_are_answered_one_by_one() -> None:
    body = "\n".join(
        [
            '{"index":{"_index":"logs","_id":"1"}}',
            '{"@timestamp":"2026-11-22T10:00:00Z","message":"a"}',
            '{"create":{}}',
            "{broken",
            '{"delete":{"_id":"1"}}',
            '{"update":{"_id":"1"}}',
            '{"doc":{}}',
            '{"create":{}}\r',
            '{"message":"b"}\r',
            "",
        ]
    ).encode()
    found = bulk.read(body, "app", NOW)
    assert [(one.operation, one.index) for one in found.actions] == [
        ("index", "logs"),
        ("create", "app"),
        ("delete", "app"),
        ("update", "app"),
        ("create", "app"),
    ]
    assert found.actions[0].id == "1"
    assert [one.index for one in found.decoded.rejected] == [1, 2, 3]
    assert [(index, line.message) for index, line in found.decoded.lines] == [(0, "a"), (4, "b")]
    assert found.decoded.lines[0][1].labels == {"_index": "logs"}


def test_a_line_as_rsyslog_writes_it_tells_its_time_and_level() -> None:
    body = (
        b'{"index":{"_index": "system","_type":"events"}}\n{"message":"disk is full","fromhost":"vm","facility":"user",'
        b'"priority":"err","timereported":"2026-11-22T10:00:00.396333+00:00","timegenerated":"2026-11-22T10:00:01+00:00"}\n'
    )
    ((_, line),) = bulk.read(body, "", NOW).decoded.lines
    assert (line.message, line.level) == ("disk is full", "error")
    assert line.at == AT.replace(microsecond=396333)
    assert (line.labels or {})["facility"] == "user"


@pytest.mark.parametrize(
    "body", [b"", b"text\n{}\n", b'{"index":{},"create":{}}\n{}\n', b'{"drop":{}}\n{}\n', b"[]\n{}\n"]
)
def test_a_malformed_action_line_makes_the_body_undecodable(body: bytes) -> None:
    with pytest.raises(Undecodable):
        bulk.read(body, "", NOW)


def test_firehose_takes_subscriptions_text_and_json_lines() -> None:
    records = [
        subscription("a", "b"),
        subscription("check", kind="CONTROL_MESSAGE"),
        b"c\nd\n",
        b'{"msg":"e"}{"msg":"f"}',
    ]
    decoded = firehose.read(delivery(*records), {"env": "p"}, NOW, LIMIT)
    assert lines_of(decoded) == ["a", "b", "c", "d", "e", "f"]
    assert decoded.lines[0][1].labels == {"env": "p", "logGroup": "/aws/g", "logStream": "s", "owner": "1"}
    assert (decoded.lines[0][1].at, decoded.ignored) == (AT, 1)


def test_a_bad_record_of_firehose_is_refused_alone() -> None:
    told = delivery(subscription("a"), gzip.compress(b"x")[:-4], b"b")
    told.records[2].data = "***"
    decoded = firehose.read(told, {}, NOW, LIMIT)
    assert lines_of(decoded) == ["a"]
    assert [(one.index, one.field) for one in decoded.rejected] == [(1, "data"), (2, "data")]


def test_records_of_firehose_inflate_to_one_limit_together() -> None:
    with pytest.raises(TooLarge):
        firehose.read(delivery(*[gzip.compress(b"x" * 600_000)] * 2), {}, NOW, LIMIT)


@pytest.mark.parametrize("body", [b"", b"[]", b'{"records":5}', b'{"requestId":"r"}', b'{"records":[{"data":5}]}'])
def test_a_body_that_is_no_delivery(body: bytes) -> None:
    with pytest.raises(Undecodable):
        firehose.read_delivery(body)


NAMES = st.sampled_from(
    [
        "timestamp",
        "workflow",
        "status",
        "duration_seconds",
        "tokens_used",
        "cost_usd",
        "message",
        "level",
        "run_id",
        "trace_id",
    ]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=()), max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES | st.text(max_size=3), inner, max_size=5),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(st.lists(VALUES, min_size=1, max_size=4))
def test_no_record_is_lost_or_an_error(values: list[Any]) -> None:
    reader = Reader(NOW)
    for index, value in enumerate(values):
        reader.add(index, Entry(value))
    decoded = reader.decoded()
    whole = sum(report.items for _, report in decoded.reports) + len(decoded.lines) + len(decoded.rejected)
    assert whole == len(values)
    # What is kept can be stored: no half surrogates (they cannot be encoded), no NUL but as an escape inside JSON.
    kept = msgspec.json.encode([decoded.reports, decoded.lines, decoded.rejected]).decode()
    assert "\\u0000" not in kept.replace("\\\\", "")


@settings(max_examples=150, deadline=None)
@given(
    st.binary(max_size=60) | st.text(max_size=60).map(str.encode) | VALUES.map(lambda value: json.dumps(value).encode())
)
def test_no_body_is_an_error(body: bytes) -> None:
    for read in (
        lambda: json_body(body),
        lambda: loki.read(body, "application/json", NOW, LIMIT),
        lambda: loki.read(body, "application/x-protobuf", NOW, LIMIT),
        lambda: hec.read_events(body, {}, NOW),
        lambda: hec.read_raw(body, {}, NOW),
        lambda: bulk.read(b'{"index":{}}\n' + body, "", NOW),
        lambda: firehose.read(delivery(body, gzip.compress(body)), {}, NOW, LIMIT),
        lambda: firehose.read_delivery(body),
    ):
        with contextlib.suppress(Undecodable, TooLarge):
            read()


@pytest.mark.parametrize(
    "read",
    [
        json_body,
        lambda body: json_body(body, "text/plain"),
        lambda body: hec.read_events(body, {}, NOW),
        lambda body: hec.read_raw(body, {}, NOW),
        lambda body: bulk.read(body, "", NOW),
        firehose.read_delivery,
        lambda body: loki.read(body, "application/json", NOW, LIMIT),
    ],
)
@pytest.mark.parametrize("text", [b"{}", b"{}\n", b"x\n", b"[],", b'""'])
def test_very_many_small_records_are_refused_before_they_take_memory(
    read: Callable[[bytes], object], text: bytes
) -> None:
    body = b"[" * text.endswith(b",") + text * (20_000_000 // len(text))
    tracemalloc.start()
    try:
        with pytest.raises((TooLarge, Undecodable)):
            read(body)
        assert tracemalloc.get_traced_memory()[1] < 200_000_000
    finally:
        tracemalloc.stop()


def test_empty_messages_and_records_are_bounded() -> None:
    push = bytes(cramjam.snappy.compress_raw(b"\x0a\x00" * 5_000_000))
    with pytest.raises(TooLarge):
        loki.read(push, "application/x-protobuf", NOW, 64 * LIMIT)
    delivery = firehose.read_delivery(b'{"records":[' + b'{"data":""},' * 100_000 + b'{"data":""}]}')
    with pytest.raises(TooLarge, match="100,000 records"):
        firehose.read(delivery, {}, NOW, LIMIT)


def test_a_long_gap_between_records_is_passed_over_at_once() -> None:
    started = time.process_time()
    assert split(b"x\n" + b"  " * 10_000_000 + b"\ny") == ["x", "y"]
    assert time.process_time() - started < 1


def test_a_flaw_does_not_change_how_arrays_in_arrays_are_counted() -> None:
    assert split(b"[[], 1]") == [1]
    assert split(b"[[], Infinity]") == [float("inf")]
    assert split(b"[[1, 2], NaN]\n[3]")[:2] == [[1, 2], pytest.approx(float("nan"), nan_ok=True)]


def test_much_text_that_is_no_utf8_is_refused() -> None:
    with pytest.raises(TooLarge, match="not valid UTF-8"):
        hec.read_raw(b"\xff" * 5_000_000, {}, NOW)
    assert lines_of(hec.read_raw(b"\xff", {}, NOW)) == ["\ufffd"]
