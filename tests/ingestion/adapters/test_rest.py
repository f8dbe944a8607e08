"""The REST adapter: what is understood, and what is refused with which words."""

import contextlib
import gzip
import json
import time
import tracemalloc
import zlib
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from ingestion.adapters import body as bodies
from ingestion.adapters.inflate import inflate
from ingestion.adapters.refusals import TooLarge, Undecodable, UnknownEncoding
from ingestion.adapters.rest import decode, parse_item
from ingestion.records import ExecutionReport, Failure, Rejection, Resources, Tokens
from monitoring.statuses import Status

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
START = "2026-11-22T10:00:00Z"


def read(item: dict[str, Any]) -> ExecutionReport:
    """The one item of a body, which must be understood."""
    (parsed,) = read_all(json.dumps(item).encode())
    assert isinstance(parsed, ExecutionReport), parsed
    return parsed


def read_all(body: bytes, content_type: str = "application/json") -> list[ExecutionReport | Rejection]:
    return [parse_item(index, item, NOW) for index, item in decode(body, content_type)]


def refusal(body: bytes | dict[str, Any]) -> tuple[str, str]:
    """Field and reason of the one item, which must be refused."""
    (parsed,) = read_all(body if isinstance(body, bytes) else json.dumps(body).encode())
    assert isinstance(parsed, Rejection), parsed
    return parsed.field, parsed.reason


def test_every_field_is_read() -> None:
    report = read(
        {
            "id": "e1",
            "workflow": "w",
            "release": "r",
            "environment": "staging",
            "trigger": "cron",
            "input_type": "mail",
            "started_at": START,
            "finished_at": "2026-11-22T12:00:01+02:00",
            "status": "success",
            "attempt": 2,
            "retry_of": "e0",
            "tags": {"tier": "gold", "size": 3},
            "url": "https://n8n.example/1",
            "parent_execution": "p",
            "session": "s",
            "user": "u",
            "feedback": {"key": "thumb", "score": 1, "comment": "fine"},
            "workflow_type": "agent",
            "memory_bytes": 10,
            "memory_limit_bytes": 20,
            "storage_bytes": 30,
            "storage_limit_bytes": 40,
            "api_call_count": 5,
            "cost_usd": "0.10",
            "tokens": {"input": 10**15, "reasoning": 1},
            "error": {"type": "E", "message": "m", "stack": "..."},
            "logs": ["bare", {"message": "m", "timestamp": START, "level": "info", "step_id": "1"}],
            "steps": [{"id": "1", "node": "n", "status": "error", "input_tokens": 3, "cost_usd": 0.1}],
        }
    )
    assert (report.status, report.attempt, report.retry_of) == (Status.SUCCEEDED, 2, "e0")
    assert report.finished_at == datetime(2026, 11, 22, 10, 0, 1, tzinfo=UTC)
    assert report.finished_at.tzinfo is UTC
    assert report.tags == {"tier": "gold", "size": "3"}
    assert report.resources == Resources(
        memory_bytes=10, memory_limit_bytes=20, storage_bytes=30, storage_limit_bytes=40, api_call_count=5
    )
    assert report.cost_usd == Decimal("0.10")
    assert report.tokens is not None
    assert report.tokens.input == 10**15
    assert report.error == Failure(type="E", message="m", detail={"stack": "..."})
    assert [line.message for line in report.logs or []] == ["bare", "m"]
    (step,) = report.steps or []
    assert (step.status, step.tokens, step.cost_usd) == (Status.FAILED, Tokens(input=3), Decimal("0.1"))


