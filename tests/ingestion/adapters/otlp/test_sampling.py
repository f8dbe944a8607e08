"""What spans say about sampling: trace state, attributes, resources, and which of several counts."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.adapters.otlp.sampling import rate_of_state
from ingestion.records import Rate, Sampled, SamplingOrigin
from tests.otlp import REMOTE, decode, span

STATE, ATTRIBUTE = SamplingOrigin.TRACE_STATE, SamplingOrigin.ATTRIBUTE


@pytest.mark.parametrize(
    ("state", "one_in", "told"),
    [
        # The examples of the specification and of the collector's sampler.
        ("ot=th:0", 1.0, "ot=th:0"),
        ("ot=th:c", 4.0, "ot=th:c"),
        ("ot=th:fd70a4", 100.0, "ot=th:fd70a4"),
        ("ot=th:8;rv:9b8233f7e3a151", 2.0, "ot=th:8"),
        # What SDKs and collectors make of 0.1, in 14 and in 4 digits.
        ("ot=th:e6666666666668", 10.0, "ot=th:e6666666666668"),
        ("ot=th:e666", 10.0, "ot=th:e666"),
        ("ot=rv:9b8233f7e3a151;th:b333", 3.33, "ot=th:b333"),
        ("vendor=x:1, ot=th:c ,other=th:8", 4.0, "ot=th:c"),
        ("ot=th:ffffffffffffff", 2.0**56, "ot=th:ffffffffffffff"),
        # As it was before.
        ("ot=p:8;r:62", 256.0, "ot=p:8"),
        ("ot=r:62;p:0", 1.0, "ot=p:0"),
        ("ot=p:3;th:c", 4.0, "ot=th:c"),
    ],
)
def test_a_trace_state_tells_a_rate(state: str, one_in: float, told: str) -> None:
    assert rate_of_state(state) == Rate(one_in, STATE, told)


@pytest.mark.parametrize(
    "state",
    [
        *("", "ot=", "ot=rv:9b8233f7e3a151", "ot=th:", "ot=th:xyz", "ot=th:123456789abcdef", "ot=th:C", "th:c"),
        *("ot=p:63", "ot=p:-1", "ot=path:c", "boot=th:c", "vendor=ot=th", "vendor=th:c"),
    ],
)
def test_another_trace_state_tells_none(state: str) -> None:
    assert rate_of_state(state) is None


@given(st.text(alphabet="ot=thprv:;,0123456789abcdef ", max_size=60))
def test_no_trace_state_breaks_anything(state: str) -> None:
    found = rate_of_state(state)
    assert found is None or found.one_in >= 1


@pytest.mark.parametrize(
    ("attributes", "one_in", "told"),
    [
        ({"SampleRate": 20}, 20.0, "SampleRate: 20"),
        ({"sampleRate": "20"}, 20.0, "sampleRate: 20"),
        ({"SampleRate": 0}, 1.0, "SampleRate: 0"),
        ({"logfire.sample_rate": 0.25}, 4.0, "logfire.sample_rate: 0.25"),
        ({"microsoft.sample_rate": 12.5}, 8.0, "microsoft.sample_rate: 12.5"),
        ({"SampleRate": 20, "logfire.sample_rate": 0.5}, 20.0, "SampleRate: 20"),
        ({"SampleRate": "many", "logfire.sample_rate": 0.5}, 2.0, "logfire.sample_rate: 0.5"),
    ],
)
def test_attributes_tell_a_rate_and_stay(attributes: dict[str, Any], one_in: float, told: str) -> None:
    for by_span in (True, False):
        about: dict[str, Any] = {} if by_span else {"resource": {"service.name": "shop", **attributes}}
        decoded = decode(span(1, name="Agent", attributes=attributes if by_span else {}), **about)
        assert decoded.sampled == [Sampled("Agent", Rate(one_in, ATTRIBUTE, told))]
        assert decoded.unknown == {}
    decoded = decode(span(1, name="Agent", attributes=attributes, trace_state="ot=th:c"))
    assert decoded.sampled == [Sampled("Agent", Rate(one_in, ATTRIBUTE, told))]
    assert attributes.items() <= (decoded.reports[0][1].attributes or {}).items()


def test_most_requests_say_nothing() -> None:
    assert decode(span(1), span(2, 1)).sampled == []
    assert decode(span(1, trace_state="vendor=1"), resource={"service.name": "shop"}).sampled == []


def test_a_trace_is_there_as_often_as_its_most_frequent_span() -> None:
    spans = [span(1, name="Agent", trace_state="ot=th:e666"), span(2, 1, trace_state="ot=th:c"), span(3, 1)]
    found = [decode(*order).sampled for order in (spans, spans[::-1])]
    assert found == [[Sampled("Agent", Rate(4.0, STATE, "ot=th:c"))]] * 2


def test_the_workflow_is_the_one_that_the_trace_names() -> None:
    child = span(2, 1, name="call", trace_state="ot=th:c")
    assert decode(child).sampled == []
    named = span(2, 1, trace_state="ot=th:c", attributes={"n8n.workflow.name": "Orders"})
    assert [one.workflow for one in decode(named).sampled] == ["Orders"]
    entry = span(2, 1, name="workflow.execute", flags=REMOTE, trace_state="ot=th:c")
    assert [one.workflow for one in decode(entry).sampled] == ["workflow.execute"]


def test_each_trace_tells_its_own_rate() -> None:
    other = "1af7651916cd43dd8448eb211c80319c"
    found = decode(
        span(1, name="Agent", trace_state="ot=th:0"), span(2, name="Agent", trace=other, trace_state="ot=th:e666")
    )
    assert [(one.workflow, one.rate.one_in) for one in found.sampled] == [("Agent", 1.0), ("Agent", 10.0)]


def test_test_spans_say_nothing() -> None:
    assert decode(span(1, trace_state="ot=th:c", attributes={"n8n.test": True})).sampled == []
