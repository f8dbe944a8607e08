"""Rates of resources by API: the same as on pages, exact, and only with the scope of costs."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import Scope, Team
from tests.factories import ApiKeyFactory

pytestmark = pytest.mark.django_db
BASE = "/api/v1/costs/resources/"
NEW = {
    "name": "Runner",
    "kind": "compute",
    "unit": "minute",
    "amount": "0.000000000001",
    "environment": "staging",
    "provider": "AWS",
    "starts_on": "2026-07-01",
}


def call(key: str, method: str, address: str = "", told: Any = None) -> Any:
    """An answer to a request with a key."""
    more = {} if told is None else {"data": told, "content_type": "application/json"}
    return getattr(Client(), method)(BASE + address, headers={"authorization": f"Bearer {key}"}, **more)


def test_rates_are_added_read_ended_and_removed(api_key: str) -> None:
    """An amount comes back with all of its digits."""
    made = call(api_key, "post", told=NEW)
    assert made.status_code == 201, made.content
    told = made.json()
    assert {name: told[name] for name in NEW} == NEW
    assert (told["ends_on"], told["month_usd"], told["is_removed"]) == (None, None, False)
    assert call(api_key, "get").json() == {"results": [told]}
    ended = call(api_key, "patch", f"{told['id']}/", {"ends_on": "2026-08-01"})
    assert ended.json() == told | {"ends_on": "2026-08-01"}
    assert call(api_key, "delete", f"{told['id']}/").status_code == 204
    assert call(api_key, "delete", f"{told['id']}/").status_code == 404
    assert call(api_key, "get").json() == {"results": []}
    assert call(api_key, "get", f"{told['id']}/").json()["is_removed"] is True


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"amount": "1,5"}, "amount"),
        ({"unit": "year"}, "unit"),
        ({"workflow": "nobody", "environment": ""}, "workflow"),
    ],
)
def test_refusals_name_the_field(api_key: str, told: dict[str, str], field: str) -> None:
    """With a 400; nothing is saved."""
    answer = call(api_key, "post", told=NEW | told)
    assert answer.status_code == 400
    assert [one["field"] for one in answer.json()["errors"]] == [field]
    assert call(api_key, "get").json() == {"results": []}


def test_reading_does_not_let_change(team: Team, api_key: str) -> None:
    """A key with the scope of reading alone; one without it sees nothing."""
    id = call(api_key, "post", told=NEW).json()["id"]
    reader, reporter = (ApiKeyFactory(team=team, scopes=[scope]).text for scope in (Scope.READ, Scope.INGEST))
    assert call(reader, "get").status_code == 200
    assert call(reader, "post", told=NEW).status_code == 403
    assert call(reader, "delete", f"{id}/").status_code == 403
    assert call(reporter, "get").status_code == 403
    for wrong in ("x/", "1/"):
        assert call(api_key, "get", wrong).status_code == 404
    assert call(api_key, "patch", f"{id}/", {"ends_on": "2026-06-01"}).status_code == 400
