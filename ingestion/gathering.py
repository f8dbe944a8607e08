"""Work of one kind that comes while the same is being done waits for it, and is then done together.

Nothing waits for others to come: who finds nobody at work begins at once, and alone. Who comes meanwhile is taken
along by the next turn, which the first of them does for all. Per process; threads only.
"""

import logging
import threading
from collections.abc import Callable, Hashable, Sequence
from typing import Generic, TypeVar

logger = logging.getLogger(__name__)
# Who waits longer for a turn to begin, because the one at work hangs, goes alone.
PATIENCE_SECONDS = 5.0

T = TypeVar("T")
R = TypeVar("R")


class _Waiting(Generic[T, R]):
    """One who waits, until `turn` is set: with a result, with the lead of the next turn, or with neither."""

    __slots__ = ("item", "leads", "result", "turn", "weight")

    def __init__(self, item: T, weight: int) -> None:
        self.item, self.weight = item, weight
        self.turn = threading.Event()
        self.leads = False
        self.result: R | None = None


class Gathering(Generic[T, R]):
    """Turns of work, by key. `together` does several items in one go: their results in the same order, or an error.

    A turn takes items up to `limit` in weight, and at least one.
    """

    def __init__(self, together: Callable[[Sequence[T]], Sequence[R]], limit: int) -> None:
        self._together, self._limit = together, limit
        self._lock = threading.Lock()
        # A key is here while somebody is at work on it.
        self._queues: dict[Hashable, list[_Waiting[T, R]]] = {}

    def take(self, key: Hashable, item: T, weight: int, alone: Callable[[T], R]) -> R:
        """What became of the item, done with others or by `alone`, whose errors are raised.

        Where a turn of several fails, each of them is done alone, by whoever brought it.
        """
        one: _Waiting[T, R] | None = None
        with self._lock:
            if (queue := self._queues.get(key)) is None:
                self._queues[key] = []
            else:
                queue.append(one := _Waiting(item, weight))
        if one is not None:
            if not one.turn.wait(PATIENCE_SECONDS) and self._leave(key, one):
                return alone(item)
            one.turn.wait()
            if not one.leads:
                return alone(item) if one.result is None else one.result
        found = self._lead(key, item, weight, alone)
        return alone(item) if found is None else found

    def _lead(self, key: Hashable, item: T, weight: int, alone: Callable[[T], R]) -> R | None:
        """Does one turn; None where it failed for several. Whatever happens, nobody is left waiting."""
        others: list[_Waiting[T, R]] = []
        try:
            others = self._others(key, weight)
            if not others:
                return alone(item)
            try:
                found, *results = self._together([item, *(one.item for one in others)])
            except Exception as error:
                # Each is done again alone, and tells then what is wrong.
                logger.warning("%d requests are stored one by one: %s", 1 + len(others), type(error).__name__)
                return None
            for one, result in zip(others, results, strict=True):
                one.result = result
            return found
        finally:
            self._hand_over(key)
            for one in others:
                one.turn.set()

    def _others(self, key: Hashable, weight: int) -> list[_Waiting[T, R]]:
        """Those who go along, in the order in which they came."""
        with self._lock:
            queue, number = self._queues[key], 0
            while number < len(queue) and (weight := weight + queue[number].weight) <= self._limit:
                number += 1
            others = queue[:number]
            del queue[:number]
            return others

    def _leave(self, key: Hashable, one: _Waiting[T, R]) -> bool:
        """Whether it went out of the queue; False when somebody has taken it along, or has given it the lead."""
        with self._lock:
            queue = self._queues.get(key, [])
            if one not in queue:
                return False
            queue.remove(one)
            return True

    def _hand_over(self, key: Hashable) -> None:
        """The first who waits does the next turn."""
        with self._lock:
            if not self._queues[key]:
                del self._queues[key]
                return
            following = self._queues[key].pop(0)
        following.leads = True
        following.turn.set()
