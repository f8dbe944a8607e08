"""`manage.py analyse traces FILE --answers OUT` on a small file of the same form as the labelled one."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from monitoring.evaluation.traces import answer_file

DAY = "2023-01-29T08:49:"


def record(case: str, number: int, slow_service: str | None = None) -> dict[str, Any]:
    """A call from `web` to `users` and `orders`; the slow one takes 50 ms more in each of its steps."""
    steps = [step("0", None, "web", "GET /", 0, 400)]
    for offset, service in ((10, "users"), (200, "orders")):
        more = 50 if service == slow_service else number % 3
        steps.append(step(f"{service}1", "0", service, "serve", offset, 20 + 2 * more))
        steps.append(step(f"{service}2", f"{service}1", service, "query", offset + 5, 10 + more))
    return {"id": f"{case}{number}", "workflow": "w", "attributes": {"case": case}, "steps": steps}


def step(id: str, parent: str | None, node: str, operation: str, at_ms: int, duration_ms: float) -> dict[str, Any]:
    started = f"{DAY}00.{at_ms:03d}000+00:00"
    attributes = {"operation": operation}
    told = {"id": id, "parent_id": parent, "node": node, "started_at": started, "duration_ms": duration_ms}
    return {**told, "status": "unknown", "attributes": attributes}


def write(path: Path, records: list[dict[str, Any]], compressed: bool) -> Path:
    data = "\n".join(json.dumps(one) for one in records).encode()
    path.write_bytes(gzip.compress(data) if compressed else data)
    return path


RECORDS = [
    *(record("normal", n) for n in range(10)),
    *(record("first", n, "users") for n in range(10)),
    *(record("second", n, "orders") for n in range(10)),
]


@pytest.mark.parametrize("compressed", [True, False])
def test_each_case_gets_its_services_most_suspect_first(tmp_path, compressed):
    path = write(tmp_path / "traces", RECORDS, compressed)
    answers = answer_file(path)
    assert {case: services[0] for case, services in answers.items()} == {"first": "users", "second": "orders"}
    assert all(sorted(services) == ["orders", "users", "web"] for services in answers.values())
    call_command("analyse", "traces", path, "--answers", tmp_path / "answers.json")
    assert json.loads((tmp_path / "answers.json").read_text()) == answers


def test_names_decide_nothing(tmp_path):
    text = "\n".join(json.dumps(one) for one in RECORDS)
    for old, new in (("users", "zzz"), ("orders", "aaa"), ("first", "one"), ("second", "two")):
        text = text.replace(old, new)
    (tmp_path / "renamed").write_text(text)
    assert {case: names[0] for case, names in answer_file(tmp_path / "renamed").items()} == {"one": "zzz", "two": "aaa"}


@pytest.mark.parametrize("text", ['{"attributes": {"case": "x"}, "steps": []}', "[1]", "{", '{"steps": null}', ""])
def test_a_file_that_cannot_be_answered_says_why(tmp_path, text):
    (tmp_path / "bad").write_text(text)
    with pytest.raises(CommandError, match="bad: "):
        call_command("analyse", "traces", tmp_path / "bad", "--answers", tmp_path / "out")


def test_steps_without_times_parents_or_names_are_read(tmp_path):
    odd = {"id": "s", "parent_id": "nobody", "node": None, "started_at": None, "duration_ms": None, "attributes": None}
    records = [*RECORDS, {"attributes": {"case": "odd"}, "steps": [odd, {}]}]
    assert answer_file(write(tmp_path / "odd", records, False))["odd"] == [""]
