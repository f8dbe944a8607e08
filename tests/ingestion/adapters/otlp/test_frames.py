"""A request that asks for millions of objects is refused before they are made; whatever else is left to the parser."""

import contextlib
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.adapters.otlp.decoding import LOGS, METRICS, TRACES
from ingestion.adapters.otlp.frames import MAX_FRAMES, MAX_ITEMS, check_frames
from ingestion.adapters.refusals import TooLarge, Undecodable
from tests.factories import NOW

PROTOBUF = "application/x-protobuf"


def field(number: int, value: bytes) -> bytes:
    """A length-delimited field of the wire format."""
    length, digits = len(value), b""
    while True:
        length, low = length >> 7, length & 0x7F
        digits += bytes([low | (0x80 if length else 0)])
        if not length:
            return bytes([number << 3 | 2]) + digits + value


EMPTY = field(1, b"")
BOMBS = {
    "resources": EMPTY * 3_000_000,
    "scopes": field(1, field(2, b"") * 3_000_000),
    "items": field(1, field(2, field(2, b"") * 3_000_000)),
    "items of a small body": field(1, field(2, field(2, b"") * (MAX_ITEMS + 1))),
}


@pytest.mark.parametrize("signal", [TRACES, LOGS, METRICS], ids=["traces", "logs", "metrics"])
@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_of_empty_messages_is_refused_at_once(signal: object, bomb: str) -> None:
    began = time.process_time()
    with pytest.raises(TooLarge, match="at most"):
        signal.decode(BOMBS[bomb], PROTOBUF, NOW)  # type: ignore[attr-defined]
    assert time.process_time() - began < 1


def test_as_many_frames_as_are_allowed_pass() -> None:
    check_frames(EMPTY * MAX_FRAMES)
    with pytest.raises(TooLarge):
        check_frames(EMPTY * (MAX_FRAMES + 1))


@given(st.binary(max_size=200))
def test_any_bytes_are_walked_to_their_end_and_left_to_the_parser(body: bytes) -> None:
    check_frames(body)
    with contextlib.suppress(Undecodable):
        TRACES.decode(body, PROTOBUF, NOW)


@pytest.mark.parametrize("ids", [("ab" * 3_000, "cd" * 8), ("0" * 32, "cd" * 8), ("xy" * 16, "cd" * 8), ("", "")])
def test_a_link_that_points_nowhere_leaves_its_span_alone(ids: tuple[str, str]) -> None:
    span = {
        "traceId": "5b8efff798038103d269b633813fc60c",
        "spanId": "eee19b7ec3c1b174",
        "name": "answer",
        "links": [{"traceId": ids[0], "spanId": ids[1]}],
    }
    body = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}).encode()
    decoded = TRACES.decode(body, "application/json", NOW)
    assert decoded.rejected == []
    assert {report.parent_execution for _, report in decoded.reports} == {None}
