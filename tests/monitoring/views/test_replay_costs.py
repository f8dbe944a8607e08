"""What the page of an execution says about costs: told, computed, which counts, and what needs review."""

import json
from decimal import Decimal

import pytest
from django.test import Client

from accounts.models import Team
from ingestion.records import StepReport, Tokens
from monitoring.identity import execution_id, step_id
from tests.billing.prices import price
from tests.factories import report, send, step

pytestmark = pytest.mark.django_db
ANTHROPIC = {"input_tokens": 1000, "output_tokens": 100, "service_tier": "batch"}


def read(client: Client, team: Team, step: str = "") -> str:
    run = execution_id(team.id, "run")
    part = f"?at={step_id(run, step)}" if step else ""
    response = client.get(f"/t/{team.slug}/executions/{run}/{part}")
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def call(**told: object) -> StepReport:
    """A call of a model: 1,000 tokens in, 100 out."""
    return step(
        **{"id": "call", "provider": "acme", "model": "large", "tokens": Tokens(input=1000, output=100), **told}
    )


def test_told_and_computed_are_shown_with_their_difference(member_client: Client, team: Team) -> None:
    """1,000 x 70 + 100 x 500 dollars per million are 0.12."""
    price(team, "large", input=70, output=500)
    send(team, report(id="run", steps=[call(cost_usd=Decimal("0.10"), usage=ANTHROPIC, tier="batch")]))
    page = read(member_client, team, "call")
    assert "not priced" not in page
    send(team, report(id="run", steps=[call(id="other", cost_usd=Decimal("0.10"))]))
    page = read(member_client, team, "other")
    assert "told $0.10, computed $0.12: $0.02 more. The told one counts." in page
    assert (
        "told $0.20, computed $0.12: $0.08 less. The told one counts. Computed is known for 1 of 2 steps with usage."
        in page
    )


def test_a_source_that_counts_the_computed_one_says_so(member_client: Client, team: Team) -> None:
    price(team, "large", input=70, output=500)
    send(team, report(id="run", is_computed_first=True, steps=[call(cost_usd=Decimal("0.10"))]))
    page = read(member_client, team)
    assert page.count("told $0.10, computed $0.12: $0.02 more. The computed one counts.") == 2


def test_the_providers_own_object_has_a_tab(member_client: Client, team: Team) -> None:
    told = Tokens(input=1000, input_audio=300, output=100, cache_write=50, cache_write_1h=20)
    send(team, report(id="run", steps=[call(usage=ANTHROPIC, tokens=told, calls=2, tier="batch", region="us")]))
    run = execution_id(team.id, "run")
    response = member_client.get(f"/t/{team.slug}/executions/{run}/?at={step_id(run, 'call')}&tab=usage")
    page = " ".join(response.content.decode().split())
    for words in ("service_tier", "Audio tokens, part of those in", "Kept for an hour", "Calls of the provider"):
        assert words in page
    raw = member_client.get(f"/t/{team.slug}/executions/{run}/raw.json")
    (found,) = json.loads(b"".join(raw.streaming_content))["steps"]  # type: ignore[attr-defined]
    assert found["usage"] == ANTHROPIC
    assert found["usage_detail"] == {
        "input_audio": 300,
        "cache_write_1h": 20,
        "calls": 2,
        "tier": "batch",
        "region": "us",
    }


def test_what_does_not_add_up_is_explained_and_found(member_client: Client, team: Team) -> None:
    outer = call(id="outer", tokens=Tokens(input=1000, output=100))
    inner = call(parent_id="outer", tokens=Tokens(input=900, output=100))
    send(team, report(id="run", steps=[outer, inner]), report(id="fine", steps=[call()]))
    page = read(member_client, team, "outer")
    assert "Its steps tell usage that does not fit together" in page
    assert "not here: steps below tell the same usage again, and count." in page
    assert "Their sum is another one: 1,000 in here, 900 below tokens." in page
    found = member_client.get(f"/t/{team.slug}/executions/?usage=review&from=2026-08-12&to=2026-08-13")
    text = found.content.decode()
    assert str(execution_id(team.id, "run")) in text
    assert str(execution_id(team.id, "fine")) not in text


def test_a_part_greater_than_its_whole_is_named(member_client: Client, team: Team) -> None:
    send(team, report(id="run", steps=[call(tokens=Tokens(output=5, reasoning=9))]))
    assert "parts of the tokens out are 9, more than all of them, 5." in read(member_client, team, "call")
