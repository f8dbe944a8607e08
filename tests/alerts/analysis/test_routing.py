"""Routes in order, quiet hours, escalation: who is told now, and when to look again."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from alerts.analysis.quiet_times import QuietHours
from alerts.analysis.routing import Path, Step, paths_for, plan

NOW = datetime(2026, 8, 12, 23, 0, tzinfo=UTC)
FIRST, SECOND = UUID(int=1), UUID(int=2)
NIGHT = QuietHours.from_document({"zone": "UTC", "from": "22:00", "to": "07:00", "severities": ["warning"]})
MORNING = datetime(2026, 8, 13, 7, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def path(*steps: Step, **fields) -> Path:
    return Path(**{"id": uuid4(), "name": "r", "matchers": {}, "steps": steps, **fields})


def test_routes_are_taken_up_to_the_first_final_one() -> None:
    told = [{"severity": frozenset({"critical"}), "workflow": frozenset({"checkout"})}]
    audit = path(name="audit", is_final=False)
    other = path(name="other", matchers={"workflow": ["refund"]})
    mine, rest = path(name="mine", matchers={"workflow": ["checkout"]}), path(name="rest")
    assert [one.name for one in paths_for([audit, other, mine, rest], told)] == ["audit", "mine"]


def test_each_part_takes_its_own_routes() -> None:
    checkout, refund = ({"workflow": frozenset({name})} for name in ("checkout", "refund"))
    of_refund, rest = path(name="of refund", matchers={"workflow": ["refund"]}), path(name="rest")
    assert [one.name for one in paths_for([of_refund, rest], [checkout, refund])] == ["of refund", "rest"]
    assert [one.name for one in paths_for([of_refund, rest], [refund])] == ["of refund"]
    assert paths_for([of_refund, rest], []) == []


part_facts = st.lists(st.sampled_from(["a", "b", "c"]), max_size=4)


@given(part_facts, st.lists(st.tuples(part_facts, st.booleans()), max_size=5))
def test_together_they_take_what_each_takes_alone(names, routes) -> None:
    parts = [{"workflow": frozenset({name})} for name in names]
    paths = [path(matchers={"workflow": told}, is_final=is_final) for told, is_final in routes]
    alone = {one.id for part in parts for one in paths_for(paths, [part])}
    assert [one.id for one in paths_for(paths, parts)] == [one.id for one in paths if one.id in alone]


def test_a_later_step_waits_and_is_an_escalation() -> None:
    way = path(Step(FIRST), Step(SECOND, 15 * MINUTE))
    found = plan([way], "critical", NOW, frozenset(), True, NOW)
    assert [one.channel_id for one in found.tell] == [FIRST]
    assert found.next_at == NOW + 15 * MINUTE
    later = plan([way], "critical", NOW, frozenset({FIRST}), True, NOW + 15 * MINUTE)
    assert [(one.channel_id, one.is_escalation) for one in later.tell] == [(SECOND, True)]
    assert later.next_at is None


def test_nobody_more_is_told_once_it_is_acknowledged() -> None:
    found = plan([path(Step(FIRST), Step(SECOND, MINUTE))], "critical", NOW, frozenset(), False, NOW)
    assert (found.tell, found.next_at) == ([], None)


def test_quiet_hours_hold_back_their_severities_until_they_are_over() -> None:
    way = path(Step(FIRST), quiet=NIGHT)
    assert plan([way], "critical", NOW, frozenset(), True, NOW).tell
    held = plan([way], "warning", NOW, frozenset(), True, NOW)
    assert (held.tell, held.next_at) == ([], MORNING)
    (told,) = plan([way], "warning", NOW, frozenset(), True, MORNING).tell
    assert told.is_late


def test_an_escalation_waits_for_the_morning_too() -> None:
    way = path(Step(FIRST, 15 * MINUTE), quiet=NIGHT)
    assert plan([way], "warning", NOW, frozenset(), True, NOW).next_at == MORNING


@given(
    st.lists(st.tuples(st.integers(1, 4), st.integers(0, 60)), max_size=8),
    st.lists(st.integers(0, 90), max_size=6),
    st.booleans(),
)
def test_looking_more_often_tells_the_same_channels_once(steps, looks, is_quiet) -> None:
    way = path(*(Step(UUID(int=number), after * MINUTE) for number, after in steps), quiet=NIGHT if is_quiet else None)
    end = NOW + timedelta(hours=12)

    def told_by(times: list[datetime]) -> list[UUID]:
        known: list[UUID] = []
        for now in times:
            known += [one.channel_id for one in plan([way], "warning", NOW, frozenset(known), True, now).tell]
        return known

    often = told_by([*sorted(NOW + look * MINUTE for look in looks), end])
    assert len(often) == len(set(often))
    assert set(often) == set(told_by([end])) == {UUID(int=number) for number, _ in steps}
