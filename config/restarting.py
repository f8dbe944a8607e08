"""Starting a process again that ended by itself: at once the first time, after a pause when it does so often.

It is never given up: what kept it from running (a full disk, a database that recovers) may pass without anybody's hand.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from config.children import Child, Say

WINDOW_SECONDS = 60.0
# The pause grows by a second with each end within the window, up to this.
LONGEST_PAUSE_SECONDS = 10.0


@dataclass(slots=True)
class Restarts:
    """What starts one process, when it ended by itself, and when it is started next (steady clock, seconds)."""

    start: Callable[[], Child]
    ends: list[float] = field(default_factory=list)
    due_at: float | None = None

    def revive(self, child: Child, now: float, say: Say) -> Child:
        """The child from now on: the given one while it runs or must wait, else a new one."""
        if child.running():
            return child
        if self.due_at is None:
            self.due_at = now + self._note_end(now)
            pause = f" in {self.due_at - now:.0f} s" if self.due_at > now else ""
            say(f"{child.name} ended with code {child.process.returncode}: starting it again{pause}")
            say(child.last_lines(4))
        if now < self.due_at:
            return child
        try:
            fresh = self.start()
        except OSError as error:
            self.due_at = now + LONGEST_PAUSE_SECONDS
            say(f"{child.name} cannot be started ({error}): trying again in {LONGEST_PAUSE_SECONDS:.0f} s")
            return child
        self.due_at = None
        return fresh

    def _note_end(self, now: float) -> float:
        """Notes that the process has ended; how many seconds to wait before it is started again."""
        self.ends = [at for at in self.ends if now - at < WINDOW_SECONDS]
        pause = min(float(len(self.ends)), LONGEST_PAUSE_SECONDS)
        self.ends.append(now)
        return pause
