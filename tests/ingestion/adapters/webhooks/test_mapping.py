"""Mappings and the expressions in them: what they find, what is refused, and that hostile ones end soon."""

import contextlib
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.adapters.webhooks.mapping import FIELDS, Mapping, MappingRefused
from ingestion.adapters.webhooks.reading import read_delivery
from ingestion.adapters.webhooks.recipes import RECIPES
from ingestion.adapters.webhooks.told import About
from ingestion.kinds import SourceKind
from ingestion.records import Decoded, ExecutionReport
from monitoring.analysis.expressions import MAX_WORK
from monitoring.statuses import Status

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
ABOUT = About(received_at=NOW, headers={"x-event": "run"}, workflow="fallback")


def read(body: Any, **mapping: str) -> Decoded:
    document = {name.replace("__", "."): text for name, text in mapping.items()}
    return read_delivery(SourceKind.GENERIC, body, ABOUT, Mapping(document))


def only(decoded: Decoded) -> ExecutionReport:
    assert not decoded.rejected, decoded.rejected
    ((_, report),) = decoded.reports
    return report


def test_fields_are_found_and_settled() -> None:
    body = {
        "run": {"no": 42, "ok": "Success", "ms": "1,200", "began": "1793786400", "cost": "0.25"},
        "tokens": {"in": "10", "out": 5.0},
        "note": "n" * 300,
    }
    report = only(
        read(
            body,
            id="run.no",
            workflow="note",
            status="run.ok",
            duration_ms="run.ms",
            started_at="run.began",
            cost_usd="run.cost",
            tokens__input="tokens.in",
            tokens__output="tokens.out",
            error__message="run.missing",
            input="@",
            attributes='{event: _headers."x-event"}',
        )
    )
    assert (report.id, report.status, report.duration_ms) == ("42", Status.SUCCEEDED, 1_200)
    assert (report.cost_usd, report.error) == (Decimal("0.25"), None)
    assert report.started_at == datetime.fromtimestamp(1793786400, UTC)
    assert report.tokens is not None
    assert (report.tokens.input, report.tokens.output) == (10, 5)
    assert report.workflow == "n" * 199 + "…"
    assert report.input == body
    assert report.attributes == {"event": "run"}


def test_items_surroundings_and_condition() -> None:
    body = {"pipeline": "p", "runs": [{"k": 1, "s": "ok"}, {"k": 2, "s": "error"}, {"k": 3}, 4]}
    decoded = read(body, items="runs", only="s", id="join('-', [_body.pipeline, to_string(k)])", status="s")
    assert [(one.id, one.workflow) for _, one in decoded.reports] == [("p-1", "fallback"), ("p-2", "fallback")]
    assert decoded.ignored == 2


def test_list_body_and_plain_values_are_items() -> None:
    assert [one.id for _, one in read([{"id": "a"}, {"id": "b"}], id="id").reports] == ["a", "b"]
    assert [one.id for _, one in read({"ids": [7, 8]}, items="ids", id="_value").reports] == ["7", "8"]


def test_steps() -> None:
    body = {"id": "r", "host": "h", "parts": [{"n": "a", "t": "2"}, {"n": "b", "error": {"m": "x"}}]}
    report = only(
        read(
            body,
            id="id",
            steps="parts",
            steps__id="n",
            steps__node="n",
            steps__attempt="t",
            steps__external_system="_item.host",
            steps__error__message="error.m",
        )
    )
    assert report.steps is not None
    assert [(one.id, one.attempt, one.external_system) for one in report.steps] == [("a", 2, "h"), ("b", None, "h")]
    assert report.steps[1].error is not None


def test_a_bad_item_is_refused_alone_and_names_its_field() -> None:
    decoded = read([{"id": "a"}, {"id": True}, {"x": 1}, {"id": "d", "at": "soon"}], id="id", started_at="at")
    assert [one.id for _, one in decoded.reports] == ["a"]
    assert [(one.index, one.field) for one in decoded.rejected] == [(1, "id"), (2, "id"), (3, "started_at")]


