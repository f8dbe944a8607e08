"""Comparing at a glance finds what comparing step by step finds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from monitoring.analysis import comparison
from monitoring.analysis.divergence import find_divergence
from monitoring.analysis.evidence import Evidence
from monitoring.analysis.steps import Step
from tests.monitoring.analysis.test_divergence import REFERENCE, line, run

changes = st.fixed_dictionaries(
    {},
    optional={
        "status": st.sampled_from(["succeeded", "failed", "skipped", "cancelled", "unknown"]),
        "name": st.sampled_from(["receive", "lookup", "other"]),
        "shape": st.sampled_from([None, "{id,text}", "{error}"]),
        "is_empty": st.sampled_from([None, False, True]),
        "output_bytes": st.sampled_from([None, 0, 399, 400, 430, 459, 460, 90_000]),
        "tokens": st.sampled_from([None, 0, 49, 50, 109, 110, 9_000]),
        "duration_ms": st.sampled_from([None, 0.0, 93.0, 94.0, 100.0, 101.0, 5_000.0]),
    },
)


def evidence_of(steps: list[Step]) -> list[Evidence]:
    return list(find_divergence(run(steps), REFERENCE).evidence)


@given(st.lists(changes, min_size=5, max_size=5))
def test_steps_that_look_plain_show_nothing(drawn: list[dict[str, object]]) -> None:
    steps = [replace(step, **change) for step, change in zip(line(), drawn, strict=True)]
    found = evidence_of(steps)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(comparison._Plain, "holds", lambda self, step, at: False)
        assert evidence_of(steps) == found