def test_other_names_and_unknown_fields() -> None:
    report = read(
        {
            "id": "e1",
            "name": "w",
            "version": "7",
            "env": "dev",
            "start_time": 1_763_800_000,
            "end_time": "2025-11-22 08:30:00",
            "duration_seconds": 1.5,
            "colour": "red",
            "clock": 2,
            "attributes": {"colour": "blue"},
            "steps": [
                {
                    "id": "1",
                    "name": "n",
                    "type": "llm",
                    "usage": {
                        "prompt_tokens": 10,
                        "completion_tokens": 2,
                        "prompt_tokens_details": {"cached_tokens": 4},
                    },
                    "weight": 3,
                }
            ],
        }
    )
    assert (report.workflow, report.release, report.environment) == ("w", "7", "dev")
    assert report.duration_ms == 1500
    assert report.finished_at == datetime(2025, 11, 22, 8, 30, tzinfo=UTC)
    assert report.attributes == {"colour": "blue", "colour_": "red", "clock": 2}
    assert report.clock == 0
    (step,) = report.steps or []
    assert (step.node, step.kind) == ("n", "llm")
    assert step.tokens is not None
    assert (step.tokens.input, step.tokens.cache_read, step.tokens.output) == (6, 4, 2)
    assert step.attributes == {"weight": 3}
    assert step.usage == {
        "prompt_tokens": 10,
        "completion_tokens": 2,
        "prompt_tokens_details": {"cached_tokens": 4},
    }


def test_a_word_that_nobody_knows_is_kept() -> None:
    report = read({"id": "e", "status": "Hibernating"})
    assert (report.status, report.told_status) == (Status.UNKNOWN, "Hibernating")


def test_steps_without_clock_keep_the_order_of_the_list() -> None:
    report = read({"id": "e", "steps": [{"id": "b"}, {"id": "a"}]})
    assert [step.position for step in report.steps or []] == [0, 1]
    with_times = read({"id": "e", "steps": [{"id": "b", "started_at": START}]})
    assert [step.position for step in with_times.steps or []] == [None]