def test_function_on_the_wrong_type_names_the_field() -> None:
    decoded = read({"id": 1}, id="id", workflow="starts_with(id, 'x')")
    assert decoded.rejected[0].field == "workflow"
    assert "starts_with() takes text, and was given a number" in decoded.rejected[0].reason


@pytest.mark.parametrize(
    ("document", "field", "part"),
    [
        ([], "(mapping)", "object"),
        ({}, "id", "is missing"),
        ({"id": 3}, "id", "as text"),
        ({"id": ""}, "id", "empty"),
        ({"id": "a", "colour": "b"}, "colour", "no field"),
        ({"id": "a["}, "id", "not a JMESPath"),
        ({"id": "x" * 1_001}, "id", "1,000 characters"),
        ({"id": "nope(a)"}, "id", "no function"),
        ({"id": "a", "steps.id": "b"}, "steps", "is missing"),
        ({"id": "a", "steps": "b"}, "steps.id", "is missing"),
        ({"id": "(" * 450 + "a" + ")" * 450}, "id", "deep"),
        ({"id": "`{`"}, "id", "not JSON"),
        ({"id": "a[::0]"}, "id", "0"),
        ({"id": "a." * 499 + "a"}, "id", "too many parts"),
        ({"id": "!" * 999 + "a"}, "id", "deep"),
    ],
)
def test_mappings_that_are_refused(document: Any, field: str, part: str) -> None:
    with pytest.raises(MappingRefused) as refused:
        Mapping(document)
    assert part in refused.value.reasons[field]


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_recipe_reads_its_own_body(name: str) -> None:
    recipe = RECIPES[name]
    report = only(read_delivery(SourceKind.GENERIC, recipe.body, ABOUT, Mapping(recipe.mapping)))
    assert report.workflow
    assert report.status not in (None, Status.UNKNOWN)
    assert report.started_at is not None
    assert report.finished_at is not None


@pytest.mark.parametrize(
    ("state", "status"),
    [
        ("prefect.flow-run.Completed", Status.SUCCEEDED),
        ("Crashed", Status.FAILED),
        ("AwaitingRetry", Status.RUNNING),
        ("Late", Status.QUEUED),
    ],
)
def test_prefect_states(state: str, status: Status) -> None:
    recipe = RECIPES["prefect"]
    report = only(read_delivery(SourceKind.GENERIC, {**recipe.body, "state": state}, ABOUT, Mapping(recipe.mapping)))
    assert report.status is status
    assert (report.error is not None) is (status is Status.FAILED)


def test_work_is_one_limit_for_the_whole_delivery() -> None:
    body = {"items": [{"id": str(number)} for number in range(900)], "big": list(range(500))}
    decoded = read(body, items="items", id="id", attributes="{sum: sum(_body.big)}")
    assert 0 < len(decoded.reports) < 900
    assert f"{MAX_WORK:,} steps" in decoded.rejected[-1].reason


def test_too_many_items_and_steps() -> None:
    assert "1,001 items" in read({"a": [1] * 1_001}, items="a", id="_value").rejected[0].reason
    decoded = read({"id": "1", "a": [1] * 2_001}, id="id", steps="a", steps__id="_value")
    assert "2,001 steps" in decoded.rejected[0].reason


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=100, deadline=None)
@given(body=JSON, mapping=st.dictionaries(st.sampled_from(FIELDS), st.text("ab.*[]@&|()'`0=?{}:,!_", max_size=12)))
def test_any_mapping_on_any_body_gives_records_or_reasons(body: Any, mapping: dict[str, str]) -> None:
    with contextlib.suppress(MappingRefused):
        decoded = read_delivery(SourceKind.GENERIC, body, ABOUT, Mapping({"id": "a", **mapping}))
        assert all(one.field and one.reason for one in decoded.rejected)
