"""What the README shows works as it stands there."""

import json
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.test import Client

from accounts.models import Team
from accounts.tenancy import team_context
from monitoring.models import Execution, Step

README = Path(__file__).parents[2].joinpath("README.md").read_text()


def post(body: str, api_key: str) -> dict:
    """Reports as the README does."""
    headers = {"Authorization": f"Bearer {api_key}"}
    answer = Client().post("/api/v1/executions", body, content_type="application/json", headers=headers)
    assert answer.status_code == 200, answer.content
    return answer.json()


def test_the_curl_example_is_stored_whole(team: Team, api_key: str) -> None:
    body = re.search(r"curl \$BASE_URL.*?-d '(.*?)'\n```", README, re.DOTALL)
    assert body is not None
    # The dates in the text stand still; a report may not lie in the future of a slow clock.
    assert datetime.fromisoformat(json.loads(body[1])["started_at"]) < datetime.now(UTC) + timedelta(days=1)
    assert post(body[1], api_key) == {"stored": 1, "duplicate": 0, "rejected": []}
    with team_context(team.id):
        execution = Execution.objects.get(external_id="order-4711")
        assert execution.duration_ms == 12_000
        assert execution.failed_step_count == 1
        assert Step.objects.filter(execution_id=execution.id).count() == 2


def test_the_python_example_reports_what_the_endpoint_takes(team: Team, api_key: str) -> None:
    report = re.search(r"^report = (\{.*\})$", README, re.MULTILINE)
    assert report is not None
    assert post(report[1], api_key)["stored"] == 1


def test_every_linked_file_exists() -> None:
    links = re.findall(r"\]\((?!http)([^)#]+)\)", README)
    assert links
    missing = [link for link in links if not Path(__file__).parents[2].joinpath(link).exists()]
    assert missing == []
