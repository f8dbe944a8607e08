"""Who depends on an external system, a model or a tool: workflow by workflow, node by node."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from monitoring.reads.calls import CallingWorkflow
from monitoring.reads.figures import Totals
from monitoring.reads.system_records import NodeCalls, SystemRecords


@dataclass(frozen=True, slots=True)
class Dependent:
    """A node of a workflow that calls it: `share` is of all calls, `rate` of finished ones, shares of 1.

    `node` is None where it was not told, or its records are gone. Where a workflow calls it from several nodes, they
    are counted in its latest `looked_at` executions (None: in all of the range); `share` is estimated from them.
    """

    workflow_id: UUID
    workflow: str | None
    slug: str | None
    node: str | None
    calls: int
    failures: int
    rate: float | None
    p95_ms: float | None
    share: float
    looked_at: int | None


def dependents(
    by_workflow: Mapping[UUID, Totals], workflows: Mapping[UUID, CallingWorkflow], records: SystemRecords
) -> list[Dependent]:
    """Most failures first, then most calls, then by name."""
    total = sum(figures.runs for figures in by_workflow.values())
    nodes: dict[UUID, list[NodeCalls]] = {}
    for one in records.nodes:
        nodes.setdefault(one.workflow_id, []).append(one)
    rows: list[Dependent] = []
    for workflow_id, figures in by_workflow.items():
        found, told = nodes.get(workflow_id, []), workflows.get(workflow_id)
        names = (workflow_id, told.name if told else None, told.slug if told else None)
        if len(found) > 1:
            looked_at = records.looked_at[workflow_id] if workflow_id in records.cut else None
            rows += _by_node(names, found, figures.runs / total, looked_at)
        else:
            # All its calls are of this node: the figures of the whole range are the node's.
            node = found[0].node if found else None
            failure = figures.failure.rate if figures.failure else None
            counts = (figures.runs, figures.failures)
            p95_ms, share = figures.duration_ms.p95, figures.runs / total
            rows.append(Dependent(*names, node, *counts, failure, p95_ms, share, None))
    return sorted(rows, key=lambda row: (-row.failures, -row.calls, row.workflow or "", row.node or ""))


def _by_node(
    names: tuple[UUID, str | None, str | None], nodes: list[NodeCalls], share: float, looked_at: int | None
) -> list[Dependent]:
    calls = sum(one.calls for one in nodes)
    rows = []
    for one in nodes:
        rate = one.failures / one.finished if one.finished else None
        part = share * one.calls / calls
        rows.append(Dependent(*names, one.node, one.calls, one.failures, rate, one.p95_ms, part, looked_at))
    return rows
