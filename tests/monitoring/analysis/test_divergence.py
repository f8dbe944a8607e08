"""What is called a divergence, where it shows and what caused it, on executions made by hand."""

import random
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from monitoring.analysis.divergence import Divergence, Verdict, find_divergence
from monitoring.analysis.evidence import Confidence, Kind
from monitoring.analysis.impact import Relative, measure_impact
from monitoring.analysis.learning import build_reference
from monitoring.analysis.reference import MAX_PLACES, Reference
from monitoring.analysis.steps import Run, Step, describe, is_nothing

NODES = ("receive", "lookup", "decide", "book", "answer")


def step(id_: int, name: str, **told: Any) -> Step:
    told.setdefault("status", "succeeded")
    start = told.pop("start", id_ * 100.0)
    took = told.pop("took", 100.0)
    end = None if start is None or took is None else start + took
    return Step(id=id_, name=name, start_ms=start, end_ms=end, position=told.pop("position", id_), **told)


def line(names: Sequence[str] = NODES, *, jitter: int = 0, **told: Any) -> list[Step]:
    told = {"shape": "{id,text}", "output_bytes": 400 + jitter, "is_empty": False, "tokens": 50 + jitter} | told
    return [step(n, name, took=100.0 - jitter % 7, **told) for n, name in enumerate(names)]


def run(steps: Sequence[Step], id_: str = "x", status: str = "failed") -> Run:
    return Run(id_, steps, status, duration_ms=100.0 * len(NODES))


COHORT = [run(line(jitter=n), f"h{n}", "succeeded") for n in range(60)]
REFERENCE = build_reference(COHORT, "60 succeeded executions of the same workflow")


def changed(at: int, **told: Any) -> list[Step]:
    steps = line()
    steps[at] = replace(steps[at], **told)
    return steps


def first_of(found: Divergence) -> tuple[Kind, str]:
    return found.first[0].kind, found.first[0].node


@pytest.mark.parametrize(
    ("steps", "kind", "node"),
    [
        (changed(3, status="failed", error_type="KeyError"), Kind.FAILED, "book"),
        (changed(1, is_empty=True, output_bytes=0), Kind.EMPTY, "lookup"),
        (changed(1, shape="{error}"), Kind.SHAPE, "lookup"),
        (changed(1, output_bytes=90_000), Kind.SIZE, "lookup"),
        (changed(2, tokens=9_000), Kind.TOKENS, "decide"),
        (changed(2, duration_ms=5_000.0), Kind.DURATION, "decide"),
        (changed(2, status="skipped"), Kind.MISSING, "decide"),
        ([s for s in line() if s.name != "decide"], Kind.MISSING, "decide"),
        (line(("receive", "lookup", "newcomer", "decide", "book", "answer")), Kind.UNEXPECTED, "newcomer"),
        (line(("receive", "answer", "decide", "book")), Kind.BRANCH, "answer"),
        (line(("receive", *["lookup"] * 4, "decide", "book", "answer")), Kind.LOOP, "lookup"),
    ],
)
def test_each_kind_of_evidence_is_found_where_it_is(steps: list[Step], kind: Kind, node: str) -> None:
    found = find_divergence(run(steps), REFERENCE)
    assert found.verdict is Verdict.DIVERGED
    assert first_of(found) == (kind, node)
    assert found.confidence is Confidence.HIGH
    assert node in found.first[0].words
    assert "60 succeeded executions" in found.because


def test_an_error_is_traced_to_the_empty_output_before_it() -> None:
    steps = line()
    steps[1] = replace(steps[1], is_empty=True, output_bytes=0)
    steps[3] = replace(steps[3], status="failed", error_type="KeyError")
    found = find_divergence(run(steps[:4]), REFERENCE)
    assert first_of(found) == (Kind.EMPTY, "lookup")
    assert found.symptom is not None
    assert found.symptom.node == "book"
    assert found.cause is not None
    assert (found.cause.kind, found.cause.node) == (Kind.EMPTY, "lookup")


