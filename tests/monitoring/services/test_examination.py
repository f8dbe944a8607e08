"""What examining a long execution found is kept, read again as it was, and made anew when more is told."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Team
from accounts.tenancy import team_context
from ingestion.records import ExecutionReport, Failure
from monitoring.identity import execution_id
from monitoring.models import Examination
from monitoring.reads.replay import load
from monitoring.services.diagnosis import diagnose
from monitoring.services.examination import FRESH, KEPT_FROM, Examined, examine
from monitoring.statuses import Status
from monitoring.store.retention import drop_expired
from tests.factories import NOW, send
from tests.monitoring.healthy import healthy, visit

pytestmark = pytest.mark.django_db
STEPS = KEPT_FROM + 5
START = NOW - timedelta(hours=1)


def long(name: str, count: int = STEPS, *, empty: int | None = None, **told: object) -> ExecutionReport:
    """An execution of so many steps behind each other; the step `empty` gives nothing, and the last one fails."""
    steps = [visit(f"n{n}", START, n, **({"output": {}} if n == empty else {})) for n in range(count)]
    if empty is not None:
        lost = Failure(type="KeyError", message="company")
        steps[-1] = visit(f"n{count - 1}", START, count - 1, status=Status.FAILED, error=lost, output=None)
        told = {"status": Status.FAILED, **told}
    ended = START + timedelta(seconds=count)
    return healthy(0, **{"id": name, "started_at": START, "finished_at": ended, "steps": steps, **told})


@pytest.fixture
def bad(team: Team) -> None:
    """Twelve long executions that succeeded, and one that left their path."""
    send(team, *(long(f"good-{number}") for number in range(12)), long("bad", empty=3))


def examined(team: Team, name: str = "bad", *, payloads: bool = True, **told: object) -> Examined:
    with team_context(team.id):
        replay = load(team.id, execution_id(team.id, name), payloads=payloads)
        return examine(team.id, replay, told.pop("now", NOW), **told)


def kept(team: Team) -> list[Examination]:
    with team_context(team.id):
        return list(Examination.objects.all())


def without_reference(found: Examined) -> Examined:
    return replace(found, compared=replace(found.compared, reference=None))


def test_what_is_kept_says_the_same_as_what_was_found(team, bad):
    first = examined(team)
    assert first.compared.reference is not None
    assert (first.first.node, first.divergence.symptom.node) == ("n3", f"n{STEPS - 1}")
    again = examined(team)
    assert again.compared.reference is None
    assert again == without_reference(first)
    assert again.divergence.first[0] is again.divergence.evidence[0]
    assert len(kept(team)) == 1


def test_it_takes_two_statements_then(team, bad):
    examined(team)
    with team_context(team.id):
        replay = load(team.id, execution_id(team.id, "bad"))
        with CaptureQueriesContext(connection) as queries:
            examine(team.id, replay, NOW)
    assert len(queries) == 2


def test_a_diagnosis_makes_it_so_that_the_first_visitor_need_not_wait(team, bad):
    with team_context(team.id):
        diagnose(team.id, execution_id(team.id, "bad"), NOW)
    assert examined(team).compared.reference is None


def test_more_that_is_told_makes_it_anew(team, bad):
    examined(team)
    (before,) = kept(team)
    send(team, long("bad", empty=2))
    assert examined(team).first.node == "n2"
    (after,) = kept(team)
    assert after.version != before.version


def test_what_changes_nothing_is_not_examined_again(team, bad):
    examined(team)
    send(team, long("bad", empty=3))
    assert examined(team).compared.reference is None


def test_of_few_healthy_executions_it_is_made_anew_after_an_hour(team, bad):
    examined(team)
    assert examined(team, now=NOW + FRESH - timedelta(seconds=1)).compared.reference is None
    assert examined(team, now=NOW + FRESH).compared.reference is not None


def test_who_may_not_see_payloads_gets_only_what_can_be_told_without_them(team, bad):
    assert examined(team).first.node == "n3"
    assert examined(team, payloads=False).first.node == f"n{STEPS - 1}"
    assert examined(team).first.node == "n3"


def test_a_short_execution_is_not_kept(team):
    send(team, long("good", KEPT_FROM - 1))
    examined(team, "good")
    assert kept(team) == []


def test_it_goes_with_its_execution(team, bad):
    examined(team)
    drop_expired(NOW + timedelta(days=200))
    assert kept(team) == []


def test_a_reference_that_could_read_few_of_many_is_not_made_again_at_each_look(team, bad, monkeypatch):
    monkeypatch.setattr("monitoring.reads.cohort.MAX_STEPS", 6 * STEPS)
    first = examined(team)
    assert "6 of them were read" in first.divergence.because
    assert first.compared.built_at == NOW
    with team_context(team.id):
        Examination.objects.all().delete()
    again = examined(team, now=NOW + timedelta(minutes=5))
    assert again.compared.reference is not None
    assert again.compared.built_at == NOW
