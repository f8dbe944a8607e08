"""The Replay page: what a reader sees of one execution, who may see it, and that odd records never break it."""

import json
import uuid
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Membership
from accounts.permissions import Role
from accounts.tenancy import team_context
from ingestion.records import ExecutionReport, Failure, Feedback, LogReport, StepReport, Tokens
from monitoring.identity import execution_id, step_id
from monitoring.statuses import Status
from tests.factories import NOW, UserFactory, report, send, step, store

pytestmark = pytest.mark.django_db
START = NOW - timedelta(minutes=3)


def page_of(team, external_id: str, attempt: int = 1) -> str:
    return f"/t/{team.slug}/executions/{execution_id(team.id, external_id, attempt)}/"


def at(node: str, start: float | None, length: float | None = 1, **fields: object) -> StepReport:
    """A step that began so many seconds after the start."""
    begin = None if start is None else START + timedelta(seconds=start)
    end = None if begin is None or length is None else begin + timedelta(seconds=length)
    return step(**{"id": f"{node}-{start}", "node": node, "started_at": begin, "ended_at": end, **fields})


@pytest.fixture
def failed(team) -> str:
    """The page of an execution whose third step failed twice, with a skipped and a failed one behind it."""
    lost = Failure(type="Timeout", message="crm did not answer", detail={"after_s": 10})
    send(
        team,
        report(
            id="lead-1",
            workflow="Lead qualification",
            release="42",
            trigger="webhook",
            input_type="Inbound form",
            status=Status.FAILED,
            error=Failure(message="crm did not answer"),
            input={"email": "a@harbor.example", "valid": True},
            output={"sent": False},
            url="https://tool.example/run/1",
            tags={"region": "eu"},
            feedback=[Feedback(key="helpful", score=0.0, comment="No answer came")],
            attributes={"zone": "b"},
            steps=[
                at("receive", 0, kind="trigger", position=0),
                at("classify", 2, kind="model", cost_usd=Decimal("0.01"), tokens=Tokens(input=12), position=1),
                at("enrich", 4, 10, status=Status.FAILED, error=lost, input={"domain": "harbor.example"}, position=2),
                at("enrich", 16, 10, status=Status.FAILED, error=lost, attempt=2, position=3),
                at("email", 30, 0, status=Status.SKIPPED, position=4),
                at("update", 31, status=Status.FAILED, cost_usd=Decimal("0.02"), position=5),
            ],
            logs=[LogReport(message="giving up <b>now</b>", at=START, level="error", step_id="enrich-4")],
        ),
    )
    return page_of(team, "lead-1")


def read(client: Client, address: str, **params: str) -> str:
    response = client.get(address, params)
    assert response.status_code == 200
    return " ".join(response.content.decode().split())


def test_the_heading_says_what_ran(member_client, failed):
    text = read(member_client, failed)
    assert "lead-1" in text
    assert "release 42" in text
    assert "by webhook" in text
    assert "2 min, $0.03, 6 steps." in text
    assert 'href="https://tool.example/run/1" rel="noopener' in text


def test_four_questions_are_answered(member_client, failed):
    answers = member_client.get(failed).context_data["answers"]
    assert [answer.text for answer in answers] == [
        "Inbound form, 2 fields",
        "6 steps at 5 nodes",
        "Step 3,",
        "2 steps: 1 failed, 1 skipped",
    ]
    assert answers[0].note == "email: a@harbor.example, valid: true"
    assert answers[2].step == "enrich"
    assert answers[2].note == "crm did not answer. Tried 2 times, the last one failed"
    assert answers[3].note == "$0.02 spent after it"


def test_the_path_flags_the_first_failed_step_and_its_nodes_are_links(member_client, failed):
    drawing = member_client.get(failed).context_data["drawing"]
    assert [box.name for box in drawing.boxes] == ["receive", "classify", "enrich", "email", "update"]
    assert [box.flag for box in drawing.boxes] == ["", "", "First failed step", "", ""]
    assert drawing.boxes[2].note == "2 attempts, 22.0 s"
    text = read(member_client, failed)
    assert "First failed step" in text
    assert f'href="{drawing.boxes[2].href}"' in text


