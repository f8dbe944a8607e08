"""How far failures reach: values that failed runs share, and steps that fail more than usual. Without histograms.

Nodes and input types of the newest failed runs are counted from their rows, and what these nodes call; what is usual
comes from rollups.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from accounts.statements import run_prepared
from monitoring.analysis.concentration import Candidate, Reading, finding_order, measure
from monitoring.analysis.ranges import Range, Side, is_outside
from monitoring.analysis.verdict import Part, RaisedStep
from monitoring.identity import LabelKind, label_id
from monitoring.models import Dimension
from monitoring.reads.cuts import Cut, select_spans
from monitoring.reads.labels import label_values
from monitoring.reads.steps import NodePlace

# Failed runs whose node and input type are looked at.
MAX_FAILURES = 2_000
# A step is raised by at least so many failed visits.
MIN_RAISED = 5
# What a node calls, by query parameter: its dimension in rollups, what it is called, its kind of label.
_CALLS = {
    "system": (Dimension.SYSTEM, "external system", LabelKind.SYSTEM),
    "model": (Dimension.MODEL, "model", LabelKind.MODEL),
    "tool": (Dimension.TOOL, "tool", LabelKind.TOOL),
}
STEP, INPUT = "step", "input type"


@dataclass(frozen=True, slots=True)
class Reached:
    """What failures share, and which steps fail more than usual, for `monitoring.analysis.verdict.find_reach`."""

    parts: Sequence[Part] = ()
    raised: Sequence[RaisedStep] = ()


@dataclass(frozen=True, slots=True)
class _Count:
    runs: int = 0
    rated: int = 0
    failures: int = 0


def reached(
    cut: Cut, *, failures: int, places: Mapping[int, NodePlace], usual: Mapping[int, Range] = MappingProxyType({})
) -> Reached:
    """What the failures of a window share. Two queries, a third where a name is in no rollup; none without a failure.

    `failures` are the failed runs, `places` what `monitoring.reads.steps.node_places` says of the nodes, `usual` their
    usual error rates.
    """
    if not failures:
        return Reached()
    counts, names = _rolled_up(cut)
    of_runs = _of_failed_runs(cut)
    candidates = [*_by_run(of_runs, counts), *_by_call(of_runs[Dimension.NODE], counts, places)]
    raised = _raised(counts, usual)
    names |= label_values(cut.team_id, [value for _, value, _ in candidates if value not in names])
    findings = measure(
        [
            Candidate(kind, names.get(value, str(value)), told.failures, told.of, told.base, told.base_total)
            for kind, value, told in candidates
            if told.failures
        ]
    )
    parts = [
        Part(one.kind, one.value, one.failures, one.share, one.lift, one.reading is Reading.CONCENTRATED)
        for one in sorted(findings, key=finding_order)
    ]
    steps = [RaisedStep(names.get(node, str(node)), _called(places.get(node))) for node in raised]
    return Reached(parts, steps)


def _called(place: NodePlace | None) -> frozenset[str]:
    """What a node was seen to call."""
    return frozenset(name for _, name in place.calls) if place else frozenset()


_COUNTS = """SELECT whole.*, label.value FROM (
    SELECT dimension, value_id, sum(runs)::bigint, sum(succeeded + failed + timed_out)::bigint,
        sum(failed + timed_out)::bigint
    FROM ({rows}) AS part GROUP BY 1, 2
) AS whole LEFT JOIN label ON label.team_id = %(team)s AND label.id = whole.value_id"""
_DIMENSIONS = (Dimension.NONE, Dimension.INPUT_TYPE, Dimension.NODE, *(call[0] for call in _CALLS.values()))


def _rolled_up(cut: Cut) -> tuple[dict[Dimension, dict[int, _Count]], dict[int, str]]:
    """The counts by dimension and label id, and the names."""
    dimensions = ", ".join(str(one.value) for one in _DIMENSIONS)
    whose = f"team_id = %(team)s AND workflow_id = %(workflow)s {cut.in_environment} AND dimension IN ({dimensions})"
    columns = "dimension, value_id, runs, succeeded, failed, timed_out"
    rows, values = select_spans(cut.segments, columns, whose)
    found: dict[Dimension, dict[int, _Count]] = defaultdict(dict)
    names: dict[int, str] = {}
    for dimension, value_id, *figures, name in run_prepared(_COUNTS.format(rows=rows), cut.values(**values)):
        found[Dimension(dimension)][value_id] = _Count(*figures)
        if name is not None:
            names[value_id] = name
    return found, names


_FAILED = f"""SELECT failed_node_id, input_type_id, count(*) FROM (
    SELECT failed_node_id, input_type_id FROM execution
    WHERE team_id = %(team)s AND workflow_id = %(workflow)s AND status IN (7, 8)
        AND counted_at >= %(start)s AND counted_at < %(end)s {{environment}}
    ORDER BY counted_at DESC, id DESC LIMIT {MAX_FAILURES}
) AS latest GROUP BY 1, 2"""


def _of_failed_runs(cut: Cut) -> dict[Dimension, Counter[int | None]]:
    nodes, inputs = Counter[int | None](), Counter[int | None]()
    for node, input_type, runs in run_prepared(_FAILED.format(environment=cut.in_environment), cut.values()):
        nodes[node] += runs
        inputs[input_type] += runs
    return {Dimension.NODE: nodes, Dimension.INPUT_TYPE: inputs}


@dataclass(frozen=True, slots=True)
class _Told:
    failures: int
    of: int
    base: int
    base_total: int


_Candidates = list[tuple[str, int, _Told]]


def _by_run(
    of_runs: Mapping[Dimension, Counter[int | None]], counts: Mapping[Dimension, Mapping[int, _Count]]
) -> _Candidates:
    visits = sum(one.runs for one in counts.get(Dimension.NODE, {}).values())
    runs = sum(one.runs for one in counts.get(Dimension.NONE, {}).values())
    found: _Candidates = []
    for kind, dimension, total in ((STEP, Dimension.NODE, visits), (INPUT, Dimension.INPUT_TYPE, runs)):
        told = of_runs[dimension]
        for value, failures in told.items():
            if value is not None:
                base = counts.get(dimension, {}).get(value, _Count()).runs
                found.append((kind, value, _Told(failures, told.total(), base, total)))
    return found


def _by_call(
    of_nodes: Counter[int | None],
    counts: Mapping[Dimension, Mapping[int, _Count]],
    places: Mapping[int, NodePlace],
) -> _Candidates:
    """Of the failed runs, those whose failing node calls something. A failed visit that was made good by a retry is
    no failed run, so failures by call cannot come from the visits of rollups.
    """
    visits = sum(one.runs for one in counts.get(Dimension.NODE, {}).values())
    found: Counter[tuple[str, str]] = Counter()
    for node, failures in of_nodes.items():
        place = places.get(node) if node is not None else None
        for call in place.calls if place else ():
            found[call] += failures
    candidates: _Candidates = []
    for (param, name), failures in found.items():
        dimension, kind, label = _CALLS[param]
        value = label_id(label, name)
        base = counts.get(dimension, {}).get(value, _Count()).runs
        candidates.append((kind, value, _Told(failures, of_nodes.total(), base, visits)))
    return candidates


def _raised(counts: Mapping[Dimension, Mapping[int, _Count]], usual: Mapping[int, Range]) -> list[int]:
    """The nodes whose visits fail more than usual."""
    return [
        node
        for node, one in counts.get(Dimension.NODE, {}).items()
        if one.failures >= MIN_RAISED
        and node in usual
        # Working out limits is most of the work: what is under the middle is above none.
        and one.failures / one.rated > usual[node].middle
        and is_outside(usual[node], one.failures / one.rated, one.rated).side is Side.ABOVE
    ]
