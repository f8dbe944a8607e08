"""What the analysis says goes through translation where it is made for a page, and stays English where it is kept."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from accounts.models import Team
from accounts.tenancy import team_context
from monitoring.analysis.change_point import Beginning, Kind, Level
from monitoring.analysis.coincidence import Event, EventKind, Onset, coincidences
from monitoring.analysis.conversation import Message, find_turn
from monitoring.analysis.criteria import expression_fault
from monitoring.analysis.novelty import Reading, View
from monitoring.analysis.objectives import Recent, burn
from monitoring.analysis.ranges import Metric, Pool, Range, is_outside
from monitoring.analysis.rhythm import Freshness, Rhythm, Streak
from monitoring.analysis.schedule import UnreadableSchedule, read_schedule
from monitoring.analysis.verdict import Objective
from monitoring.identity import execution_id
from monitoring.models import Diagnosis, Examination, FindingKind
from monitoring.reads.figures import Durations, Totals
from monitoring.reads.replay import load
from monitoring.reads.verdict import verdict
from monitoring.services.diagnosis import diagnose
from monitoring.services.examination import examine
from monitoring.services.suggestions import suggestion_of
from tests.factories import NOW
from tests.languages.pseudo import START, spoken
from tests.languages.words import untranslated
from tests.monitoring.healthy import fill
from tests.monitoring.services.test_examination import long, send

NAMES = re.compile("sum|JMESPath")
AT = datetime(2026, 11, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
LEVEL = Level(0.1, 0.05, 0.2, 50)
USUAL = Range(Metric.ERROR_RATE, 0.0, 0.01, 0.05, 0.1, 8, 400, 50, Pool.ALL_HOURS)
POINT = Reading(AT, 97.4, 31.0, 22.0, 48.0, 1e-6, View.SPREAD, is_learning=False)


def near(kind: EventKind, *names: str) -> str:
    """What coincides with a beginning, in words."""
    onset = Onset(AT, AT - HOUR, AT + HOUR, AT - 50 * HOUR, AT + 50 * HOUR)
    return coincidences(onset, [Event(kind, name, AT) for name in names])[0].words


def refused(cron: str) -> str:
    """Why a schedule cannot be read."""
    with pytest.raises(UnreadableSchedule) as caught:
        read_schedule(cron, "nowhere")
    return "; ".join(caught.value.reasons.values())


def judged(totals: Totals) -> list[str]:
    """Everything that a verdict says."""
    found = verdict(totals, success_rate=Objective(0.99), p95_ms=Objective(1_000.0, is_proposed=True))
    return [found.word, found.sentence, found.environment_words, *found.facts]


MADE: dict[str, Callable[[], str | list[str]]] = {
    "beginning": lambda: Beginning(Kind.GRADUAL, before=LEVEL, after=LEVEL, p_value=0.01).words,
    "no beginning": lambda: Beginning(Kind.NOT_ENOUGH).words,
    "releases": lambda: near(EventKind.RELEASE, "4", "5", "6"),
    "incident": lambda: near(EventKind.INCIDENT, "7"),
    "usual range": lambda: [USUAL.words, is_outside(USUAL, 0.9, 50).words, is_outside(USUAL, 0.9, 0).words],
    "rhythm": lambda: Rhythm(HOUR, True, 20, 18, HOUR, AT, AT, AT).words,
    "streak": lambda: Streak(AT, AT, 3, AT).words,
    "freshness": lambda: Freshness(AT, HOUR, HOUR, True, False).words,
    "burn": lambda: [burn(0.99, [Recent(72, 100, 20)]).words, burn(1.0, []).words, burn(0.9, []).words],
    "unusual point": lambda: [POINT.words(since=AT), View.POINT.words],
    "schedule": lambda: [refused("1"), refused("61 * * * *"), refused("0 0 31 2 *"), refused("* " * 90)],
    "expression": lambda: [expression_fault(text) for text in ("", "speed", "!a.b", "f(", "sum(1)", "a" * 501)],
    "turn": lambda: find_turn([Message("1", "2", failing=True)]).why,  # type: ignore[union-attr]
    "verdict": lambda: judged(
        Totals(runs=100, succeeded=90, failed=10, duration_ms=Durations(p95=900.0), histogram={400: 100})
    ),
    "few runs": lambda: [*judged(Totals(runs=3, succeeded=1, running=2)), *judged(Totals())],
    "label": lambda: str(FindingKind.TAIL.label),
}


@pytest.mark.parametrize("made", MADE.values(), ids=MADE)
def test_sentences_for_pages_are_translated(made: Callable[[], str | list[str]]) -> None:
    with spoken():
        told = made()
    texts = [told] if isinstance(told, str) else told
    assert [text for text in texts if text and START not in text] == []
    assert [word for text in texts for word in untranslated(text, NAMES)] == []


@pytest.mark.django_db
def test_a_diagnosis_is_kept_in_english_and_shown_in_the_readers_language(team: Team) -> None:
    fill(team)
    number = execution_id(team.id, "bad")
    with spoken(), team_context(team.id):
        diagnose(team.id, number, NOW)
        row = Diagnosis.objects.get(id=number)
        replay = load(team.id, number)
        assert replay is not None
        shown = suggestion_of(team.id, replay, examine(team.id, replay, NOW), NOW)
    assert START not in f"{row.suggestion} {row.evidence} {row.facts} {row.basis} {row.kind} {row.cause}"
    assert shown is not None
    assert shown.suggestion["words"].startswith(START)
    assert all(one["reason"].startswith(START) for one in shown.suggestion["evidence"])
    assert shown.suggestion["cause"] == row.cause


@pytest.mark.django_db
def test_the_examination_of_a_long_execution_is_kept_in_english(team: Team) -> None:
    send(team, *(long(f"good-{number}") for number in range(12)), long("bad", empty=3))
    with spoken(), team_context(team.id):
        replay = load(team.id, execution_id(team.id, "bad"))
        assert replay is not None
        found = examine(team.id, replay, NOW)
        assert Examination.objects.count() == 1
    assert START not in f"{found.divergence.because} {found.divergence.evidence}"
