"""The Failures page as its readers see it."""

import csv
import io
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ingestion.records import ExecutionReport, Failure
from monitoring.statuses import Status
from tests.factories import NOW, report, step, store

pytestmark = pytest.mark.django_db
PAGE = "/t/harbour/workflows/nightly/failures/"
AROUND = {"from": "2026-08-11T12:00:00Z", "to": "2026-08-12T13:00:00Z"}


def run(number: int, node: str = "", **fields: object) -> ExecutionReport:
    """A run of `fetch` and `save`; it fails at `node` when there is one."""
    at = NOW - timedelta(minutes=10 * (number + 1))
    end = at + timedelta(seconds=12)
    steps = [
        step(
            id=name,
            node=name,
            position=place,
            started_at=at,
            ended_at=end,
            external_system="crm.example" if name == "fetch" else None,
            status=Status.FAILED if name == node else Status.SUCCEEDED,
            error=Failure(message=f"{name} gave up") if name == node else None,
        )
        for place, name in enumerate(("parse", "fetch", "save", "tell"))
    ]
    status = Status.FAILED if node else Status.SUCCEEDED
    told = {"started_at": at, "finished_at": end, "input_type": "form", **fields}
    return report(**{"id": f"run-of-{number}", "status": status, "steps": steps, **told})


@pytest.fixture
def many(team):
    """40 failures at fetch, 5 at save, 55 runs that succeeded."""
    store(team, *[run(n, "fetch" if n < 40 else "save" if n < 45 else "") for n in range(100)])
    return team


def text_of(client, **params: str) -> str:
    response = client.get(PAGE, {**AROUND, **params})
    assert response.status_code == 200
    return response.content.decode()


def cells_of(client, **params: str) -> list[list[str]]:
    response = client.get(PAGE, {**AROUND, "format": "csv", **params})
    assert response["Content-Type"].startswith("text/csv")
    return list(csv.reader(io.StringIO(b"".join(response.streaming_content).decode())))


def test_the_answer_names_the_step_and_the_system(many, member_client):
    text = text_of(member_client)
    assert "Yes. Nine in ten share one step and one system." in text
    assert '<span class="mono b">fetch</span> calling <b>crm.example</b>' in text
    assert '<span class="vh">Concentrated:</span> Yes.' in text
    assert "45 of 100 runs" in text
    assert "root cause" not in text.lower()


def test_the_table_compares_with_what_is_usual(many, member_client):
    text = text_of(member_client)
    assert "What failed runs have in common" in text
    assert "Concentrated" in text
    assert "88.9% of these runs, 25.0% usually" in text


def test_tabs_show_one_kind_of_value(many, member_client):
    text = text_of(member_client, by="input")
    assert ">form</a>" in text
    assert "crm.example" not in text.split("Kind of value")[1].split("Failure groups")[0]


def test_samples_link_to_their_replay(many, member_client):
    text = text_of(member_client, step="save")
    assert text.count("data-row") == 5
    assert "save gave up" in text
    assert "run-of-44" in text
    assert "Choice(" not in text


