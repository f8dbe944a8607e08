"""Addresses with NUL: nothing is found there, and in a query it says nothing."""

import pytest
from django.test import Client

from accounts.models import Team
from monitoring.reads.workflows import named

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "path", ["workflows/a%00b/", "review/%00/", "systems/~00/", "models/a~00b/", "cost/months/%00/"]
)
def test_nothing_is_called_nul(team: Team, owner_client: Client, path: str) -> None:
    assert owner_client.get(f"/t/{team.slug}/{path}").status_code == 404


@pytest.mark.parametrize("path", ["workflows/%00/", "systems/~00/", "costs/months/%00/", "keys/%00/"])
def test_nothing_of_the_api_is_called_nul(api_key: str, path: str) -> None:
    headers = {"authorization": f"Bearer {api_key}"}
    assert Client().get(f"/api/v1/{path}", headers=headers).status_code == 404


def test_in_a_query_it_is_left_out(team: Team, owner_client: Client, api_key: str) -> None:
    assert owner_client.get(f"/t/{team.slug}/executions/?q=%00&workflow=a%00b").status_code == 200
    headers = {"authorization": f"Bearer {api_key}"}
    assert Client().get("/api/v1/executions/?q=%00&cursor=%00", headers=headers).status_code in (200, 400)


def test_a_form_with_nul_that_reaches_the_database_is_a_bad_request(
    owner_client: Client, team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("monitoring.views.saved_views.find", named)
    told = {"page": "failures", "workflow": "a\0b", "query": "?status=failed", "name": "Mine"}
    answer = owner_client.post(f"/t/{team.slug}/views/", told)
    assert answer.status_code == 400
    assert "No data was changed." in answer.content.decode()
