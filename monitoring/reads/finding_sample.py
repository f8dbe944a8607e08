"""The sample that findings and advice are computed from: runs with the shape of their input, and visits of their nodes.

All runs of the window where they are few, else a random part, the same one each time; `rate`: one run in so many was
read. Two queries, then names in one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from uuid import UUID

from monitoring.analysis.advice.node_design import Shaped
from monitoring.analysis.arrays import Reals, np
from monitoring.analysis.visits import Visit
from monitoring.reads.labels import label_values
from monitoring.reads.leaves import Column, Sides, facet_columns, label_column, values_of
from monitoring.reads.matching import Part
from monitoring.reads.samples import NOT_TOLD, Runs, rate_for, read_runs, read_steps
from monitoring.statuses import FAILING, Status

# At most so many runs, and so many visits of their nodes, are read.
MAX_RUNS = 6_000
MAX_VISITS = 40_000
_TOKENS = "visit.input_tokens, visit.cache_read_tokens, visit.cache_write_tokens, visit.output_tokens"
_MORE = {
    "kind": "visit.kind_id",
    "error": "visit.error_id",
    "started": "extract(epoch FROM visit.started_at) * 1000",
    # One more than it is, so that 0 can say that none were told.
    "tokens": f"""CASE WHEN num_nonnulls({_TOKENS}) > 0 THEN 1 + coalesce(visit.input_tokens, 0)
        + coalesce(visit.cache_read_tokens, 0) + coalesce(visit.cache_write_tokens, 0)
        + coalesce(visit.output_tokens, 0) END""",
}
_LABELS = ("step", "kind", "model", "tool", "system", "error")
_WORDS = {int(status): status.word for status in Status}
_FAILING = [int(status) for status in FAILING]


@dataclass(frozen=True, slots=True)
class Sample:
    """Runs, the columns that tell the shape of their input, and visits; `node_ids` are the labels of nodes by name."""

    runs: Runs
    rate: int
    shapes: Sequence[Column]
    visits: Sequence[Visit]
    visit_rate: int
    node_ids: dict[str, int]

    def shaped(self, node: str) -> list[Shaped]:
        """Runs that succeeded, and those that failed at the node, with the values of their input."""
        status, failed_at = self.runs.columns["status"], self.runs.columns["step"]
        here = np.isin(status, _FAILING) & (failed_at == self.node_ids.get(node, NOT_TOLD))
        told = np.nonzero(here | (status == Status.SUCCEEDED))[0].tolist()
        names = [(column.name, column.values, column.codes.tolist()) for column in self.shapes]
        return [
            Shaped(
                frozenset((name, values[codes[row]]) for name, values, codes in names if codes[row] >= 0),
                bool(here[row]),
            )
            for row in told
        ]

    def whole_runs(self) -> list[Visit]:
        """The runs themselves, as visits of a node without a name."""
        status = self.runs.columns["status"].tolist()
        figures = zip(status, _told(self.runs.duration_ms), _told(self.runs.cost_usd), strict=True)
        return [
            Visit(number, "", _WORDS.get(status, "unknown"), duration_ms=ms, cost_usd=usd)
            for number, (status, ms, usd) in enumerate(figures)
        ]

    def runs_by_part(self, edges: Sequence[float], slower_than: float = -1.0) -> list[int]:
        """How many runs there are between each two edges (minutes since 1970), each counted for those it stands for.

        With `slower_than` (ms) those that took longer.
        """
        minutes = self.runs.columns["minute"]
        told = minutes if slower_than < 0 else minutes[self.runs.duration_ms > slower_than]
        counts: list[int] = np.histogram(told, edges)[0].tolist()
        return [count * self.rate for count in counts]


def read_sample(team_id: UUID, where: Part, *, runs: int, visits: int) -> Sample:
    """The sample of the runs that a condition leaves; `runs` and `visits` say about how many there are."""
    rate = rate_for(runs, MAX_RUNS)
    visit_rate = max(rate, rate_for(visits, MAX_VISITS))
    found = read_runs(where, zone="UTC", rate=rate)
    steps = read_steps(team_id, where, found.places, rate=visit_rate, is_failing=False, more=_MORE)
    ids = chain.from_iterable(np.unique(steps.columns[name]).tolist() for name in _LABELS)
    wanted = {*ids, *np.unique(found.columns["input"]).tolist(), *np.unique(found.columns["step"]).tolist()}
    texts = label_values(team_id, wanted - {NOT_TOLD})
    node_ids = {
        texts[number]: number
        for number in {*np.unique(steps.columns["step"]).tolist(), *np.unique(found.columns["step"]).tolist()}
        if number in texts
    }
    return Sample(found, rate, _shapes(team_id, found, texts), _visits(steps, found, texts), visit_rate, node_ids)


def _shapes(team_id: UUID, runs: Runs, texts: dict[int, str]) -> list[Column]:
    """Input types, input fields and tags of the runs, by row."""
    nothing = runs.where(np.zeros(len(runs), dtype=np.bool_))
    told = values_of(nothing.columns["input"], runs.columns["input"])
    kinds = label_column(
        "input", nothing.columns["input"], runs.columns["input"], {id: texts[id] for id in told if id in texts}
    )
    failed = runs.where(np.isin(runs.columns["status"], _FAILING))
    facets = facet_columns(team_id, Sides(failed, runs, is_apart=False))
    return [kinds, *(Column(one.name, one.values, one.codes[len(failed) :]) for one in facets)]


def _visits(steps: Runs, runs: Runs, texts: dict[int, str]) -> list[Visit]:
    inputs = dict(zip(runs.key.tolist(), runs.columns["input"].tolist(), strict=True))
    columns = {name: column.tolist() for name, column in steps.columns.items()}
    figures = zip(_told(steps.duration_ms), _told(steps.cost_usd), strict=True)
    text = texts.get
    return [
        Visit(
            run=run,
            node=text(columns["step"][row], ""),
            status=_WORDS.get(columns["status"][row], "unknown"),
            parent=columns["parent"][row],
            attempt=columns["attempt"][row],
            start_ms=columns["started"][row] or None,
            duration_ms=ms,
            cost_usd=usd,
            tokens=columns["tokens"][row] - 1 if columns["tokens"][row] else None,
            kind=text(columns["kind"][row], ""),
            model=text(columns["model"][row], ""),
            tool=text(columns["tool"][row], ""),
            system=text(columns["system"][row], ""),
            error=text(columns["error"][row], ""),
            input_type=text(inputs.get(run, NOT_TOLD), ""),
        )
        for row, (run, (ms, usd)) in enumerate(zip(steps.key.tolist(), figures, strict=True))
    ]


def _told(values: Reals) -> list[float | None]:
    """Numbers as Python has them, None where not told."""
    return [None if np.isnan(value) else value for value in values.tolist()]