def test_spread_failures_are_said_to_be_spread(team, member_client):
    nodes = ("parse", "fetch", "save", "tell")
    store(team, *[run(n, "" if n % 3 else nodes[n // 3 % 4]) for n in range(120)])
    assert "Not concentrated. Failures are spread like all runs." in text_of(member_client)


def test_few_failures_are_not_judged(team, member_client):
    store(team, run(0, "fetch"), run(1))
    assert "Not enough failures to say." in text_of(member_client)


def test_no_failures_is_good_news_and_names_the_range(team, member_client):
    store(team, run(0), run(1))
    text = text_of(member_client)
    assert "No failures, " in text
    assert "11 Aug" in text
    assert "2 of 2 runs succeeded" in text


def test_filtered_away_offers_to_clear(many, member_client):
    text = text_of(member_client, model="no-such-model", env="production")
    assert "No failures match these filters" in text
    assert "Clear filters" in text


def test_a_range_without_runs_says_so(many, member_client):
    response = member_client.get(PAGE, {"from": "2026-01-01T00:00:00Z", "to": "2026-01-02T00:00:00Z"})
    assert "No runs in this range" in response.content.decode()


@pytest.mark.parametrize(
    "params",
    [
        {"by": "nonsense"},
        {"from": "yesterday", "to": "\x00"},
        {"after": "broken"},
        {"sort": "colour"},
        {"status": "succeeded"},
        {"group": "not-an-id"},
        {"q": "%_\\\x00'"},
        {"colour": "blue"},
        {"step": "-fetch"},
    ],
)
def test_nonsense_in_the_address_never_fails(many, member_client, params):
    assert member_client.get(PAGE, {**AROUND, **params}).status_code == 200


def test_chips_lead_to_the_view_without_them(many, member_client):
    text = text_of(member_client, step="save", error="x")
    assert 'aria-label="Remove filter Step save"' in text
    assert 'aria-label="Remove filter Error x"' in text


def test_csv_has_the_samples_that_are_shown(many, member_client):
    rows = cells_of(member_client, step="save")
    assert rows[0] == ["Execution", "Started", "Error", "Step", "Input type", "Release", "Duration, ms"]
    assert [row[0] for row in rows[1:]] == [f"run-of-{n}" for n in range(40, 45)]
    assert rows[1][2:] == ["save gave up", "save", "form", "", "12000"]


def test_csv_of_what_they_have_in_common(many, member_client):
    rows = cells_of(member_client, table="common")
    assert rows[0][:3] == ["Kind", "Value", "Failures"]
    fetch = next(row for row in rows if row[:2] == ["Step", "fetch"])
    assert fetch[2] == "40"
    assert fetch[9:] == ["Concentrated", "", ""]


def test_csv_of_the_groups(many, member_client):
    rows = cells_of(member_client, table="groups")
    assert [row[:5] for row in rows[1:]] == [
        ["fetch gave up", "fetch", "open", "", "40"],
        ["save gave up", "save", "open", "", "5"],
    ]


def test_a_cell_that_looks_like_a_formula_is_defused(team, member_client):
    store(team, run(0, "fetch", id="=1+1"))
    assert cells_of(member_client)[1][0] == "'=1+1"


def test_markup_in_names_is_text(team, member_client):
    store(team, *[run(n, "fetch", input_type="<script>alert(1)</script>") for n in range(25)])
    assert "<script>alert(1)" not in text_of(member_client)


def test_samples_are_paged_by_cursor(many, member_client):
    first = member_client.get(PAGE, {**AROUND})
    assert len(first.context_data["samples"]) == 25
    second = member_client.get(PAGE + first.context_data["next_href"])
    ids = [row.external_id for page in (first, second) for row in page.context_data["samples"]]
    assert ids == [f"run-of-{n}" for n in range(45)]


def test_the_number_of_queries_is_that_of_one_row(team, member_client):
    store(team, *[run(n) for n in range(100, 102)], run(0, "fetch"))
    with CaptureQueriesContext(connection) as one:
        text_of(member_client)
    store(team, *[run(n, "save", input_type=f"type {n}") for n in range(1, 21)])
    with CaptureQueriesContext(connection) as twenty:
        text_of(member_client)
    assert len(twenty) == len(one)


def test_a_stranger_learns_nothing(many, stranger_client):
    assert stranger_client.get(PAGE).status_code == 404


def test_another_teams_workflow_is_no_page(many, other_team, stranger_client):
    assert stranger_client.get("/t/mountain/workflows/nightly/failures/").status_code == 404


def test_anonymous_readers_sign_in_first(many, client):
    response = client.get(PAGE)
    assert response.status_code == 302
    assert response["Location"].startswith("/sign-in/")


def test_nothing_can_be_sent_to_the_page(many, member_client):
    assert member_client.post(PAGE).status_code == 405


def test_the_search_field_takes_fields_and_says_what_it_could_not_mean(many, member_client):
    answer = member_client.get(PAGE, {**AROUND, "q": "step:save colour:red in:logs"})
    assert answer.status_code == 302
    text = member_client.get(answer["Location"]).content.decode()
    assert "step=save" in answer["Location"]
    assert "“colour” is no field, so it was searched as text." in text
    assert "Inputs, outputs and log lines are searched on the Executions page." in text
