"""Retries as one story: what changed, whether trying again helped, what it cost."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.analysis.retries import Attempt, Change, Outcome, Story, split_tries, sum_up, tell_story


def attempt(number: int, status: str = "failed", **fields: object) -> Attempt:
    return Attempt(**{"number": number, "status": status, **fields})


def told(*attempts: Attempt) -> Story:
    story = tell_story(attempts)
    assert story is not None
    return story


def test_a_retry_that_succeeded_with_its_pause_time_and_cost():
    story = told(
        attempt(1, start_ms=0, duration_ms=1_000, error="429", cost_usd=Decimal("0.02"), steps={"call": "failed"}),
        attempt(2, start_ms=3_000, duration_ms=500, error="429", cost_usd=Decimal("0.01"), steps={"call": "failed"}),
        attempt(3, "succeeded", start_ms=8_500, duration_ms=900, cost_usd=Decimal("0.02"), steps={"call": "succeeded"}),
    )
    assert (story.outcome, story.succeeded_at) == (Outcome.HELPED, 3)
    assert (story.spent_ms, story.paused_ms, story.spent_usd) == (1_500, 2_000 + 5_000, Decimal("0.03"))
    assert [turn.same_error for turn in story.turns] == [True, None]
    assert story.same_error is True
    assert story.turns[0].changes == {}
    assert story.turns[1].changes == {Change.STATUS: ("failed", "succeeded"), Change.ERROR: ("429", None)}
    assert (story.turns[1].healed, story.turns[1].broken) == (["call"], [])


def test_a_success_after_a_new_release_or_input_is_not_the_retrys_merit():
    before = attempt(1, error="KeyError", release="41", input_digest="a")
    assert told(before, attempt(2, "succeeded", release="42", input_digest="a")).outcome is Outcome.FIXED
    assert told(before, attempt(2, "succeeded", release="41", input_digest="b")).outcome is Outcome.FIXED
    same = told(before, attempt(2, "succeeded", release="41", input_digest="a"))
    assert same.outcome is Outcome.HELPED
    # A side that does not tell its release is no change.
    assert told(before, attempt(2, "succeeded")).outcome is Outcome.HELPED


def test_a_retry_that_failed_elsewhere_says_so():
    story = told(
        attempt(1, error="timeout", steps={"fetch": "timed_out"}),
        attempt(2, error="KeyError", steps={"fetch": "succeeded", "parse": "failed"}),
    )
    (turn,) = story.turns
    assert (story.outcome, turn.same_error, story.same_error) == (Outcome.IN_VAIN, False, False)
    assert turn.changes == {Change.ERROR: ("timeout", "KeyError")}
    assert (turn.healed, turn.broken) == (["fetch"], [])


@pytest.mark.parametrize(
    ("statuses", "outcome", "succeeded_at"),
    [
        (["failed"], Outcome.NOT_RETRIED, None),
        (["succeeded"], Outcome.NOT_RETRIED, 1),
        (["failed", "running"], Outcome.OPEN, None),
        (["failed", "cancelled"], Outcome.STOPPED, None),
        (["failed", "timed_out"], Outcome.IN_VAIN, None),
        (["succeeded", "failed"], Outcome.NEEDLESS, 1),
        (["failed", "succeeded", "succeeded"], Outcome.HELPED, 2),
    ],
)
def test_how_a_story_ends(statuses, outcome, succeeded_at):
    story = told(*(attempt(number, status) for number, status in enumerate(statuses, 1)))
    assert (story.outcome, story.succeeded_at) == (outcome, succeeded_at)


def test_what_is_not_told_is_counted_and_not_zero():
    story = told(attempt(1, duration_ms=10), attempt(2, cost_usd=Decimal(1)), attempt(3, "succeeded"))
    assert (story.spent_ms, story.untold_times) == (10, 1)
    assert (story.spent_usd, story.untold_costs) == (Decimal(1), 1)
    assert [turn.pause_ms for turn in story.turns] == [None, None]
    assert tell_story([]) is None


def test_attempts_that_overlap_have_no_pause():
    story = told(attempt(1, start_ms=0, duration_ms=100), attempt(2, start_ms=60, duration_ms=10))
    assert story.turns[0].pause_ms == 0


def test_over_many_stories_success_is_counted_by_attempt():
    benefit = sum_up(
        [
            told(attempt(1, "succeeded")),
            told(attempt(1, duration_ms=5, cost_usd=Decimal("0.5")), attempt(2, "succeeded")),
            told(attempt(1, duration_ms=5), attempt(2, duration_ms=7), attempt(3, "succeeded")),
            told(attempt(1, duration_ms=5), attempt(2, duration_ms=9)),
            told(attempt(1), attempt(2, "running")),
        ]
    )
    assert (benefit.stories, benefit.retried, benefit.saved, benefit.in_vain) == (5, 4, 2, 1)
    assert benefit.at_attempt == {1: 1, 2: 1, 3: 1}
    assert benefit.tries == {1: 5, 2: 3, 3: 1}
    assert (benefit.spent_ms, benefit.spent_usd) == (5 + 5 + 7 + 5, Decimal("0.5"))


attempts = st.lists(
    st.builds(
        Attempt,
        number=st.integers(1, 6),
        status=st.sampled_from(["succeeded", "failed", "timed_out", "running", "cancelled", "unknown"]),
        start_ms=st.one_of(st.none(), st.integers(0, 100).map(float)),
        duration_ms=st.one_of(st.none(), st.integers(0, 100).map(float)),
        error=st.sampled_from([None, "a", "b"]),
        cost_usd=st.one_of(st.none(), st.decimals(0, 9, places=2)),
    ),
    min_size=1,
    max_size=6,
    unique_by=lambda one: one.number,
)


@given(attempts, st.randoms(use_true_random=False))
def test_the_order_of_attempts_does_not_matter_and_nothing_is_lost(drawn, chance):
    mixed = list(drawn)
    chance.shuffle(mixed)
    story = told(*drawn)
    assert told(*mixed) == story
    assert len(story.turns) == len(drawn) - 1
    all_of_it = sum(one.duration_ms or 0 for one in drawn)
    assert 0 <= story.spent_ms <= all_of_it
    assert story.paused_ms >= 0


def test_another_model_output_time_and_tokens_are_changes():
    story = told(
        attempt(1, model="a", duration_ms=100, tokens=500, output_shape="{text}", input_digest="x"),
        attempt(2, "succeeded", model="b", duration_ms=320, tokens=200, output_shape="{rows}", input_digest="x"),
    )
    (turn,) = story.turns
    assert turn.changes[Change.MODEL] == ("a", "b")
    assert turn.changes[Change.OUTPUT] == ("{text}", "{rows}")
    assert (turn.times_longer, turn.times_tokens) == (pytest.approx(3.2), pytest.approx(0.4))
    assert story.outcome is Outcome.FIXED
    near = told(attempt(1, duration_ms=100, tokens=0), attempt(2, duration_ms=199, tokens=9))
    assert (near.turns[0].times_longer, near.turns[0].times_tokens) == (None, None)


@pytest.mark.parametrize(
    ("tries", "stories"),
    [
        ([], []),
        ([(1, "failed"), (2, "failed"), (3, "succeeded")], [[0, 1, 2]]),
        # Turns of a loop: each first attempt begins a thing of its own, given up or not.
        ([(1, "failed"), (2, "succeeded"), (1, "succeeded"), (1, "failed"), (2, "failed")], [[0, 1], [2], [3, 4]]),
        ([(1, "failed"), (1, "failed"), (2, "succeeded")], [[0], [1, 2]]),
        ([(1, "succeeded"), (2, "succeeded")], [[0, 1]]),
        # An attempt that nobody reported, and one without those before.
        ([(1, "failed"), (3, "failed")], [[0, 1]]),
        ([(2, "failed"), (3, "failed")], [[0, 1]]),
    ],
)
def test_visits_of_a_node_are_sorted_into_stories(tries, stories):
    assert split_tries([attempt(number, status) for number, status in tries]) == stories


def test_side_by_side_the_same_input_goes_on_with_its_own():
    side_by_side = [attempt(n, input_digest=digest) for n, digest in ((1, "a"), (1, "b"), (2, "a"), (2, "b"))]
    assert split_tries(side_by_side) == [[0, 2], [1, 3]]


@given(st.lists(st.tuples(st.integers(1, 4), st.sampled_from(["failed", "succeeded"])), max_size=30))
def test_each_visit_is_in_one_story_and_numbers_rise(tries):
    stories = split_tries([attempt(number, status) for number, status in tries])
    assert sorted(place for story in stories for place in story) == list(range(len(tries)))
    for story in stories:
        numbers = [tries[place][0] for place in story]
        assert numbers == sorted(set(numbers))
        assert 1 not in numbers[1:]
