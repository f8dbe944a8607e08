"""Which executions a reference rests on, and how that is said."""

from monitoring.analysis.cohort import AT_MOST, LEVELS, choose_cohort


def test_the_narrowest_level_with_enough_is_taken() -> None:
    chosen = choose_cohort(dict.fromkeys(LEVELS, 40))
    assert chosen.words == "40 succeeded executions of the same workflow, release, trigger and input type"


def test_widening_is_said_with_the_reason() -> None:
    chosen = choose_cohort({LEVELS[0]: 2, LEVELS[1]: 12, LEVELS[2]: 900, LEVELS[3]: 900})
    assert chosen.runs == AT_MOST
    assert chosen.words == (
        "200 succeeded executions of the same workflow and release (widened: only 12 of the same workflow, release "
        "and trigger)"
    )


def test_few_are_named_as_few_and_none_as_none() -> None:
    assert "too few" in choose_cohort({LEVELS[3]: 3}).words
    assert choose_cohort({}).words == "no succeeded execution of this workflow yet"
