"""Matchers: one value of each list must fit; a silence must fit all parts, a route one."""

from hypothesis import given
from hypothesis import strategies as st

from alerts.analysis.matchers import NAMES, faults, is_any_match, is_match, is_whole_match

values = st.lists(st.sampled_from("abc"), max_size=3)
facts = st.dictionaries(st.sampled_from(NAMES), values.map(frozenset), max_size=4)


def test_an_empty_matcher_fits_everything() -> None:
    assert is_match({}, {})
    assert is_match({"workflow": []}, {"workflow": frozenset({"checkout"})})


def test_each_name_needs_one_of_its_values() -> None:
    told = {"workflow": frozenset({"checkout"}), "tag": frozenset({"tier-1", "payments"})}
    assert is_match({"workflow": ["refund", "checkout"], "tag": ["payments"]}, told)
    assert not is_match({"workflow": ["checkout"], "tag": ["web"]}, told)
    assert not is_match({"owner": ["somebody"]}, told)


def test_a_silence_fits_all_parts_and_a_route_one() -> None:
    parts = [{"workflow": frozenset({"checkout"})}, {"workflow": frozenset({"refund"})}]
    matchers = {"workflow": ["checkout"]}
    assert is_any_match(matchers, parts)
    assert not is_whole_match(matchers, parts)
    assert is_whole_match({"workflow": ["checkout", "refund"]}, parts)
    assert not is_whole_match({}, [])


@given(st.dictionaries(st.sampled_from(NAMES), values, max_size=4), facts, st.sampled_from(NAMES), values)
def test_a_further_matcher_never_fits_more(matchers, told, name, more) -> None:
    if name not in matchers and is_match({**matchers, name: more}, told):
        assert is_match(matchers, told)


@given(st.dictionaries(st.sampled_from(NAMES), st.permutations("ab"), max_size=4), facts)
def test_the_order_of_values_means_nothing(matchers, told) -> None:
    turned = {name: list(reversed(found)) for name, found in reversed(matchers.items())}
    assert is_match(matchers, told) == is_match(turned, told)


def test_what_cannot_be_meant_is_named() -> None:
    assert faults({"workflow": ["checkout"]}) == {}
    assert "is not one of" in faults({"colour": ["red"]})["colour"]
    assert faults({"tag": "payments"})["tag"] == "must be a list of texts"
    assert faults({"tag": ["nul\x00"]})["tag"] == "must be a list of texts"
    assert "at most 50" in faults({"tag": [str(number) for number in range(51)]})["tag"]
