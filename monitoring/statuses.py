"""Statuses of executions and steps: the words, their stored numbers and the spellings that are accepted.

The stored number is also the order in which reports of one execution are merged: the greater one wins, so
every terminal status beats every running one and the result does not depend on the order of arrival.
"""

from enum import IntEnum


class Status(IntEnum):
    """The state of an execution or of a step."""

    UNKNOWN = 0
    QUEUED = 1
    RUNNING = 2
    WAITING = 3
    SKIPPED = 4
    CANCELLED = 5
    SUCCEEDED = 6
    TIMED_OUT = 7
    FAILED = 8

    @property
    def word(self) -> str:
        """The word on the wire and in addresses."""
        return self.name.lower()


# In addresses it stands beside the statuses: succeeded, without meeting the success criteria of the workflow.
UNMET = "unmet"
ACTIVE = frozenset({Status.QUEUED, Status.RUNNING})
FAILING = frozenset({Status.FAILED, Status.TIMED_OUT})
# The same for statements, behind the column: no value comes from outside.
IN_FAILING = f"IN ({', '.join(str(one.value) for one in sorted(FAILING))})"
RATED = frozenset({Status.SUCCEEDED, Status.FAILED, Status.TIMED_OUT})
TERMINAL = frozenset({Status.SKIPPED, Status.CANCELLED, *RATED})

_SPELLINGS: dict[Status, str] = {
    Status.QUEUED: "queued pending scheduled requested created new enqueued submitted deferred none",
    Status.RUNNING: (
        "running in_progress started start active executing working processing restarting retrying up_for_retry"
    ),
    Status.WAITING: (
        "waiting paused action_required needs_approval awaiting_approval blocked suspended sleeping on_hold manual"
    ),
    Status.SKIPPED: "skipped skip upstream_skipped not_run neutral not_needed",
    Status.CANCELLED: (
        "cancelled canceled cancel cancelling aborted abort stopped terminated killed revoked stale removed"
    ),
    Status.SUCCEEDED: (
        "succeeded success successful ok passed pass completed complete done finished finish "
        "partial_succeeded partial_success"
    ),
    Status.TIMED_OUT: "timed_out timeout timedout time_out deadline_exceeded",
    Status.FAILED: (
        "failed failure fail error errored err crashed crash exception fatal startup_failure upstream_failed "
        "internal_error unhealthy"
    ),
}
SPELLINGS: dict[str, Status] = {word: status for status, words in _SPELLINGS.items() for word in words.split()}
SPELLINGS["unknown"] = Status.UNKNOWN


def parse_status(text: str) -> Status:
    """The status that a sender means; a word that nobody knows is `UNKNOWN` (the caller keeps the word)."""
    word = text.strip().lower().replace("-", "_").replace(" ", "_").replace(".", "_")
    return SPELLINGS.get(word, Status.UNKNOWN)