def test_the_timeline_has_a_row_a_step_with_pauses_between_attempts(member_client, failed):
    timeline = member_client.get(failed).context_data["timeline"]
    assert [row.name for row in timeline.rows] == ["receive", "classify", "enrich", "enrich", "email", "update"]
    assert timeline.rows[3].waits == ((14_000, 2_000),)
    assert [row.current for row in timeline.rows].index(True) == 2


def test_the_first_failed_step_is_open_and_every_step_has_an_address(member_client, team, failed):
    assert "Timeout: crm did not answer" in read(member_client, failed)
    number = step_id(execution_id(team.id, "lead-1"), "classify-2")
    panel = member_client.get(failed, {"at": number}).context_data["panel"]
    assert (panel.step.name, panel.step.number) == ("classify", 2)
    assert ("Tokens in", "12") in panel.facts


@pytest.mark.parametrize(
    ("tab", "words"),
    [
        ("error", "after_s"),
        ("input", "harbor.example"),
        ("output", "No output was reported"),
        ("attempts", "2 attempts: every retry failed. The other attempts took 10.0 s, with pauses of 2.0 s."),
        ("log", "giving up &lt;b&gt;now&lt;/b&gt;"),
        ("attributes", "No attributes were reported"),
    ],
)
def test_each_tab_shows_its_part(member_client, failed, tab, words):
    response = member_client.get(failed, {"tab": tab}, HTTP_HX_REQUEST="true", HTTP_HX_TARGET="step")
    text = response.content.decode()
    assert words in text
    assert "<html" not in text
    assert "HX-Request" in response["Vary"]


def test_tags_feedback_attributes_and_log_are_shown(member_client, failed):
    text = read(member_client, failed)
    for words in ("region: eu", "No answer came", "&quot;zone&quot;", "giving up &lt;b&gt;now&lt;/b&gt;"):
        assert words in text


def test_step_detail_leads_to_the_open_replay(member_client, team, failed):
    number = step_id(execution_id(team.id, "lead-1"), "enrich-4")
    response = member_client.get(f"{failed}steps/{number}/")
    assert response.status_code == 302
    assert response["Location"] == f"{failed}?at={number}#step"
    assert member_client.get(f"{failed}steps/{number}/", HTTP_HX_REQUEST="true").status_code == 200
    assert member_client.get(f"{failed}steps/nonsense/").status_code == 404


def test_raw_json_is_everything_or_one_part(member_client, team, failed):
    whole = member_client.get(failed + "raw.json")
    assert whole["Content-Type"].startswith("application/json")
    told = json.loads(b"".join(whole.streaming_content))
    assert told["external_id"] == "lead-1"
    assert [one["node"] for one in told["steps"]][:2] == ["receive", "classify"]
    part = member_client.get(failed + "raw.json", {"part": "input"})
    assert json.loads(b"".join(part.streaming_content)) == {"email": "a@harbor.example", "valid": True}
    number = step_id(execution_id(team.id, "lead-1"), "enrich-4")
    of_step = member_client.get(failed + "raw.json", {"part": "error", "step": str(number), "download": "1"})
    assert of_step["Content-Disposition"].startswith("attachment")
    assert json.loads(b"".join(of_step.streaming_content))["detail"] == {"after_s": 10}
    assert member_client.get(failed + "raw.json", {"part": "nonsense"}).status_code == 404
    assert member_client.get(failed + "raw.json", {"step": "1", "part": "input"}).status_code == 404


def test_the_range_and_filters_of_the_page_before_go_along(member_client, failed):
    response = member_client.get(failed, {"from": "now-24h", "step": "x", "q": "y"})
    assert "from=now-24h" in response.context_data["timeline"].rows[0].href
    assert "q=y" in response.context_data["timeline"].rows[0].href