def test_slowness_causes_only_an_error_of_time() -> None:
    steps = changed(1, duration_ms=5_000.0)
    for status, error, cause in (
        ("failed", "KeyError", "book"),
        ("timed_out", "", "lookup"),
        ("failed", "504 Gateway Timeout", "lookup"),
    ):
        steps[3] = replace(steps[3], status=status, error=error)
        found = find_divergence(run(steps), REFERENCE)
        assert first_of(found) == (Kind.DURATION, "lookup")
        assert found.cause is not None
        assert found.cause.node == cause


def test_a_retry_that_worked_is_no_cause() -> None:
    steps = line()
    again = replace(steps[1], id=90, attempt=2, start_ms=150.0, duration_ms=50.0)
    steps[1] = replace(steps[1], status="failed", end_ms=150.0, duration_ms=50.0)
    steps[4] = replace(steps[4], status="failed")
    found = find_divergence(run([*steps, again]), REFERENCE)
    assert first_of(found) == (Kind.FAILED, "answer")


def test_a_container_that_failed_because_of_its_inside_is_not_named() -> None:
    def job(n: int, status: str = "succeeded") -> list[Step]:
        return [
            step(1, "job", start=0.0, took=500.0, status=status),
            step(2, "fetch", start=10.0, took=50.0 + n % 5, parent_id=1),
            step(3, "build", start=100.0, took=300.0 + n % 5, parent_id=1, status=status),
        ]

    reference = build_reference([run(job(n), f"h{n}", "succeeded") for n in range(30)])
    found = find_divergence(run(job(0, "failed")), reference)
    assert first_of(found) == (Kind.FAILED, "build")
    assert [item.node for item in found.evidence] == ["build"]


def test_without_a_cohort_the_failure_is_named_and_that_nothing_was_compared() -> None:
    steps = changed(3, status="failed")
    steps[2] = replace(steps[2], is_empty=True)
    for reference in (None, build_reference([]), build_reference(COHORT[:2])):
        found = find_divergence(run(steps), reference)
        assert found.symptom is not None
        assert found.symptom.node == "book"
        assert first_of(found) == (Kind.EMPTY, "decide")
        assert found.because.startswith("nothing to compare with")
        assert found.confidence is Confidence.LOW


def test_it_says_when_it_cannot_tell() -> None:
    assert "no step was told" in find_divergence(run([]), REFERENCE).because
    assert "every step looks as" in find_divergence(run(line()), REFERENCE).because
    assert "no step failed" in find_divergence(run(line()), None).because
    few = find_divergence(run(changed(1, shape="{error}"), status="succeeded"), build_reference(COHORT[:6]))
    assert few.verdict is Verdict.CANNOT_TELL
    assert "too few" in few.because
    assert find_divergence(run(line(), status="succeeded"), REFERENCE).verdict is Verdict.AS_USUAL


def test_one_rare_duration_among_many_is_no_divergence() -> None:
    chance = random.Random(4)

    def long_run(id_: str) -> Run:
        took = [chance.lognormvariate(4, 0.6) for _ in range(60)]
        steps = [step(n, f"n{n}", start=sum(took[:n]), took=ms) for n, ms in enumerate(took)]
        return Run(id_, steps, "succeeded", duration_ms=sum(took))

    reference = build_reference([long_run(f"h{n}") for n in range(100)])
    called = sum(find_divergence(long_run("x"), reference).verdict is Verdict.DIVERGED for _ in range(200))
    assert called <= 4


@settings(max_examples=30, deadline=None)
@given(st.permutations(changed(1, is_empty=True)), st.permutations(range(60)))
def test_the_order_in_which_steps_and_executions_are_given_does_not_matter(given: list[Step], order: list[int]) -> None:
    reference = build_reference([COHORT[n] for n in order], REFERENCE.basis)
    assert reference.to_json() == REFERENCE.to_json()
    assert first_of(find_divergence(run(given), reference)) == (Kind.EMPTY, "lookup")


