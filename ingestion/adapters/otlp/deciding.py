"""What single spans decide about the execution that their trace is: per field the best one counts.

The better span is the one of higher rank; an ended status beats one that is not, and any environment beats production,
which also stands for none told. It is the same order in which `monitoring.store.merge` puts what other requests told.
"""

from typing import Any

from ingestion.records import ExecutionReport
from monitoring.identity import PRODUCTION
from monitoring.statuses import Status

# Told in parts of its own, because it is kept in the payload too.
_APART = "error"
# Comes along with the release, and has no rank of its own.
_ALONG = "commit"
_Order = tuple[bool, int]


def _order(name: str, value: Any, rank: int) -> _Order:
    if name == "status":
        return value >= Status.SKIPPED, rank
    return name != "environment" or value != PRODUCTION, rank


class Decisions:
    """The best values so far, by field. Values of the same order are all kept: rows know which of them counts."""

    __slots__ = ("best",)

    def __init__(self) -> None:
        self.best: dict[str, tuple[_Order, list[Any]]] = {}

    def offer(self, rank: int, fields: dict[str, Any]) -> None:
        """What a span of this rank tells."""
        for name, value in fields.items():
            order = _order(name, value, rank)
            held = self.best.get(name)
            if held is None or order > held[0]:
                self.best[name] = order, [value]
            elif order == held[0] and value not in held[1]:
                held[1].append(value)

    def tell(self, main: ExecutionReport) -> list[ExecutionReport]:
        """Puts into a report what was decided, with its ranks; what does not fit there comes as reports of its own."""
        ranks: dict[str, int] = {}
        others = []
        for name, ((is_strong, rank), values) in self.best.items():
            if name == "environment" and not is_strong and main.environment is not None:
                # Production where an environment is told already says nothing: it stands for none told.
                continue
            first = 0
            if name != _APART:
                setattr(main, name, values[0])
                first = 1
                if name != _ALONG:
                    ranks[name] = rank
            others += [ExecutionReport(id=main.id, items=0, revision=rank, **{name: one}) for one in values[first:]]
        main.ranks = ranks or None
        return others
