"""Executions of one workflow with a healthy path, and one that leaves it: for the tests of the comparison."""

from datetime import datetime, timedelta
from typing import Any

from accounts.models import Team
from ingestion.records import ExecutionReport, Failure, StepReport
from monitoring.statuses import Status
from tests.factories import NOW, report, send, step

PATH = ("receive", "parse", "enrich", "score", "save")


def visit(name: str, start: datetime, at: float, **fields: Any) -> StepReport:
    """A step of a second that began so many seconds after the start."""
    begin = start + timedelta(seconds=at)
    told = {"id": name, "node": name, "started_at": begin, "ended_at": begin + timedelta(seconds=1)}
    return step(**{**told, "output": {"company": name, "ok": True}, **fields})


def healthy(number: int, *, ago: timedelta = timedelta(hours=1), **fields: Any) -> ExecutionReport:
    """A succeeded execution of `Lead`, release 42, by webhook."""
    start = NOW - ago - timedelta(minutes=number)
    told: dict[str, Any] = {
        "id": f"good-{number}",
        "workflow": "Lead",
        "release": "42",
        "trigger": "webhook",
        "input_type": "form",
        "started_at": start,
        "finished_at": start + timedelta(seconds=6),
        "steps": [visit(node, start, place) for place, node in enumerate(PATH)],
    }
    return report(**{**told, **fields})


def failing(id: str = "bad", **fields: Any) -> ExecutionReport:
    """`parse` gave nothing, `enrich` sent a mail and `score` failed for it; `save` was not reached."""
    start = NOW - timedelta(minutes=3)
    lost = Failure(type="KeyError", message="company")
    steps = [
        visit("receive", start, 0),
        visit("parse", start, 1, output={}),
        visit("enrich", start, 2, external_system="crm.example", attributes={"http.request.method": "POST"}),
        visit("score", start, 3, status=Status.FAILED, error=lost, output=None),
    ]
    told: dict[str, Any] = {"id": id, "status": Status.FAILED, "started_at": start, "steps": steps}
    told["finished_at"] = start + timedelta(seconds=4)
    return healthy(0, **{**told, **fields})


def fill(team: Team, count: int = 12) -> None:
    """So many healthy executions, and the failing one."""
    send(team, *(healthy(number) for number in range(count)))
    send(team, failing())


def ask(number: int, at: float, seconds: float, **fields: Any) -> StepReport:
    """An attempt at a step that asks a model, so many seconds after the start."""
    begin = NOW - timedelta(minutes=3) + timedelta(seconds=at)
    told: dict[str, Any] = {
        "id": f"ask-{number}",
        "node": "ask",
        "kind": "model",
        "attempt": number,
        "started_at": begin,
    }
    return step(**{**told, "ended_at": begin + timedelta(seconds=seconds), "input": {"q": 1}, **fields})


def retried(id: str = "tried") -> ExecutionReport:
    """`ask` failed, failed with another error, and succeeded with another model."""
    busy, slow = Failure(message="429 Too Many Requests"), Failure(message="timeout")
    steps = [
        ask(1, 0, 1, status=Status.FAILED, error=busy, model="large"),
        ask(2, 3, 4, status=Status.FAILED, error=slow, model="large"),
        ask(3, 12, 2, model="small", output={"text": "yes"}),
    ]
    return report(id=id, workflow="Ask", steps=steps)
