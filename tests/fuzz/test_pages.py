"""Hostile addresses of every page: no server error, nothing that hangs."""

from typing import Any
from urllib.parse import quote, urlencode
from uuid import uuid4

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Team
from monitoring.filters import NAMES
from tests.fuzz.conftest import Watch
from tests.fuzz.counting import bounded, count
from tests.fuzz.forms import read
from tests.fuzz.texts import ALL

pytestmark = pytest.mark.django_db
PARAMETERS = (
    *NAMES,
    *("q", "sort", "by", "of", "after", "from", "to", "csv", "format", "page", "limit", "at", "period"),
)
PARAMETERS += ("tab", "month", "day", "group", "who", "what", "text", "cursor", "before", "a", "b", "next", "kind")
_NUMBERS = ("-1", "0", "1", "99999999999999999999", "1e9", "NaN", "2026-13", "2026-08", "now-7d", "now-999999999d", "x")


def routes(resolver: Any = None, prefix: str = "") -> list[tuple[str, dict[str, Any]]]:
    """All addresses, as `/t/<slug:team>/…`, with the converters of their parts."""
    found = []
    for one in (resolver or get_resolver()).url_patterns:
        path = prefix + str(one.pattern)
        if isinstance(one, URLResolver):
            found += routes(one, path) if one.app_name != "admin" else []
        elif isinstance(one, URLPattern):
            found.append((path, one.pattern.converters))
    return found


def address_of(route: str, parts: dict[str, Any], team: Team, data: st.DataObject) -> str:
    """An address of the route with hostile parts, and some hostile parameters."""
    path = route.lstrip("^").rstrip("$")
    for name, converter in parts.items():
        kind = type(converter).__name__
        text = data.draw(st.sampled_from(ALL) | st.text(max_size=8))
        value = team.slug if name == "team" else str(uuid4()) if kind == "UUIDConverter" else text
        head, _, rest = path.partition(":" + name + ">")
        path = head.rpartition("<")[0] + quote(value, safe="", errors="surrogatepass") + rest
    pairs = data.draw(st.lists(st.tuples(st.sampled_from(PARAMETERS), st.sampled_from([*ALL, *_NUMBERS])), max_size=3))
    return f"/{path}?{urlencode(pairs, errors='surrogatepass')}"


def test_no_address_makes_a_server_error(team: Team, owner_client: Client, in_time: Watch) -> None:
    known = [one for one in routes() if not one[0].startswith("^")]

    @bounded(1_500, 100)
    @given(st.data())
    def visit(data: st.DataObject) -> None:
        count("pages: addresses")
        route, parts = data.draw(st.sampled_from(known))
        address = address_of(route, parts, team, data)
        client = owner_client if data.draw(st.integers(0, 4)) else Client()
        with in_time(), transaction.atomic():
            answer = client.get(address)
            body = read(answer)
            transaction.set_rollback(True)
        assert answer.status_code < 500, (address, body[:500])

    visit()