def test_the_rail_of_an_old_execution_elsewhere_is_about_its_own_week(member_client, team):
    long_ago = NOW - timedelta(days=400)
    store(team, report(id="old", environment="staging", started_at=long_ago, finished_at=long_ago), now=long_ago)
    text = read(member_client, page_of(team, "old"))
    assert "No finished runs" not in text
    assert "100% succeed" in text
    assert f"from={long_ago - timedelta(days=7):%Y-%m-%d}T" in text
    assert "env=staging" in text


def test_a_long_payload_is_cut_and_said_to_be(member_client, team):
    send(team, report(id="long", input={"text": "x" * 100_000}))
    text = read(member_client, page_of(team, "long"))
    assert "The first 64 kB are shown." in text
    assert len(text) < 200_000


def test_a_role_without_payloads_sees_figures_only(client, team, failed):
    person = UserFactory()
    Membership.objects.create(team=team, user=person, role=Role.FINANCE)
    client.force_login(person)
    for params in ({}, {"tab": "input"}, {"tab": "log"}, {"tab": "attributes"}):
        text = read(client, failed, **params)
        assert "Your role does not show payloads" in text
        for secret in ("harbor.example", "giving up", "No answer came", "region: eu", "after_s"):
            assert secret not in text
    raw = b"".join(client.get(failed + "raw.json").streaming_content).decode()
    assert "harbor.example" not in raw
    assert client.get(failed + "raw.json", {"part": "input"}).status_code == 404


def test_attempts_and_failed_neighbours_are_links(member_client, team, failed):
    send(team, report(id="lead-1", attempt=2, workflow="Lead qualification"))
    send(team, report(id="lead-0", workflow="Lead qualification", status=Status.FAILED, finished_at=START))
    text = read(member_client, failed)
    assert f'href="{page_of(team, "lead-1", 2)}"' in text
    assert f'rel="prev" data-sequence href="{page_of(team, "lead-0")}"' in text


ODD: dict[str, ExecutionReport] = {
    "no steps": report(id="odd"),
    "one step that runs": ExecutionReport(id="odd", status=Status.RUNNING, steps=[StepReport(id="a")]),
    "nothing but an id": ExecutionReport(id="odd"),
    "parents in a circle": report(
        id="odd", steps=[step(id="a", parent_id="b"), step(id="b", parent_id="a"), step(id="c", parent_id="c")]
    ),
    "an unknown parent": report(id="odd", steps=[step(id="a", parent_id="gone")]),
    "equal times": report(id="odd", steps=[at("a", 1, 0, id="1"), at("b", 1, 0, id="2"), at("c", 1, 0, id="3")]),
    "a child before its parent": report(
        id="odd", steps=[at("in", -60, 5, parent_id="out", id="in"), at("out", 0, 20, id="out")]
    ),
    "times for some": report(id="odd", steps=[at("a", 1), at("b", None), at("c", 3, None, status=Status.FAILED)]),
    "no clock": ExecutionReport(
        id="odd",
        status=Status.FAILED,
        placed_at=NOW,
        clock=2,
        steps=[StepReport(id=str(n), node="ab"[n % 2], status=Status.FAILED, position=n) for n in range(6)],
    ),
    "names in other scripts": report(
        id="odd",
        workflow="سير العمل",
        steps=[at("مرحلة التحقق من الطلب الوارد اليوم", 0), at("注文を検証して保存する工程", 2)],
    ),
    "markup everywhere": report(
        id="odd",
        status=Status.FAILED,
        input="</pre><script>alert(1)</script>",
        tags={"<b>": "<script>alert(1)</script>"},
        error=Failure(message="<script>alert(1)</script>"),
        steps=[at("<script>alert(1)</script>", 0, status=Status.FAILED, output="<script>alert(1)</script>")],
    ),
    "an address that is no page": report(id="odd", url="javascript:alert(1)"),
    "values of every kind": report(id="odd", input=[1, None, {"a": []}], output=None, attributes={"n": 1.5e300}),
    "many steps": report(id="odd", steps=[at(f"page {n % 700}", n, id=str(n)) for n in range(450)]),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_records_never_break_the_page(member_client, team, name):
    send(team, ODD[name])
    for params in ({}, {"at": "nonsense", "tab": "nonsense", "rows": "-1"}, {"rows": "999999999999"}, {"tab": "log"}):
        text = read(member_client, page_of(team, "odd"), **params)
        assert "<script>alert" not in text
        assert 'href="javascript' not in text
    assert member_client.get(page_of(team, "odd") + "raw.json").status_code == 200


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("no clock", "Time not told: the steps are in the order of their sender"),
        ("one step that runs", "No finish received yet"),
        ("times for some", "1 of 3 steps has no times."),
        ("a child before its parent", "the clocks of its senders differ"),
        ("no steps", "No steps were reported"),
        ("many steps", "1–100 of 450 steps"),
    ],
)
def test_what_is_missing_is_said(member_client, team, name, words):
    send(team, ODD[name])
    assert words in read(member_client, page_of(team, "odd"))


