"""Filters: one reading of the query parameters, which never fails."""

import pytest
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st

from monitoring.filters import Choice, Filters, parse_filters
from tests.factories import NOW


def parse(query: str) -> Filters:
    return parse_filters(QueryDict(query), NOW)


def test_repeating_means_or_and_a_minus_leaves_out() -> None:
    filters = parse("status=failed&status=timed_out&tool=-search&status=failed")
    assert filters["status"] == Choice(("failed", "timed_out"))
    assert filters["tool"] == Choice((), ("search",))
    assert not filters["model"]


@pytest.mark.parametrize(
    ("query", "environment"),
    [("", "production"), ("env=staging", "staging"), ("env=*", None), ("env=a&env=b", None), ("env=-test", None)],
)
def test_environment(query: str, environment: str | None) -> None:
    assert parse(query).environment == environment


def test_query_keeps_everything_but_what_is_changed() -> None:
    filters = parse("from=now-1h&status=failed&status=-cancelled&q=a b&sort=cost&after=x")
    assert filters.query(after=None) == "?from=now-1h&to=now&status=failed&status=-cancelled&q=a+b&sort=cost"
    assert filters.query(status=None, q=None, sort=None, after=None, env="*") == "?from=now-1h&to=now&env=%2A"
    assert filters.query(from_="now-30d", status=["failed"], q=None, sort=None, after=None).startswith("?from=now-30d")


@given(st.dictionaries(st.sampled_from(["from", "to", "env", "status", "q", "sort", "after", "group"]), st.text()))
def test_nonsense_never_fails(told: dict[str, str]) -> None:
    params = QueryDict(mutable=True)
    params.update(told)
    filters = parse_filters(params, NOW)
    assert "\x00" not in filters.q
    assert parse_filters(QueryDict(filters.query()[1:]), NOW).window == filters.window


def test_values_are_bounded() -> None:
    filters = parse("&".join(f"status=s{n}" for n in range(200)) + "&q=" + "x" * 9000 + "&by=" + "x" * 1000)
    assert len(filters["status"].wanted) == 50
    assert (len(filters.q), len(filters.by)) == (2001, 300)
