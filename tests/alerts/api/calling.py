"""Calls of the API with a key, for tests."""

from collections.abc import Sequence
from typing import Any

from django.test import Client

from accounts.models import Scope, Team
from tests.factories import ApiKeyFactory


class Api:
    """A client with a key of a team; methods take what follows the start of the address, and JSON."""

    def __init__(self, team: Team, start: str, scopes: Sequence[Scope] = (Scope.READ, Scope.ALERT)) -> None:
        self.client, self.start = Client(), start
        self.headers = {"authorization": f"Bearer {ApiKeyFactory(team=team, scopes=list(scopes)).text}"}

    def __getattr__(self, method: str) -> Any:
        def call(address: str = "", told: object = None) -> Any:
            more = {"data": told, "content_type": "application/json"} if told is not None else {}
            return getattr(self.client, method)(f"{self.start}{address}", headers=self.headers, **more)

        return call


def reasons(response: Any) -> dict[str, str]:
    """The reasons of a refusal, by field."""
    assert response.status_code == 400, response.content
    assert response["Content-Type"] == "application/problem+json"
    return {one["field"]: one["reason"] for one in response.json()["errors"]}
