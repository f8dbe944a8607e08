"""Found, gone, back, dismissed: what a look at the figures makes of a finding."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from monitoring.analysis.finding_life import (
    DISMISSED,
    GONE,
    GONE_AFTER,
    MAX_COURSE,
    MAX_EVENTS,
    OPEN,
    Life,
    Seen,
    dismiss,
    look,
    reopen,
)

NOW = datetime(2026, 8, 12, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
SEEN = Seen(10.0, NOW - DAY)


def found(worth: float = 10.0) -> Life:
    life = look(None, Seen(worth, NOW - DAY), NOW)
    assert life is not None
    return life


def what(life: Life | None) -> list[str]:
    assert life is not None
    return [event["what"] for event in life.events]


def test_it_is_gone_after_two_looks_without_it_and_back_when_seen_again() -> None:
    once = look(found(), None, NOW)
    assert once is not None
    assert (once.status, once.absent) == (OPEN, 1)
    gone = look(once, None, NOW + DAY)
    assert gone is not None
    assert (gone.status, gone.gone_at) == (GONE, NOW + DAY)
    assert look(gone, None, NOW + 2 * DAY) == gone
    back = look(gone, Seen(4.0, NOW + 3 * DAY), NOW + 3 * DAY)
    assert back is not None
    assert (back.status, back.gone_at, back.since, back.worth) == (OPEN, None, NOW + 3 * DAY, 4.0)
    assert what(back) == ["found", "gone", "came back"]


def test_one_look_without_it_is_forgotten_when_it_is_seen_again() -> None:
    life = look(look(found(), None, NOW), SEEN, NOW)
    assert life is not None
    assert (life.absent, what(life)) == (0, ["found"])


def test_too_little_data_says_nothing() -> None:
    life = found()
    assert look(life, None, NOW, has_enough=False) == life
    assert look(None, None, NOW) is None


def test_the_earliest_beginning_is_kept_while_the_window_moves_on() -> None:
    life = look(found(), Seen(10.0, NOW), NOW + DAY)
    assert life is not None
    assert life.since == NOW - DAY


def test_dismissed_stays_so_until_it_is_worth_more_than_twice_as_much() -> None:
    life = dismiss(found(), NOW, by="member@harbour.test", why="known")
    same = look(life, Seen(20.0, NOW), NOW + DAY)
    assert same is not None
    assert (same.status, same.worth) == (DISMISSED, 20.0)
    more = look(same, Seen(20.1, NOW), NOW + 2 * DAY)
    assert more is not None
    assert (more.status, more.dismissed_worth) == (OPEN, None)
    assert what(more) == ["found", "dismissed", "came back"]
    assert "more than twice the 10" in more.events[-1]["why"]


def test_a_dismissal_ends_with_what_it_was_about() -> None:
    life: Life | None = dismiss(found(), NOW, by="a", why="known")
    for _ in range(GONE_AFTER):
        life = look(life, None, NOW)
    assert life is not None
    assert life.status == GONE
    again = look(life, SEEN, NOW)
    assert again is not None
    assert again.status == OPEN


def test_a_dismissal_can_be_taken_back() -> None:
    life = reopen(dismiss(found(), NOW, by="a", why="known"), NOW, by="b")
    assert (life.status, what(life), life.events[-1]["by"]) == (OPEN, ["found", "dismissed", "reopened"], "b")


def test_the_course_has_one_point_a_day() -> None:
    life: Life | None = found(5.0)
    for hours in range(0, 24 * 70, 6):
        life = look(life, Seen(float(hours), NOW), NOW + timedelta(hours=hours))
    assert life is not None
    assert len(life.course) == MAX_COURSE
    assert len({day for day, _ in life.course}) == MAX_COURSE
    assert life.course[-1][1] == 24 * 70 - 6


looks = st.lists(st.one_of(st.none(), st.floats(0.1, 1e6).map(lambda worth: Seen(worth, NOW))), max_size=40)


@given(looks, st.booleans())
def test_whatever_is_seen_it_is_in_one_state_and_bounded(seen: list[Seen | None], is_dismissed: bool) -> None:
    life: Life | None = dismiss(found(), NOW, by="a", why="b") if is_dismissed else found()
    for number, one in enumerate(seen):
        life = look(life, one, NOW + number * timedelta(hours=1))
        assert life is not None
        assert life.status in (OPEN, GONE, DISMISSED)
        assert (life.gone_at is not None) == (life.status == GONE)
        assert (life.dismissed_worth is not None) == (life.status == DISMISSED)
        assert len(life.events) <= MAX_EVENTS
    if len(seen) >= GONE_AFTER and all(one is None for one in seen[-GONE_AFTER:]):
        assert life is not None
        assert life.status == GONE


@given(looks)
def test_looking_again_at_the_same_changes_nothing(seen: list[Seen | None]) -> None:
    life: Life | None = found()
    for number, one in enumerate(seen):
        life = look(life, one, NOW + number * DAY)
    once = look(life, SEEN, NOW + 50 * DAY)
    assert once is not None
    assert look(once, SEEN, NOW + 50 * DAY) == replace(once, absent=0)