def nested(depth: int) -> Any:
    """A value with that many levels."""
    value: Any = 1
    for level in range(depth):
        value = [value] if level % 2 else {"a": value}
    return value


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({}, "id", "is missing"),
    ({"id": 5}, "id", "must be text, not a whole number"),
    ({"id": ""}, "id", "must not be empty"),
    ({"id": "x" * 10_240}, "id", "must have at most 256 characters"),
    ({"id": "e", "workflow": ["w"]}, "workflow", "must be text, not a list"),
    ({"id": "e", "workflow": "w" * 201}, "workflow", "must have at most 200 characters"),
    ({"id": "e", "status": 5}, "status", "must be text, not a whole number"),
    ({"id": "e", "status": {"a": 1}}, "status", "must be text, not an object"),
    ({"id": "e", "duration_ms": -1}, "duration_ms", "must be at least 0"),
    ({"id": "e", "duration_seconds": -1}, "duration_ms", "must be at least 0"),
    ({"id": "e", "duration_ms": "fast"}, "duration_ms", "must be a number, not text"),
    ({"id": "e", "duration_ms": 1e300}, "duration_ms", "must be at most 3155760000000"),
    ({"id": "e", "started_at": "yesterday"}, "started_at", "must be a time such as"),
    ({"id": "e", "started_at": True}, "started_at", "must be a time, not true or false"),
    ({"id": "e", "started_at": "1970-01-01T00:00:00Z"}, "started_at", "must be from 1990-01-01 to a day from now"),
    ({"id": "e", "started_at": 0}, "started_at", "must be from 1990-01-01"),
    ({"id": "e", "finished_at": "2100-01-01T00:00:00Z"}, "finished_at", "must be from 1990-01-01"),
    ({"id": "e", "started_at": "0001-01-01T00:00:00+14:00"}, "started_at", "must be a time from 1990 on"),
    ({"id": "e", "started_at": START, "finished_at": "2026-11-22T09:59:59Z"}, "finished_at", "must not be before"),
    ({"id": "e", "attempt": 0}, "attempt", "must be at least 1"),
    ({"id": "e", "attempt": 1.5}, "attempt", "must be a whole number, not a number"),
    ({"id": "e", "api_call_count": -1}, "api_call_count", "must be at least 0"),
    ({"id": "e", "memory_bytes": 2**63}, "memory_bytes", "must be at most 9223372036854775807"),
    ({"id": "e", "memory_bytes": 2**70}, "memory_bytes", "9223372036854775807"),
    ({"id": "e", "tokens": {"input": -1}}, "tokens.input", "must be at least 0"),
    ({"id": "e", "tokens": {"input": 1.5}}, "tokens.input", "must be a whole number, not a number"),
    ({"id": "e", "tokens": {"output": 10**18}}, "tokens.output", "must be at most 1000000000000000"),
    (
        {"id": "e", "tokens": {"output": 5, "reasoning": 6}},
        "tokens.reasoning",
        "must be at most 5, which is `tokens.output`, with its other parts",
    ),
    (
        {"id": "e", "steps": [{"id": "s", "tokens": {"input": 5, "input_audio": 3, "input_image": 3}}]},
        "steps[0].tokens.input_image",
        "must be at most 5, which is `tokens.input`, with its other parts",
    ),
    (
        {"id": "e", "steps": [{"id": "s", "tokens": {"cache_write": 5, "cache_write_1h": 6}}]},
        "steps[0].tokens.cache_write_1h",
        "must be at most 5, which is `tokens.cache_write`, with its other parts",
    ),
    (
        {"id": "e", "steps": [{"id": "s", "usage": {"input_tokens": 10**18}}]},
        "steps[0].usage.input_tokens",
        "must be at most 1000000000000000",
    ),
    (
        {"id": "e", "steps": [{"id": "s", "usage": {"completion_tokens_details": {"reasoning_tokens": -1}}}]},
        "steps[0].usage.completion_tokens_details.reasoning_tokens",
        "must be at least 0",
    ),
    ({"id": "e", "steps": [{"id": "s", "calls": 10**10}]}, "steps[0].calls", "must be at most 1000000000"),
    ({"id": "e", "cost_usd": "NaN"}, "cost_usd", "must be US dollars from 0 to"),
    ({"id": "e", "cost_usd": -1}, "cost_usd", "must be US dollars from 0 to"),
    ({"id": "e", "cost_usd": "1e-400"}, "cost_usd", "must have at most 30 digits"),
    ({"id": "e", "cost_usd": "much"}, "cost_usd", "cannot be read"),
    ({"id": "e", "error": 5}, "error", "must be text or an object"),
    ({"id": "e", "url": "javascript:alert(1)"}, "url", "must start with http"),
    ({"id": "e", "tags": "gold"}, "tags", "must be an object or a list"),
    ({"id": "e", "attributes": {str(i): i for i in range(10_000)}}, "attributes", "must have at most 1,000 entries"),
    ({"id": "e", **{f"x{i}": i for i in range(10_000)}}, "attributes", "must have at most 1,000 entries"),
    ({"id": "e", "steps": {}}, "steps", "must be a list, not an object"),
    ({"id": "e", "steps": [1]}, "steps[0]", "must be an object, not a whole number"),
    ({"id": "e", "steps": [{"id": "1"}, {"node": "n"}]}, "steps[1].id", "is missing"),
    ({"id": "e", "steps": [{"id": "1", "started_at": "no"}]}, "steps[0].started_at", "must be a time such as"),
    ({"id": "e", "steps": [{"id": "1", "started_at": 1}]}, "steps[0].started_at", "must be from 1990-01-01"),
    ({"id": "e", "steps": [{"id": str(i)} for i in range(50_001)]}, "steps", "must have at most 50,000 entries"),
    ({"id": "e", "logs": [{"level": "info"}]}, "logs[0].message", "is missing"),
    ({"id": "e", "input": nested(64)}, "input[0].a", "nested too deeply: at most 64 levels"),
    ({"id": "e", "output": {"a": "NUL \x00"}}, "output.a", "holds the character NUL"),
    ({"id": "e", "output": "half \ud800"}, "output", "holds half of a surrogate pair"),
    ({"id": "e", "input": {"\udc00": 1}}, "input.?", "in the name of the field"),
    ({"id": "e", "cost_usd": float("nan")}, "cost_usd", "is NaN, which is no number in JSON"),
    ({"id": "e", "output": [1, float("-inf")]}, "output[1]", "is -Infinity"),
]


