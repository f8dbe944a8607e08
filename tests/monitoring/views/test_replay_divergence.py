"""Replay against the healthy reference: the first divergence, what shows and what caused it, and its impact."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from ingestion.records import Failure
from monitoring.statuses import Status
from tests.factories import NOW, report, send
from tests.monitoring.healthy import PATH, ask, failing, fill, healthy, retried, visit
from tests.monitoring.views.test_replay import page_of, read

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(team) -> str:
    """An execution that left the path of twelve others."""
    fill(team)
    return page_of(team, "bad")


def test_the_first_divergence_is_told_apart_from_where_the_error_shows(member_client, page):
    card = member_client.get(page).context_data["divergence"]
    assert (card.word, card.shows.step, card.causes.step) == ("Diverged", "Step 4, score", "Step 2, parse")
    assert next((row.step, row.kind) for row in card.first) == ("Step 2, parse", "empty output")
    assert not card.is_one_step
    text = read(member_client, page)
    assert "compared with 12 succeeded executions of the same workflow" in text
    assert "The error shows at" in text
    assert "0 of 12 healthy executions did the same: medium confidence" in text


def test_the_answers_speak_of_the_divergence_and_what_it_affected(member_client, page):
    answers = member_client.get(page).context_data["answers"]
    assert [answer.question for answer in answers[2:]] == [
        "Which step diverged first?",
        "What was affected downstream?",
    ]
    assert (answers[2].text, answers[2].step) == ("Step 2,", "parse")
    assert answers[3].text == "3 steps: 2 affected, 1 not reached"
    assert "1 side effect that a retry would repeat" in answers[3].note


def test_the_graph_marks_the_divergence_what_it_affected_and_what_is_missing(member_client, page):
    boxes = member_client.get(page).context_data["drawing"].boxes
    assert [box.name for box in boxes] == list(PATH)
    assert [box.kind for box in boxes] == ["ok", "div", "ok", "bad", "no"]
    assert boxes[1].flag == "First divergence"
    assert boxes[4].note == "did not run"


def test_impact_names_steps_money_time_and_what_a_retry_repeats(member_client, page):
    impact = member_client.get(page).context_data["impact"]
    assert dict(impact.facts)["Not reached"] == "save"
    assert dict(impact.facts)["Time after it"] == "3.0 s"
    assert [name for name, _ in impact.repeated] == ["Step 3, enrich"]
    assert [(row.step, row.effect) for row in impact.rows] == [
        ("parse", "affected"),
        ("score", "affected"),
        ("save", "not_taken"),
    ]


def test_the_divergent_step_is_open_with_expected_and_actual(member_client, page):
    panel = member_client.get(page).context_data["panel"]
    assert (panel.step.name, panel.tab, panel.flag) == ("parse", "expected", "First divergence")
    assert "Expected and actual" in read(member_client, page)


def test_a_healthy_execution_diverges_nowhere(member_client, team, page):
    page = page_of(team, "good-3")
    assert member_client.get(page).context_data["answers"][2].text == "None: every step looks as usual"


def test_without_healthy_executions_the_page_says_so(member_client, team):
    send(team, failing("alone"))
    text = read(member_client, page_of(team, "alone"))
    assert "nothing to compare with: there is no healthy execution" in text
    assert "Which step failed first?" in text


@pytest.mark.parametrize(
    "steps",
    [
        [],
        [visit("receive", NOW, 0, status=Status.FAILED)],
        [visit("a", NOW, 0, parent_id="b"), visit("b", NOW, 0, parent_id="a")],
        [visit("receive", NOW, 0, started_at=None, ended_at=None)],
        [visit("\N{SNOWMAN} \N{ARABIC LETTER MEEM}", NOW, 0), visit("receive", NOW, -5)],
        [visit("receive", NOW, 0, node=None)],
    ],
    ids=["none", "one", "cycle", "no times", "unicode and skew", "nameless"],
)
def test_odd_executions_have_a_page(member_client, team, steps):
    fill(team)
    send(team, failing("odd", steps=steps))
    response = member_client.get(page_of(team, "odd"))
    assert response.status_code == 200
    assert response.context_data["divergence"].because


def test_attempts_stand_side_by_side_with_what_changed(member_client, team):
    later = NOW - timedelta(minutes=1)
    lost = Failure(message="crm did not answer")
    first = failing("again", error=lost, input={"lead": 1})
    second = healthy(0, id="again", attempt=2, release="43", started_at=later, finished_at=NOW, input={"lead": 1})
    send(team, first, second)
    story = member_client.get(page_of(team, "again", 2)).context_data["story"]
    assert story.words.startswith("2 attempts: succeeded after a change at attempt 2.")
    changed = "; ".join(story.columns[1].changed)
    assert "release: 42, then 43" in changed
    assert "no longer failed: score" in changed
    assert story.columns[1].current


def test_attempts_of_a_step_are_one_story(member_client, team):
    send(team, retried())
    page = member_client.get(page_of(team, "tried"))
    card = page.context_data["retried"]
    assert card.words == "1 step was tried again: 1 succeeded by it (at attempt 3: 1)"
    (row,) = card.rows
    assert (row.attempts, row.outcome) == (3, "succeeded after a change at attempt 3")
    assert (row.spent_ms, row.paused_ms) == (5_000, 7_000)
    assert "Retries of steps" in page.content.decode()
    tries = member_client.get(row.href.partition("#")[0]).context_data["panel"].tries
    told = dict(tries.rows)
    assert told["Pause before"] == ["", "2.0 s", "5.0 s"]
    assert told["Model"] == ["large", "large", "small"]
    assert told["Input"] == ["the first", "the same as before", "the same as before"]
    assert told["Output"] == ["", "", "{text}"]
    assert "took 4 times as long" in told["What changed"][1]
    assert "model: large, then small" in told["What changed"][2]
    assert [column.current for column in tries.columns] == [False, False, True]


def test_turns_of_a_loop_are_no_retries(member_client, team):
    send(team, report(id="loop", steps=[ask(1, n, 1, id=f"turn-{n}") for n in range(3)]))
    page = member_client.get(page_of(team, "loop"), {"tab": "attempts"})
    assert page.context_data["retried"] is None
    assert page.context_data["panel"].tries is None
    assert len(page.context_data["panel"].visits) == 3


def test_the_reference_is_kept_and_the_number_of_queries_does_not_depend_on_steps(client: Client, member_client, team):
    start = NOW - timedelta(minutes=3)
    fill(team)
    many = [visit(f"step-{n}", start, n / 100) for n in range(200)]
    send(team, failing("wide", steps=many))
    for name in ("bad", "wide"):
        member_client.get(page_of(team, name))
    counts = []
    for name in ("bad", "wide"):
        with CaptureQueriesContext(connection) as queries:
            member_client.get(page_of(team, name))
        counts.append(len(queries))
        assert not any("INSERT INTO healthy_reference" in query["sql"] for query in queries)
    # What was found about the long one is kept: one more to read it.
    assert counts[1] == counts[0] + 1
