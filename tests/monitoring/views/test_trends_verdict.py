"""The Trends page's verdict, proposals and long tail: what a reader sees, and who may act."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Membership, Team, User
from accounts.permissions import Role
from accounts.tenancy import team_context
from ingestion.records import ExecutionReport, Failure
from monitoring.models import Workflow
from monitoring.services.baselines import build_all
from monitoring.statuses import Status
from tests.factories import report, step, store

NOW = datetime(2026, 8, 12, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOW)


def run(hours: float, seconds: float = 10, *, fails: bool = False, **fields: Any) -> ExecutionReport:
    """A run of `nightly` that parses for a second and charges for the rest of its time."""
    end = NOW - timedelta(hours=hours)
    start = end - timedelta(seconds=seconds)
    status = Status.FAILED if fails else Status.SUCCEEDED
    error = Failure(type="Timeout", message="no answer") if fails else None
    parsed = start + timedelta(seconds=1)
    charge = {"node": "charge_card", "external_system": "payments.example", "status": status, "error": error}
    steps = [
        step(node="parse", position=1, started_at=start, ended_at=parsed),
        step(position=2, started_at=parsed, ended_at=end, **charge),
    ]
    told = {"status": status, "error": error, "started_at": start, "finished_at": end, "steps": steps}
    return report(**{**told, **fields})


@pytest.fixture
def slow(team: Team) -> Team:
    """Four weeks, a run every two hours; one in ten takes 90 s, and the failures of the last day are in one step."""
    runs = [run(2 * n + 1, 90 if n % 10 == 3 else 10) for n in range(12, 336)]
    store(team, *runs, *(run(n + 1, fails=n % 2 == 0) for n in range(24)), now=NOW)
    build_all(NOW)
    return team


def address(team: Team, below: str = "") -> str:
    return f"/t/{team.slug}/workflows/nightly/{below}"


def text_of(client: Client, url: str, **headers: Any) -> str:
    response = client.get(url, headers=headers)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def words_of(text: str) -> str:
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", "", text)))


def test_the_panel_names_environment_scope_and_the_next_step(member_client: Client, slow: Team) -> None:
    text = text_of(member_client, address(slow))
    words = words_of(text)
    assert "Is this process running stably in production?" in words
    assert "Local: failures are concentrated in the external system payments.example" in words
    assert "Failures rose on" in words
    link = re.search(r'href="([^"]*/failures/[^"]*)">(?:(?!</a>).)*See the 12 failures in payments.example', text)
    assert link
    assert "system=payments.example" in unescape(link[1])
    assert "in staging?" in words_of(text_of(member_client, address(slow, "?env=staging")))
    assert "in all environments?" in words_of(text_of(member_client, address(slow, "?env=*")))


def test_a_few_runs_still_tell_last_success_streak_and_next_run(member_client: Client, team: Team) -> None:
    store(team, *(run(24 * n + 2, fails=n == 0) for n in range(9)), now=NOW)
    words = words_of(text_of(member_client, address(team)))
    assert "a verdict needs 50." in words
    assert "Last success: 11 Aug, 10:00 UTC. The last run failed, since 12 Aug, 10:00 UTC." in words
    assert "usually every 1 d (8 of 8 gaps within a quarter of 1 d)" in words
    assert "The next one is expected on 13 Aug, 09:59 UTC." in words


def test_a_proposal_is_shown_with_its_arithmetic_and_taken_over_by_one_click(owner_client: Client, slow: Team) -> None:
    text = words_of(text_of(owner_client, address(slow)))
    assert "Proposed objective: " in text
    assert "weeks, the highest step that holds in three of four" in text
    response = owner_client.post(address(slow, "objective/proposed/"), {"use": "p95_ms"})
    assert "Objective saved." in text_of(owner_client, response["Location"])
    with team_context(slow.id):
        workflow = Workflow.objects.get(slug="nightly")
        assert workflow.objective_p95_ms in (90_000, 120_000)
        assert workflow.objective_success_rate is None


@pytest.mark.parametrize("name", ["", "name", "freshness", "id"])
def test_what_is_no_proposal_changes_nothing(owner_client: Client, slow: Team, name: str) -> None:
    response = owner_client.post(address(slow, "objective/proposed/"), {"use": name})
    assert "There is no such proposal now." in text_of(owner_client, response["Location"])


def test_freshness_is_set_in_hours(owner_client: Client, slow: Team) -> None:
    response = owner_client.post(address(slow, "objective/"), {"freshness_hours": "0.5"})
    words = words_of(text_of(owner_client, response["Location"]))
    assert "Objective: a success every 30 min" in words
    assert "No. The last success was 2 h ago; the objective of 30 min is missed." in words
    refused = owner_client.post(address(slow, "objective/"), {"freshness_hours": "-1"})
    assert "at least 0.01 hours" in text_of(owner_client, refused["Location"])


def test_the_card_says_that_the_average_hides_the_tail(member_client: Client, slow: Team) -> None:
    words = words_of(text_of(member_client, address(slow, "?from=now-30d")))
    assert "The average hides it" in words
    assert re.search(r"5% of runs take over 1 min (28|29|30|31|32) s: (8|9)\.\d× the median", words)
    assert "too few to say" in words


def test_the_split_comes_for_htmx_and_is_in_the_page_without_scripts(member_client: Client, slow: Team) -> None:
    said = "are in charge_card, waiting for payments.example."
    part = text_of(member_client, address(slow, "tail/?from=now-30d"), HX_Request="true")
    assert said in words_of(part)
    assert "<html" not in part
    response = member_client.get(address(slow, "tail/?from=now-30d"))
    assert response.status_code == 302
    assert said in words_of(text_of(member_client, response["Location"]))
    assert said not in words_of(text_of(member_client, address(slow, "?from=now-30d")))


def test_csv_has_the_tail_and_all_lines_of_the_split(member_client: Client, slow: Team) -> None:
    tail = b"".join(member_client.get(address(slow, "?from=now-30d&format=csv&table=tail"))).decode()  # type: ignore[arg-type]
    assert tail.splitlines()[0] == "figure,ms,low_ms,high_ms,runs_beyond,is_told"
    assert [line.split(",")[0] for line in tail.splitlines()[1:]] == ["average", "p50", "p90", "p95", "p99", "p99.9"]
    split = b"".join(member_client.get(address(slow, "tail/?from=now-30d&format=csv"))).decode()  # type: ignore[arg-type]
    assert split.splitlines()[1].startswith("step,charge_card,")


def test_json_has_the_verdict_with_its_facts(member_client: Client, slow: Team) -> None:
    verdict = member_client.get(address(slow, "?format=json")).json()["verdict"]
    assert verdict["environment"] == "production"
    assert verdict["scope"]["concentrated_in"]["value"] == "payments.example"
    assert verdict["began"]["of"] == "failures"
    assert verdict["usual_error_rate"]["side"] == "above"


def test_the_number_of_queries_does_not_grow_with_history(member_client: Client, team: Team) -> None:
    store(team, *(run(n + 1, fails=n == 1) for n in range(3)), now=NOW)
    build_all(NOW)
    text_of(member_client, address(team))
    with CaptureQueriesContext(connection) as few:
        member_client.get(address(team))
    store(team, *(run(n / 2 + 4, 10 + n % 9, fails=n % 4 == 1, input_type=f"type-{n % 7}") for n in range(80)), now=NOW)
    build_all(NOW)
    with CaptureQueriesContext(connection) as many:
        member_client.get(address(team))
    # Two more look for what a beginning coincides with, whatever the number of runs.
    assert len(many) - len(few) in (0, 2)


@pytest.mark.parametrize("below", ["tail/", "objective/proposed/"])
def test_strangers_and_the_anonymous_learn_nothing(
    client: Client, stranger_client: Client, slow: Team, below: str
) -> None:
    ask = "post" if "objective" in below else "get"
    assert getattr(stranger_client, ask)(address(slow, below)).status_code == 404
    assert getattr(client, ask)(address(slow, below))["Location"].startswith("/sign-in/")
    wrong = "get" if ask == "post" else "post"
    assert getattr(stranger_client, wrong)(address(slow, below)).status_code in (404, 405)


def test_viewers_see_proposals_and_cannot_use_them(client: Client, slow: Team) -> None:
    viewer = User.objects.create_user("viewer@harbour.test", "x")
    Membership.objects.create(team=slow, user=viewer, role=Role.VIEWER)
    client.force_login(viewer)
    text = text_of(client, address(slow))
    assert "Proposed objective: " in text
    assert "Use this" not in text
    assert client.post(address(slow, "objective/proposed/"), {"use": "p95_ms"}).status_code == 404