@pytest.mark.parametrize(("item", "field", "reason"), REFUSED, ids=[f"{f}: {r}" for _, f, r in REFUSED])
def test_refusals_name_field_reason_and_limit(item: dict[str, Any], field: str, reason: str) -> None:
    told = refusal(item)
    assert told[0] == field
    assert reason in told[1]


def test_what_a_record_says_about_itself_cannot_be_told() -> None:
    own = {"clock": 2, "is_imported": True, "placed_at": START, "told_status": "x", "resources": {"memory_bytes": 1}}
    own |= {"ranks": {"status": 9}}
    report = read({"id": "e", **own, "steps": [{"id": "1", "told_status": "x"}]})
    assert (report.clock, report.is_imported, report.placed_at, report.told_status) == (0, False, None, None)
    assert report.ranks is None
    assert report.resources is None
    assert report.attributes == own
    assert [step.told_status for step in report.steps or []] == [None]


def test_keys_told_twice_are_refused() -> None:
    assert refusal(b'{"id": "e", "status": "failed", "status" : "ok"}') == (
        "status",
        "is told more than once in one object",
    )
    assert refusal(b'{"id":"e","steps":[{"id":"1","input":{"a":1,"a":null}}]}')[0] == "steps[0].input.a"


def test_text_that_looks_like_keys_is_no_duplicate() -> None:
    report = read({"id": "e", "input": '{"a": 1, "a": 2, "b" : [[['})
    assert report.input == '{"a": 1, "a": 2, "b" : [[['


def test_64_levels_are_read() -> None:
    assert read({"id": "e", "input": nested(62)}).input == nested(62)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"   ",
        b"[]",
        b"{",
        b'{"id":"e"',
        b'[{"id":"e"}',
        b'{"id":"e"} trailing',
        b'{"id":"e"}\n{"id":"f"',
        b"\xff\xfe",
        b'{"id":"\x00"}',
        b'{"id":"e","memory_bytes":' + b"9" * 5000 + b"}",
    ],
)
def test_bodies_that_cannot_be_decoded(body: bytes) -> None:
    with pytest.raises(Undecodable):
        decode(body)


def test_depth_of_100_000_names_the_field() -> None:
    with pytest.raises(Undecodable) as caught:
        decode(b'{"id":"e","attributes":{"tree":' + b"[" * 100_000 + b"]" * 100_000 + b"}}")
    assert caught.value.field == "attributes.tree"
    assert "64" in caught.value.reason


def test_a_bad_item_leaves_the_others() -> None:
    parsed = read_all(b'[{"id":"a"},{"id":"b","cost_usd":NaN},{"id":"c"},7]')
    assert [isinstance(one, Rejection) for one in parsed] == [False, True, False, True]
    assert [one.index for one in parsed if isinstance(one, Rejection)] == [1, 3]


def test_lines_are_read_by_type_and_by_sight() -> None:
    body = b'{"id":"a"}\n\n{"id":"b"}\r\n'
    for content_type in ("application/x-ndjson; charset=utf-8", "application/json", ""):
        assert [one.id for one in read_all(body, content_type) if isinstance(one, ExecutionReport)] == ["a", "b"]
    assert len(read_all(b'{"id":"a"}\n{"id":"b","status":"x","status":"y"}')) == 2


def test_too_many_items_and_values(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TooLarge, match="at most 10,000 items"):
        decode(b"[" + b",".join([b"{}"] * 10_001) + b"]")
    monkeypatch.setattr(bodies, "MAX_COMMAS", 3)
    monkeypatch.setattr(bodies, "MAX_BRACKETS", 10)
    with pytest.raises(TooLarge, match="at most 3 values"):
        decode(b"[1,1,1,1,1,1,1]")