def test_what_retention_deleted_is_said(member_client, team):
    send(team, report(id="old", steps=[step()]))
    with team_context(team.id), connection.cursor() as cursor:
        cursor.execute("UPDATE execution SET anchor_day = '1999-01-01' WHERE external_id = 'old'")
    assert "deleted by the retention rule" in read(member_client, page_of(team, "old"))


def test_the_number_of_queries_does_not_grow_with_the_steps(member_client, team):
    send(team, report(id="one", steps=[at("a", 0)]))
    send(team, report(id="twenty", steps=[at(f"n{n}", n) for n in range(20)]))
    counts = []
    for name in ("one", "twenty"):
        member_client.get(page_of(team, name))
        with CaptureQueriesContext(connection) as queries:
            member_client.get(page_of(team, name))
        counts.append(len(queries))
    assert counts[0] == counts[1]


@pytest.mark.parametrize("below", ["", "raw.json", "steps/1/"])
def test_strangers_learn_nothing(stranger_client, stranger, failed, below):
    assert stranger_client.get(failed + below).status_code == 404


def test_an_execution_of_another_team_looks_like_one_that_never_was(member_client, team, other_team):
    send(other_team.team, report(id="theirs"))
    theirs = execution_id(other_team.team.id, "theirs")
    answers = [member_client.get(f"/t/{team.slug}/executions/{one}/") for one in (theirs, uuid.UUID(int=1))]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].content.replace(str(theirs).encode(), b"") == answers[1].content.replace(
        str(uuid.UUID(int=1)).encode(), b""
    )


@pytest.mark.parametrize("below", ["", "raw.json", "steps/1/"])
def test_the_anonymous_are_led_to_sign_in(client, failed, below):
    response = client.get(failed + below)
    assert response.status_code == 302
    assert response["Location"].startswith("/sign-in/")


@pytest.mark.parametrize("below", ["", "raw.json", "steps/1/"])
def test_wrong_methods_are_refused(member_client, failed, below):
    assert member_client.post(failed + below).status_code == 405


def test_the_critical_path_is_named_and_marked(member_client, team):
    steps = [at("parse", 0, 5), at("charge_card", 5, 80), at("notify", 5, 10), at("book", 85, 15)]
    send(team, report(id="path", started_at=START, finished_at=START + timedelta(seconds=100), steps=steps))
    text = read(member_client, page_of(team, "path"))
    assert "Critical path: parse (5%) &gt; charge_card (80%) &gt; book (15%) of 1 min 40 s." in text
    rows = {
        name: row for row in text.split('<a class="wf-row')[1:] for name in ("charge_card", "notify") if name in row
    }
    assert "On the critical path, 80% of the time" in rows["charge_card"]
    assert "On the critical path" not in rows["notify"]
