"""The gate as pipelines ask it: through the API, with the real curl, and by command."""

import json
import re
import subprocess
import time
from datetime import timedelta
from io import StringIO
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone
from pytest_django.live_server_helper import LiveServer

from accounts.models import Scope, Team
from accounts.tenancy import team_context
from monitoring.reads import gate
from monitoring.services.releases import announce_release
from tests.factories import NOW, ApiKeyFactory, report, store
from tests.monitoring.released import HOUR, store_release

GATE = "/api/v1/gate"
WEEK = timedelta(days=7)
DOC = Path(__file__).parents[3] / "docs" / "improve" / "gate.md"
FENCE = re.compile(r"^```(?:sh|yaml)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
ASK_IT, APART, STEPS = FENCE.findall(DOC.read_text())
ANNOUNCE = FENCE.findall((DOC.parent / "releases.md").read_text())[0]


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOW)


def ask(key: str, expect: int, **told: Any) -> tuple[Any, str | None]:
    answer = Client(headers={"authorization": f"Bearer {key}"}).get(GATE, {"workflow": "nightly", **told})
    assert answer.status_code == expect, answer.content
    assert answer["Content-Type"].startswith(("application/json", "application/problem+json"))
    return json.loads(answer.content), answer.headers.get("Retry-After")


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a script writes goes into a folder of the test, not into that of the project."""
    monkeypatch.chdir(tmp_path)


def curl(script: str, server: LiveServer, key: str, release: str = "v2") -> subprocess.Popen[str]:
    told = {"STEADYRUN_URL": server.url, "STEADYRUN_KEY": key, "WORKFLOW": "nightly", "RELEASE": release}
    environ = {"PATH": "/usr/local/bin:/usr/bin:/bin", "GITHUB_SHA": "3f2a1c", **told}
    return subprocess.Popen(
        ["sh", "-c", script], env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.mark.django_db
def test_a_replacement_is_compared_with_the_same_hours_of_the_week_before(team: Team, api_key: str) -> None:
    store_release(team, "v1", 200, 40, ago=WEEK)
    store_release(team, "v2", 150, 30)
    told, _ = ask(api_key, 200, release="v2")
    assert (told["outcome"], told["baseline"], told["against"]) == ("pass", "v1", "same hours of the week before")
    assert (told["release_runs"]["failures"], told["release_runs"]["rated"]) == (30, 150)
    assert (told["baseline_runs"]["failures"], told["baseline_runs"]["rated"]) == (40, 200)
    assert told["baseline_runs"]["from"] == "2026-08-03T12:00:00Z"
    (check,) = told["checks"]
    assert (check["check"], check["outcome"], check["more_runs"]) == ("failure_rate", "pass", 0)


@pytest.mark.django_db
def test_a_canary_is_compared_side_by_side_and_fails_when_it_is_worse(team: Team, api_key: str) -> None:
    store_release(team, "v1", 400, 20, live=96 * HOUR)
    store_release(team, "v2", 60, 20, live=24 * HOUR)
    told, retry_after = ask(api_key, 409, release="v2")
    assert (told["outcome"], told["against"], retry_after) == ("fail", "side by side", None)
    assert 95 <= told["baseline_runs"]["rated"] <= 110
    assert told["checks"][0]["reason"] == "higher than that of the baseline"


@pytest.mark.django_db
def test_too_few_runs_are_undecided_and_say_when_to_ask_again(team: Team, api_key: str) -> None:
    store_release(team, "v1", 400, 20, ago=48 * HOUR)
    store_release(team, "v2", 30, 1, live=5 * HOUR / 60)
    told, retry_after = ask(api_key, 503, release="v2")
    assert (told["outcome"], told["against"]) == ("undecided", "its last seven days")
    more = told["checks"][0]["more_runs"]
    assert more == told["checks"][0]["runs_needed"] - 30 > 100
    assert retry_after == str(told["retry_after"])
    assert 10 <= int(retry_after or 0) <= 300
    # The time that was asked for is over: no run is added any more.
    assert ask(api_key, 503, release="v2", hours="0.02")[1] is None


@pytest.mark.django_db
def test_limits_are_checked_beside_the_baseline(team: Team, api_key: str) -> None:
    store_release(team, "v1", 200, 40, ago=WEEK)
    store_release(team, "v2", 150, 30)
    told, _ = ask(api_key, 409, release="v2", max_p95_increase="0.2", max_failure_rate="0.4", min_runs="100")
    found = {one["check"]: one for one in told["checks"]}
    assert [one["outcome"] for one in found.values()] == ["pass", "pass", "fail"]
    assert found["p95_increase"]["value"] == pytest.approx(22_000, rel=0.05)
    assert found["p95_increase"]["interval"][0] > 1.2
    assert ask(api_key, 200, release="v2", max_p95_increase="1.5", min_runs="100")[0]["outcome"] == "pass"


@pytest.mark.django_db
def test_a_first_release_and_one_that_nobody_knows_wait(team: Team, api_key: str) -> None:
    store_release(team, "v1", 300, 3)
    told, _ = ask(api_key, 503, release="v1")
    assert (told["checks"], told["against"]) == ([], "nothing")
    assert "say max_failure_rate" in told["reason"]
    assert ask(api_key, 200, release="v1", max_failure_rate="0.05")[0]["outcome"] == "pass"
    assert "no execution with it was seen" in ask(api_key, 503, release="v9")[0]["reason"]
    with team_context(team.id):
        later = {"released_at": NOW + HOUR}
        announce_release(team_id=team.id, workflow="nightly", name="v9", told=later, by="CI", now=NOW)
    assert ask(api_key, 503, release="v9")[0]["reason"] == "it is not live yet"


@pytest.mark.django_db
def test_an_environment_without_runs_is_named_with_those_that_have_some(team: Team, api_key: str) -> None:
    store_release(team, "v1", 60, 6, ago=WEEK)
    store_release(team, "v2", 60, 6)
    store(team, *(report(environment=name, release="v0", started_at=NOW - 300 * HOUR) for name in ("eu", "test")))
    none = "nightly has no runs in the environment prod; it has runs in production, eu, test"
    told, retry_after = ask(api_key, 503, release="v2", environment="prod")
    assert (told["outcome"], told["environment"], told["reason"]) == ("undecided", "prod", none)
    assert retry_after is not None
    assert ask(api_key, 503, release="v2", environment="eu")[0]["reason"] == ""
    assert ask(api_key, 503, release="v2", min_runs="1000")[0]["reason"] == ""
    assert ask(api_key, 503, release="v2", environment="*", min_runs="1000")[0]["reason"] == ""
    unknown = ask(api_key, 503, release="v9", environment="prod")[0]["reason"]
    assert unknown == f"nobody announced this release and no execution with it was seen yet; {none}"
    asked = Client(headers={"authorization": f"Bearer {api_key}", "accept": "text/plain"})
    text = asked.get(GATE, {"workflow": "nightly", "release": "v2", "environment": "prod"}).content.decode()
    assert text.startswith(f"undecided: nightly v2 against v1, prod\n  {none}\n")
    out = StringIO()
    with pytest.raises(SystemExit):
        call_command("gate", "nightly", "v2", team=team.slug, environment="prod", stdout=out)
    assert none in out.getvalue()


@pytest.mark.django_db
def test_of_many_environments_ten_are_named(team: Team, api_key: str) -> None:
    store_release(team, "v1", 4, 0)
    store(team, *(report(environment=f"site-{number:02}") for number in range(12)))
    reason = ask(api_key, 503, release="v1", environment="prod")[0]["reason"]
    assert "it has runs in production, site-00, site-01," in reason
    assert "site-08 and 3 more; there is no release before it" in reason
    with team_context(team.id):
        announce_release(team_id=team.id, workflow="new", name="v1", told={}, by="CI", now=NOW)
    assert "it has none anywhere yet" in ask(api_key, 503, workflow="new", release="v1")[0]["reason"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "field", "reason"),
    [
        ({"workflow": "other"}, "workflow", "No workflow has this name"),
        ({"release": ""}, "release", "required"),
        ({"baseline": "v7"}, "baseline", "no release of this name"),
        ({"min_runs": "0"}, "min_runs", "greater than or equal to 1"),
        ({"hours": "721"}, "hours", "less than or equal to 720"),
        ({"max_failure_rate": "5"}, "max_failure_rate", "less than or equal to 1"),
        ({"max_p95_increase": "nan"}, "max_p95_increase", "Enter a number"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    team: Team, api_key: str, changes: dict[str, str], field: str, reason: str
) -> None:
    store_release(team, "v1", 4, 0)
    answer, _ = ask(api_key, 400, **{"release": "v1", **changes})
    assert [one["field"] for one in answer["errors"]] == [field]
    assert reason in answer["errors"][0]["reason"]


@pytest.mark.django_db
def test_strangers_and_keys_without_the_scope_are_refused(team: Team, other_team: Any, api_key: str) -> None:
    store_release(team, "v1", 4, 0)
    ask(other_team.api_key, 400, release="v1")
    ask(ApiKeyFactory(team=team, scopes=[Scope.RELEASE]).text, 403, release="v1")
    ask("nothing", 401, release="v1")
    assert Client(headers={"x-api-key": api_key}).post(GATE).status_code == 405


@pytest.mark.django_db(transaction=True)
def test_curl_alone_tells_pass_from_fail(live_server: LiveServer, team: Team, api_key: str) -> None:
    store_release(team, "v1", 200, 40, ago=WEEK)
    store_release(team, "v2", 150, 30)
    passed = curl(ASK_IT, live_server, api_key)
    text, _ = passed.communicate(timeout=30)
    assert passed.returncode == 0
    assert f"\n```text\n{text}```\n" in DOC.read_text()
    assert curl(APART, live_server, api_key).communicate(timeout=30)[0] == "go on\n"
    assert curl(APART, live_server, api_key, "v9").communicate(timeout=30)[0] == "not decided yet\n"
    store_release(team, "v3", 60, 54, live=HOUR)
    began = time.monotonic()
    failed = curl(ASK_IT, live_server, api_key, "v3")
    assert failed.communicate(timeout=30)[0].startswith("fail: nightly v3 against v2")
    assert (failed.returncode, time.monotonic() - began < 15) == (22, True)
    assert curl(APART, live_server, api_key, "v3").communicate(timeout=30)[0] == "roll back\n"


@pytest.mark.django_db(transaction=True)
def test_the_steps_of_github_actions_announce_and_ask(live_server: LiveServer, team: Team, api_key: str) -> None:
    store_release(team, "v1", 200, 40, ago=WEEK)
    store_release(team, "v2", 150, 30)
    announce, ask_it = (dedent(step) for step in re.findall(r"run: \|\n((?:    .*\n)+)", STEPS))
    told = json.loads(curl(announce, live_server, api_key).communicate(timeout=30)[0])
    assert (told["name"], told["commit"], told["announced_by"]) == ("v2", "3f2a1c", "First key")
    asking = curl(ask_it.replace("max_failure_rate=0.1", "max_failure_rate=0.3"), live_server, api_key)
    assert "pass      failure rate against the limit: 20.0%, limit 30.0%" in asking.communicate(timeout=30)[0]
    assert asking.returncode == 0
    made = json.loads(curl(ANNOUNCE, live_server, api_key).communicate(timeout=30)[0])
    assert (made["name"], made["url"], made["live_at"]) == ("v3", "https://ci.example/runs/7", "2026-08-12T12:00:00Z")


@pytest.mark.django_db(transaction=True)
def test_curl_asks_again_while_it_is_undecided(
    live_server: LiveServer, team: Team, api_key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "SOONEST", 1)
    monkeypatch.setattr(gate, "LATEST", 1)
    store_release(team, "v1", 200, 40, ago=WEEK)
    store_release(team, "v2", 20, 4, live=HOUR)
    asking = curl(ASK_IT, live_server, api_key)
    assert asking.stdout is not None
    assert asking.stdout.readline().startswith("undecided: nightly v2")
    store_release(team, "v2", 150, 30)
    text, _ = asking.communicate(timeout=60)
    assert asking.returncode == 0
    assert "pass: nightly v2" in text


@pytest.mark.django_db
def test_the_command_exits_with_the_answer(team: Team, capsys: pytest.CaptureFixture[str]) -> None:
    store_release(team, "v1", 200, 40, ago=WEEK)
    store_release(team, "v2", 150, 30)
    out = StringIO()
    call_command("gate", "nightly", "v2", team=team.slug, stdout=out)
    assert out.getvalue().startswith("pass: nightly v2")
    store_release(team, "v3", 60, 54, live=HOUR)
    for release, code, baseline in (("v3", 1, "v2"), ("v9", 2, None)):
        out = StringIO()
        with pytest.raises(SystemExit) as left:
            call_command("gate", "nightly", release, team=team.slug, json=True, wait=0.1, stdout=out)
        told = json.loads(out.getvalue())
        assert (left.value.code, told["baseline"]) == (code, baseline)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"team": "none"}, "there is no team none"),
        ({"baseline": "v9"}, "has no release v9"),
        ({"max_failure_rate": 2.0}, "is a share, at most 1"),
        ({"min_runs": 0}, "must be at least 1"),
    ],
)
def test_the_command_asked_wrongly_says_why(team: Team, changes: dict[str, Any], reason: str) -> None:
    store_release(team, "v1", 4, 0)
    with pytest.raises(CommandError, match=reason) as refused:
        call_command("gate", "nightly", "v1", **{"team": team.slug, **changes})
    assert refused.value.returncode == 3
