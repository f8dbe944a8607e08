"""How long an execution waited: time in which none of its steps was at work."""

from collections.abc import Sequence

from monitoring.analysis.timeline import Visit

_IDLE = frozenset({"waiting", "queued"})


def waiting_ms(steps: Sequence[Visit], container: Sequence[int | None]) -> float | None:
    """Milliseconds between the first start and the last end of an execution's innermost steps in which none worked.

    A step that is `waiting` or `queued` is not at work. The pause before a retry is not waiting: the retry asked for
    it. None where that cannot be told: under two such steps, one without its times, or no step that took any time.
    """
    holders = set(container)
    told = [(step, container[i]) for i, step in enumerate(steps) if i not in holders and step.status != "skipped"]
    times: list[tuple[float, float, bool]] = []
    ended: dict[tuple[int | None, str], float] = {}
    for step, above in sorted(told, key=lambda one: one[0].start_ms or 0.0):
        start, end, idle = step.start_ms, step.end_ms, step.status in _IDLE
        end = start if idle and end is None else end
        if start is None or end is None:
            return None
        if step.attempt > 1:
            start = min(start, ended.get((above, step.name), start))
        ended[above, step.name] = end
        times.append((start, max(start, end), idle))
    if len(times) < 2:
        return None
    return _idle_time(times)


def _idle_time(times: Sequence[tuple[float, float, bool]]) -> float | None:
    """The whole stretch without the union of what was at work; None where nothing took time."""
    first, last = min(start for start, _, _ in times), max(end for _, end, _ in times)
    busy, until = 0.0, first
    for start, end, idle in sorted(times):
        if not idle and end > until:
            busy += end - max(start, until)
            until = end
    return last - first - busy if busy else None
