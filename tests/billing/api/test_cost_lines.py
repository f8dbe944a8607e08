"""Lines and exports by the API: the same numbers as the files, page by page."""

import csv
import io
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from accounts.models import Team
from billing.services import export_runs
from tests.billing.exports.pricing import add_all_kinds
from tests.billing.lines import add_line

pytestmark = pytest.mark.django_db

LINES, EXPORTS = "/api/v1/costs/lines/", "/api/v1/costs/exports/"


@pytest.fixture
def api(api_key: str, settings: Any, tmp_path: Path) -> APIClient:
    settings.EXPORTS_FOLDER = tmp_path
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {api_key}")
    return client


def all_lines(api: APIClient, **told: Any) -> list[dict[str, Any]]:
    found, address = [], LINES
    while address:
        page = api.get(address, told if address == LINES else {}).json()
        found += page["results"]
        address = page["next"]
    return found


def test_pages_together_are_the_file(api: APIClient, team: Team) -> None:
    made = add_all_kinds(team)
    lines = all_lines(api, limit=2)
    assert len(lines) == len({line["line"] for line in lines}) == len(made)
    told = {"table": "lines", "format": "csv-machine"}
    job = api.post(EXPORTS, told, format="json")
    assert job.status_code == 202, job.content
    assert (job.json()["state"], job.json()["file"]) == ("waiting", None)
    export_runs.run_due()
    done = api.get(f"{EXPORTS}{job.json()['id']}/").json()
    assert (done["state"], done["rows"], done["lines_done"]) == ("done", len(made), len(made))
    text = b"".join(api.get(done["file"]).streaming_content).decode()  # type: ignore[attr-defined]
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [{name: "" if cell is None else str(cell) for name, cell in line.items()} for line in lines] == rows


def test_money_is_text_with_all_digits_and_null_where_not_known(api: APIClient, team: Team) -> None:
    add_line(team, cost_usd=Decimal("0.1234567890123456789"))
    add_line(team, cost_usd=None, priced_usd=None)
    costs = sorted((line["cost_usd"] for line in all_lines(api)), key=str)
    assert costs == ["0.1234567890123456789", None]


def test_lines_are_filtered(api: APIClient, team: Team) -> None:
    add_line(team, workflow="one", tags={"customer": "A"})
    add_line(team, workflow="two", hour=datetime(2026, 9, 1, tzinfo=UTC))
    assert [line["workflow"] for line in all_lines(api, workflow="two")] == ["two"]
    assert [line["workflow"] for line in all_lines(api, tag="customer=A")] == ["one"]
    assert [line["workflow"] for line in all_lines(api, to="2026-09-01")] == ["one"]
    assert [line["workflow"] for line in all_lines(api, **{"from": "2026-09-01T05:00Z"})] == ["two"]
    assert all_lines(api, entry="credit") == []


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"entry": "gift"}, "entry"),
        ({"tag": "customer"}, "tag"),
        ({"limit": 1001}, "limit"),
        ({"limit": 0}, "limit"),
        ({"after": "x"}, "after"),
        ({"workflow": "-one"}, "workflow"),
        ({"from": "later"}, "from"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_field(api: APIClient, told: dict[str, Any], field: str) -> None:
    response = api.get(LINES, told)
    assert response.status_code == 400
    assert field in response.content.decode()


def test_exports_are_refused_by_field(api: APIClient) -> None:
    for told, field in (
        ({"table": "lines", "format": "pdf"}, "format"),
        ({"format": "csv"}, "table"),
        ({"table": "lines", "format": "csv", "start": "2026-02-30"}, "start"),
        ({"table": "lines", "format": "csv", "kind": ["gold"]}, "kind"),
        ({"table": "lines", "format": "csv", "start": "2026-02-02", "end": "2026-02-01"}, "from"),
    ):
        response = api.post(EXPORTS, told, format="json")
        assert response.status_code == 400
        assert field in response.content.decode()


def test_exports_are_listed_and_removed(api: APIClient, team: Team) -> None:
    made = api.post(EXPORTS, {"table": "focus", "format": "parquet"}, format="json").json()
    assert [one["id"] for one in api.get(EXPORTS).json()["results"]] == [made["id"]]
    assert api.get(f"{EXPORTS}{made['id']}/file/").status_code == 404
    assert api.delete(f"{EXPORTS}{made['id']}/").status_code == 204
    assert api.get(f"{EXPORTS}{made['id']}/").status_code == 404
    assert api.get(f"{EXPORTS}nonsense/").status_code == 404


def test_another_teams_key_sees_nothing(api: APIClient, other_team: Any, team: Team) -> None:
    add_line(team)
    made = api.post(EXPORTS, {"table": "lines", "format": "csv"}, format="json").json()
    export_runs.run_due()
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {other_team.api_key}")
    assert api.get(LINES).json()["results"] == []
    assert api.get(f"{EXPORTS}{made['id']}/file/").status_code == 404
    api.credentials()
    assert api.get(LINES).status_code == 401
