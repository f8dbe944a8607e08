"""How often to try again and how long to wait, by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.analysis.advice.answer import Answer
from monitoring.analysis.advice.retry import advise_retry, back_off, by_retry, outages
from monitoring.analysis.visits import Visit, tries_of

BUSY = "HTTPError: 503 Service Unavailable"
WRONG = "ValidationError: 1 validation error for Order"


def tries(run: int, *statuses: str, error: str = BUSY, node: str = "charge", at: float = 0.0, **fields) -> list[Visit]:
    """One visit and its retries, a second each, two seconds apart."""
    return [
        Visit(
            run,
            node,
            status,
            attempt=number,
            start_ms=at + 3_000.0 * number,
            duration_ms=1_000.0,
            error=error if status == "failed" else "",
            **fields,
        )
        for number, status in enumerate(statuses, 1)
    ]


def many(count: int, *statuses: str, first: int = 0, gap_ms: float = 3_600_000.0, **fields) -> list[Visit]:
    return [one for n in range(count) for one in tries(first + n, *statuses, at=(first + n) * gap_ms, **fields)]


def test_success_is_counted_among_those_that_got_so_far() -> None:
    visits = [
        *many(10, "failed", "succeeded"),
        *many(6, "failed", "failed", "succeeded", first=10),
        *many(4, "failed", "failed", "failed", first=16),
        *many(100, "succeeded", first=20),
    ]
    found = [(one.number, one.tries, one.succeeded) for one in by_retry(tries_of(visits))]
    assert found == [(1, 20, 10), (2, 10, 6)]


def test_a_loop_that_visits_a_node_again_is_no_retry() -> None:
    visits = [Visit(1, "work", "succeeded", attempt=1, start_ms=float(n)) for n in range(5)]
    assert [story.retries for story in tries_of(visits)] == [0] * 5


def test_retries_that_help_are_advised_as_far_as_they_do() -> None:
    visits = [
        *many(14, "failed", "succeeded"),
        *many(6, "failed", "failed", "failed", first=14),
        *many(100, "succeeded", first=20),
    ]
    found = advise_retry(visits, "charge")
    assert found.answer is Answer.CHANGE
    # The second retry helped none of six.
    assert found.settings["retries"] == 1
    assert "Allow 1 retry of charge" in found.sentence
    assert "14 of 20 first retries succeeded" in found.sentence
    assert found.tables[0].rows[0][:4] == (1, 20, 14, 0.7)


def test_errors_that_come_again_are_not_retried() -> None:
    found = advise_retry([*many(20, "failed", error=WRONG), *many(50, "succeeded", first=20)], "parse")
    assert (found.answer, found.settings) == (Answer.KEEP, {"retries": 0})
    assert "20 of 20 failures are errors that come again" in found.sentence


def test_retries_that_never_help_are_to_be_taken_away() -> None:
    found = advise_retry(many(20, "failed", "failed"), "charge")
    assert (found.answer, found.settings) == (Answer.CHANGE, {"retries": 0})
    assert "0 of 20 first retries succeeded" in found.sentence


def test_an_input_that_always_fails_is_not_retried_whatever_the_error() -> None:
    found = advise_retry(many(20, "failed"), "charge", (7, 0))
    assert "the same input failed 7 of 7 times" in found.sentence
    assert advise_retry(many(20, "failed"), "charge", (7, 1)).answer is Answer.CHANGE


def test_untried_errors_that_pass_are_an_estimate() -> None:
    found = advise_retry([*many(20, "failed"), *many(50, "succeeded", first=20)], "charge")
    assert found.settings["retries"] == 2
    assert "An estimate" in found.limits


def test_unknown_errors_and_few_failures_cannot_tell() -> None:
    assert advise_retry(many(20, "failed", error="something odd"), "work").answer is Answer.CANNOT_TELL
    assert advise_retry(many(9, "failed"), "work").answer is Answer.CANNOT_TELL


def test_a_step_that_writes_is_warned_of() -> None:
    writing = {"kind": "http", "system": "pay.example", "node": "Create order"}
    found = advise_retry(many(20, "failed", **writing), "Create order")
    assert found.cautions == [
        "Create order writes in pay.example: a retry may do it twice. "
        "Send an idempotency key first, or check before writing."
    ]
    assert advise_retry(many(20, "failed", kind="http", node="Get order"), "Get order").cautions == []


def test_an_outage_lasts_from_its_first_failure_to_the_next_success() -> None:
    states = ["succeeded", "failed", "failed", "failed", "succeeded", "failed", "succeeded", "failed", "failed"]
    visits = [Visit(n, "a", state, start_ms=60_000.0 * n) for n, state in enumerate(states)]
    # Minutes 1 to 4; a single failure is none, and the last one has not ended.
    assert outages(visits) == [180_000.0]


@pytest.mark.parametrize(
    ("retries", "outage", "expected"),
    [
        (1, 8_000, (10_000, 10_000)),
        (3, 60_000, (10_000, 70_000)),
        (3, None, (2_000, 14_000)),
        (3, 1e9, (60_000, 420_000)),
    ],
)
def test_waits_together_outlast_an_outage(retries: int, outage: float | None, expected: tuple[int, int]) -> None:
    assert back_off(retries, outage) == expected


@given(st.lists(st.sampled_from(["fs", "ff", "s", "f", "ffs"]), max_size=60), st.randoms())
def test_the_order_of_visits_does_not_matter(kinds: list[str], chance) -> None:
    words = {"f": "failed", "s": "succeeded"}
    visits = [one for n, kind in enumerate(kinds) for one in tries(n, *(words[c] for c in kind), at=n * 1e6)]
    first = advise_retry(visits, "charge")
    chance.shuffle(visits)
    assert advise_retry(visits, "charge") == first
