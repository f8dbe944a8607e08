"""Requests of the SDK that are split into items: what is refused, alone or altogether."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.adapters.langsmith import ask_for, read_batch, read_judgement, read_multipart, read_run, sent, to_records
from ingestion.adapters.refusals import TooLarge, Undecodable
from ingestion.records import Decoded, Feedback
from tests.ingestion.adapters.langsmith.sending import BOUNDARY, MULTIPART, NOW, at, multipart, part, post, uid

END = f"--{BOUNDARY}--\r\n".encode()


def decode(body: bytes) -> Decoded:
    return to_records(read_multipart(body, MULTIPART), {}, NOW)


def reasons(decoded: Decoded) -> list[tuple[int, str, str]]:
    return [(one.index, one.field, one.reason) for one in decoded.rejected]


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"trace_id": None, "dotted_order": None}, "trace_id", "is missing"),
        ({"trace_id": "nonsense"}, "trace_id", "must be a UUID"),
        ({"trace_id": 5}, "trace_id", "must be a UUID"),
        ({"trace_id": "00000000-0000-0000-0000-000000000000"}, "trace_id", "not all zeros"),
        ({"parent_run_id": "p"}, "parent_run_id", "must be a UUID"),
        ({"dotted_order": "2026.x"}, "dotted_order", "must be a UUID"),
        ({"dotted_order": 5}, "dotted_order", "must be text"),
        ({"dotted_order": "x" + uid(1)}, "dotted_order", "must be a time"),
        ({"start_time": "soon"}, "start_time", "must be a time"),
        ({"start_time": True}, "start_time", "must be a time"),
        ({"end_time": "1970-01-01T00:00:00Z"}, "end_time", "must be from 1990-01-01"),
        ({"end_time": 4e12}, "end_time", "must be from 1990-01-01"),
        ({"end_time": 1e300}, "end_time", "must be a time"),
        ({"extra": [1]}, "extra", "must be an object, not a list"),
        ({"extra": {"metadata": {str(n): n for n in range(1001)}}}, "extra", "at most 1,000 entries"),
        ({"events": [{"name": "x", "time": "never"}]}, "events", "must be a time"),
    ],
)
def test_a_bad_run_is_rejected_alone(fields: dict[str, Any], field: str, words: str) -> None:
    decoded = decode(multipart(("post", post(2)), ("post", {**post(3), **fields}), ("post", post(4))))
    ((index, said, reason),) = reasons(decoded)
    assert (index, said) == (1, field)
    assert words in reason
    assert decoded.rejected[0].sample == uid(3)
    assert [step.id for step in decoded.reports[0][1].steps or []] == [uid(2), uid(4)]


@pytest.mark.parametrize(
    ("name", "data", "field", "words"),
    [
        ("", b"{", "(item)", "not valid JSON"),
        ("", b"[]", "(item)", "must be an object, not a list"),
        ("", b"", "(item)", "is empty"),
        (".outputs", b'{"a":', "outputs", "not valid JSON"),
        (".outputs", b"1,2", "outputs", "one JSON value"),
        (".inputs", b"[" * 100 + b"]" * 100, "inputs", "at most 64 levels"),
        (".inputs", b"[" * 5000 + b"]" * 5000, "inputs", "nested too deeply"),
    ],
)
def test_one_broken_run_among_many(name: str, data: bytes, field: str, words: str) -> None:
    bad = (
        part(f"post.{uid(5000)}", data)
        if not name
        else part(f"post.{uid(5000)}", b"{}") + part(f"post.{uid(5000)}{name}", data)
    )
    good = [part(f"post.{uid(n)}", json.dumps(post(n)).encode()) for n in range(2, 1001)]
    decoded = decode(b"".join([*good[:500], bad, *good[500:], END]))
    ((index, said, reason),) = reasons(decoded)
    assert (index, said) == (500, field)
    assert words in reason
    assert sum(report.items for _, report in decoded.reports) == 999


def test_characters_that_cannot_be_stored_are_replaced() -> None:
    """Programs send what their tools gave them; the run would be lost, or seem to run for ever."""
    body = (
        part(f"post.{uid(1)}", json.dumps(post()).encode())
        + part(
            f"post.{uid(1)}.inputs",
            b'{"nul":"a\\u0000b","half":"\\ud83d","\\u0000":"\\ud83d\\ude00","n":NaN,"big":1e999}',
        )
        + part(f"post.{uid(1)}.outputs", b'{"bytes":"\xff","twice":1,"twice":2}')
        + END
    )
    ((_, report),) = decode(body).reports
    assert report.input == {"nul": "a\ufffdb", "half": "\ufffd", "\ufffd": "\U0001f600", "n": None, "big": None}
    assert report.output == {"bytes": "\ufffd", "twice": 2}


def test_parts_that_nobody_knows_are_counted_by_name() -> None:
    body = part("put.x", b"1") + part(f"post.{uid(1)}.extras", b"1") + part("", b"1") + part("attachment.x", b"1")
    decoded = decode(body + multipart(("post", post(new_field=1))))
    assert decoded.unknown == {
        "part put": "part",
        "part post.<id>.extras": "part",
        "part ": "part",
        "part attachment": "part",
        "run.new_field": "a whole number",
    }
    assert decoded.rejected == []


def test_fields_without_their_run_are_rejected() -> None:
    ((_, field, reason),) = reasons(decode(part(f"post.{uid(1)}.inputs", b"{}") + END))
    assert (field, reason) == ("(item)", "has no part with the run itself, only with its fields")


@pytest.mark.parametrize(
    ("body", "content_type", "words"),
    [
        (END, "multipart/form-data", "with a boundary"),
        (END, "application/json", "with a boundary"),
        (b"", MULTIPART, "not valid multipart"),
        (multipart(("post", post())), "multipart/form-data; boundary=other", "not valid multipart"),
        (multipart(("post", post()))[:-20], MULTIPART, "not valid multipart"),
        (
            multipart(("post", post())).replace(b"Content-Length: ", b"Content-Length: 9"),
            MULTIPART,
            "not valid multipart",
        ),
        (f"--{BOUNDARY}\r\nX: y\r\n\r\n1\r\n".encode() + END, MULTIPART, "not valid multipart"),
    ],
)
def test_bodies_that_are_nothing_of_the_kind(body: bytes, content_type: str, words: str) -> None:
    with pytest.raises(Undecodable) as refused:
        read_multipart(body, content_type)
    assert words in refused.value.reason


def test_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sent, "MAX_RUNS", 10)
    monkeypatch.setattr(sent, "MAX_PARTS", 100)
    with pytest.raises(TooLarge, match="10 runs"):
        read_batch(json.dumps({"post": [{}] * 11}).encode())
    with pytest.raises(TooLarge, match="10 runs"):
        read_multipart(b"".join(part(f"post.{n}", b"") for n in range(11)) + END, MULTIPART)
    with pytest.raises(TooLarge, match="100 parts"):
        read_multipart(part("x", b"") * 101 + END, MULTIPART)
    with pytest.raises(TooLarge, match="limit"):
        read_multipart(part("x" * 10_000, b"") + END, MULTIPART)


def test_a_batch_is_posts_and_patches() -> None:
    body = {"post": [post(), 5, post(2)], "patch": [{**post(2), "end_time": at(3).isoformat()}], "put": []}
    decoded = to_records(read_batch(json.dumps(body).encode()), {}, NOW)
    assert [(index, report.revision, report.items) for index, report in decoded.reports] == [(0, 1, 2), (3, 2, 1)]
    assert reasons(decoded) == [(1, "(item)", "must be an object, not a whole number")]
    assert decoded.unknown == {"batch.put": "a list"}


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"post":5}', b"5", b'"\xff"'])
def test_batches_that_are_none(body: bytes) -> None:
    with pytest.raises(Undecodable):
        read_batch(body)


def test_in_a_flawed_batch_only_the_run_that_is_too_deep_is_rejected() -> None:
    deep = {**post(3), "inputs": json.loads("[" * 70 + "]" * 70)}
    body = json.dumps({"post": [post(2, name="a\x00"), deep, post(4)]}).encode()
    decoded = to_records(read_batch(body), {}, NOW)
    assert [(one.index, one.sample) for one in decoded.rejected] == [(1, uid(3))]
    assert [step.node for step in decoded.reports[0][1].steps or []] == ["a\ufffd", "run 4"]


def test_a_run_told_by_its_id_alone_is_looked_for() -> None:
    root = {"id": uid(1), "name": "a", "run_type": "chain"}
    child, patch = {"id": uid(2), "parent_run_id": uid(7)}, {"outputs": {"a": 1}}
    assert ask_for(read_run(json.dumps(root).encode()), NOW) == frozenset()
    assert to_records(read_run(json.dumps(root).encode()), {}, NOW).reports[0][1].id == uid(1)
    for read in (lambda: read_run(json.dumps(child).encode()), lambda: read_run(json.dumps(patch).encode(), uid(7))):
        assert ask_for(read(), NOW) == {uid(7)}
        assert to_records(read(), {uid(7): uid(1)}, NOW).reports[0][1].id == uid(1)
        assert reasons(to_records(read(), {}, NOW))[0][1] == "trace_id"


JUDGED = {"id": uid(9), "trace_id": uid(1), "run_id": uid(1), "key": "useful", "created_at": at(0).isoformat()}


@pytest.mark.parametrize(
    ("fields", "score", "comment"),
    [
        ({"score": 0.5, "comment": "well"}, 0.5, "well"),
        ({"score": True}, 1.0, None),
        ({"value": 3}, 3.0, None),
        ({"value": "blue"}, None, "blue"),
        ({"value": "blue", "comment": "like the sea"}, None, "blue: like the sea"),
        ({"comment": {"a": 1}}, None, '{"a":1}'),
        ({"score": "high", "value": {"a": 1}}, None, None),
    ],
)
def test_judgements(fields: dict[str, Any], score: float | None, comment: str | None) -> None:
    ((_, report),) = decode(multipart(("feedback", {**JUDGED, **fields}))).reports
    assert (report.id, report.feedback) == (uid(1), [Feedback(key="useful", score=score, comment=comment)])
    assert report.revision == at(0).timestamp() * 1000


def test_what_a_judgement_says_beyond_score_and_comment_is_an_attribute() -> None:
    ((_, report),) = decode(multipart(("feedback", {**JUDGED, "run_id": uid(2), "correction": {"a": 1}}))).reports
    assert report.attributes == {"feedback.useful": {"correction": {"a": 1}, "run_id": uid(2)}}


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"key": None}, "key"),
        ({"key": "k" * 201}, "key"),
        ({"trace_id": "x"}, "trace_id"),
        ({"trace_id": None}, "trace_id"),
        ({"trace_id": None, "run_id": None}, "run_id"),
        ({"created_at": "x"}, "created_at"),
    ],
)
def test_judgements_that_are_refused(fields: dict[str, Any], field: str) -> None:
    judged = read_judgement(json.dumps({**JUDGED, **fields}).encode())
    assert [told[1] for told in reasons(to_records(judged, {}, NOW))] == [field]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=()), max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
METADATA = st.dictionaries(
    st.sampled_from(["usage_metadata", "thread_id", "ls_model_name", "environment", "customer", "user_id"]), JSON
)
FIELDS = dict.fromkeys(
    ("name", "run_type", "start_time", "end_time", "error", "events", "inputs", "outputs", "tags", "extra"), JSON
)
RUN = st.fixed_dictionaries(
    {"id": st.sampled_from([uid(1), uid(2)]) | JSON, "trace_id": st.just(uid(1)) | JSON},
    optional={
        **FIELDS,
        "extra": st.fixed_dictionaries({"metadata": METADATA}) | JSON,
        "outputs": st.fixed_dictionaries({"usage_metadata": st.dictionaries(st.sampled_from(["input_tokens"]), JSON)}),
        "dotted_order": JSON,
        "run_type": st.sampled_from(["llm", "tool", "chain"]) | JSON,
        "address": JSON,
    },
)


@settings(deadline=None, max_examples=60)
@given(st.lists(RUN | JSON, max_size=3), st.lists(st.dictionaries(st.sampled_from(list(JUDGED)), JSON), max_size=2))
def test_whatever_is_sent_is_read_or_refused(runs: list[Any], judged: list[Any]) -> None:
    decoded = to_records(read_batch(json.dumps({"post": runs}).encode()), {}, NOW)
    assert sum(report.items for _, report in decoded.reports) + len(decoded.rejected) == len(runs)
    for told in judged:
        decoded = to_records(read_judgement(json.dumps(told).encode()), {}, NOW)
        assert len(decoded.reports) + len(decoded.rejected) == 1


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_whatever_bytes_come_are_read_or_refused(body: bytes) -> None:
    for content in (body, multipart(("post", post())).replace(b"run 1", body)):
        for read in (lambda b: read_multipart(b, MULTIPART), read_batch, read_run, read_judgement):
            try:
                read(content)
            except (Undecodable, TooLarge):
                continue