COMPRESSED = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "zstd": zstandard.ZstdCompressor().compress,
}


@pytest.mark.parametrize("encoding", COMPRESSED)
def test_inflating(encoding: str) -> None:
    compress = COMPRESSED[encoding]
    body = b'{"id":"e"}' * 20_000
    assert inflate(compress(body), encoding, len(body)) == body
    with pytest.raises(TooLarge):
        inflate(compress(body), encoding, len(body) - 1)
    with pytest.raises(Undecodable, match="ends early"):
        inflate(compress(body)[:-3], encoding, len(body))
    with pytest.raises(Undecodable):
        inflate(b"no such thing", encoding, 1000)


def test_several_members_and_raw_deflate() -> None:
    assert inflate(gzip.compress(b"a") + gzip.compress(b"b"), "gzip", 10) == b"ab"
    frames = zstandard.ZstdCompressor().compress(b"a" * 5000), zstandard.ZstdCompressor().compress(b"b")
    assert inflate(b"".join(frames), "zstd", 10_000) == b"a" * 5000 + b"b"
    raw = zlib.compressobj(wbits=-15)
    assert inflate(raw.compress(b"hello") + raw.flush(), "deflate", 10) == b"hello"
    with pytest.raises(UnknownEncoding):
        inflate(b"", "br", 10)


@pytest.mark.parametrize("encoding", COMPRESSED)
def test_a_bomb_stops_at_the_limit(encoding: str) -> None:
    bomb = COMPRESSED[encoding](b" " * 40_000_000)
    assert len(bomb) < 80_000
    with pytest.raises(TooLarge, match="1000000 bytes when inflated"):
        inflate(bomb, encoding, 1_000_000)


FIELDS = st.sampled_from(
    [
        "id",
        "workflow",
        "status",
        "started_at",
        "finished_at",
        "duration_ms",
        "tokens",
        "usage",
        "cost_usd",
        "steps",
        "logs",
        "input",
        "attributes",
        "error",
        "tags",
        "feedback",
        "name",
        "message",
        "at",
        "url",
        "metadata",
        "input_tokens",
        "attempt",
        "position",
        "prompt_tokens_details",
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=())),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(FIELDS | st.text(max_size=5), inner, max_size=6),
    max_leaves=20,
)


@given(st.dictionaries(FIELDS, JSON, max_size=8) | JSON)
def test_any_json_is_read_or_refused(item: Any) -> None:
    told = item if not isinstance(item, dict) else {"id": "e", **item}
    try:
        parsed = read_all(json.dumps(told).encode())
    except Undecodable:
        return
    for one in parsed:
        assert isinstance(one, ExecutionReport | Rejection)
        if isinstance(one, Rejection):
            assert one.field.encode()
            assert one.reason.encode()


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    with contextlib.suppress(Undecodable):
        read_all(body)


@pytest.mark.parametrize("encoding", COMPRESSED)
def test_many_empty_compressed_parts_cost_no_time(encoding: str) -> None:
    empty = COMPRESSED[encoding](b"")
    started = time.process_time()
    with pytest.raises(TooLarge, match="at most 10,000 compressed parts"):
        inflate(empty * (8_000_000 // len(empty)), encoding, 1_000)
    assert time.process_time() - started < 1
    assert inflate(COMPRESSED[encoding](b"a") * 10_000, encoding, 10_000) == b"a" * 10_000


@pytest.mark.parametrize("text", [b'{"id":"a"}\n', b"{}", b"[]", b"{},", b"1\n", b'""'])
def test_very_many_small_items_take_little_memory(text: bytes) -> None:
    body = b"{}\n" + text * (20_000_000 // len(text))
    tracemalloc.start()
    try:
        for content_type in ("application/x-ndjson", "application/json"):
            with pytest.raises((TooLarge, Undecodable)):
                decode(body, content_type)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 200_000_000