def test_adding_an_execution_twice_changes_nothing() -> None:
    assert build_reference([*COHORT, *COHORT[:7]], REFERENCE.basis).to_json() == REFERENCE.to_json()


def test_a_stored_reference_answers_as_the_built_one_does() -> None:
    stored = Reference.from_json(REFERENCE.to_json())
    steps = changed(1, shape="{error}")
    assert find_divergence(run(steps), stored).first == find_divergence(run(steps), REFERENCE).first


def test_a_reference_is_bounded_and_then_calls_no_step_unexpected() -> None:
    names = [f"n{n}" for n in range(MAX_PLACES + 500)]
    reference = build_reference([run(line(names), f"h{n}", "succeeded") for n in range(6)])
    assert len(reference.places) == MAX_PLACES
    assert (
        find_divergence(run(line(["newcomer", *names]), status="succeeded"), reference).verdict is not Verdict.DIVERGED
    )


@pytest.mark.parametrize("reference", [None, REFERENCE])
@pytest.mark.parametrize(
    "steps",
    [
        [step(0, "receive")],
        [step(0, "a", parent_id=1), step(1, "b", parent_id=0)],
        [step(0, "a", start=None), step(1, "b", start=5.0, took=None), step(2, "c", parent_id=77)],
        [step(n, "näch\u2060ste Prüfung 検査", start=0.0, took=0.0) for n in range(3)],
        [step(0, "receive", start=50.0), step(1, "lookup", start=10.0, took=-5.0, parent_id=0)],
    ],
)
def test_bad_input_gets_an_answer(steps: list[Step], reference: Reference | None) -> None:
    for status in ("failed", "succeeded"):
        assert find_divergence(run(steps, status=status), reference).because


def test_fifty_thousand_steps_get_an_answer() -> None:
    steps = [step(n, f"n{n % 50}", parent_id=n - 1 if n else None) for n in range(50_000)]
    assert find_divergence(run(steps), REFERENCE).verdict is Verdict.DIVERGED


def test_impact_counts_what_came_after() -> None:
    steps = line(cost_usd=Decimal("0.01"))
    steps[1] = replace(steps[1], is_empty=True)
    steps[2] = replace(steps[2], kind="tool", tool="send_mail")
    steps[3] = replace(steps[3], status="failed")
    failed = run(steps[:4])
    found = find_divergence(failed, REFERENCE)
    relatives = [Relative("p", "parent", "failed"), Relative("r", "retry", "succeeded")]
    impact = measure_impact(failed, found, relatives)
    assert impact is not None
    assert impact.affected == [1, 3]
    assert impact.not_reached == ["answer"]
    assert impact.after_ms == 400.0
    assert impact.after_usd == Decimal("0.03")
    assert impact.repeated == [2]
    assert [relative.id for relative in impact.relatives] == ["p"]
    assert measure_impact(failed, find_divergence(run([]), None)) is None


def test_the_shape_of_an_output_is_its_type_and_keys() -> None:
    assert describe({"b": 1, "a": [2]}) == "{a,b}"
    assert describe([{"id": 1}]) == "[{id}]"
    assert [describe(v) for v in (None, True, 1.5, "x", [], ())] == ["null", "boolean", "number", "text", "[]", "[]"]
    assert [is_nothing(v) for v in (None, " ", {}, [], 0, False, "x")] == [True] * 4 + [False] * 3


def test_evidence_points_at_the_steps_as_they_were_given() -> None:
    def nested(status: str) -> Run:
        # A container and its first step begin in the same instant, and the sender numbers neither.
        outer = Step(9, "outer", status, start_ms=0.0, end_ms=100.0)
        return Run("x", [outer, Step(1, "inner", status, parent_id=9, start_ms=0.0, end_ms=50.0)], status)

    found = find_divergence(nested("failed"), build_reference([nested("succeeded")] * 30, "30 healthy executions"))
    assert (found.first[0].node, found.first[0].step, found.step_id) == ("inner", 1, 1)
    assert measure_impact(nested("failed"), found).affected == [1]
