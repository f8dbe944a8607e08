"""Ids derived from names, so that parts of an execution may arrive in any order and no look-up is needed.

UUIDs are the first 16 bytes of BLAKE2b over the parts; 64-bit ids (labels, steps, log lines) are the first 8,
as a signed number. Among a million names of one team the chance that two share an id is about 3e-8.
"""

import hashlib
import uuid
from enum import IntEnum
from functools import lru_cache

_SEPARATOR = b"\x1f"


class LabelKind(IntEnum):
    """What a label names. Stored; never renumber."""

    NODE = 1
    NODE_KIND = 2
    ENVIRONMENT = 3
    TRIGGER = 4
    INPUT_TYPE = 5
    PROVIDER = 6
    MODEL = 7
    TOOL = 8
    SYSTEM = 9
    ERROR = 10
    FACET = 11
    RELEASE = 12
    COMMIT = 13
    # A cost tag with its value: `key=value`.
    TAG = 14


def _digest(size: int, *parts: str | bytes) -> bytes:
    joined = _SEPARATOR.join(part if isinstance(part, bytes) else part.encode() for part in parts)
    return hashlib.blake2b(joined, digest_size=size).digest()


def derive_uuid(*parts: str | bytes) -> uuid.UUID:
    """A UUID that depends on the parts alone."""
    return uuid.UUID(bytes=_digest(16, *parts))


def derive_number(*parts: str | bytes) -> int:
    """A signed 64-bit number that depends on the parts alone."""
    return int.from_bytes(_digest(8, *parts), "big", signed=True)


def execution_id(team_id: uuid.UUID, external_id: str, attempt: int = 1) -> uuid.UUID:
    """The id of one attempt at an execution: `derive_uuid(team, "execution", external_id, attempt)`.

    The first attempt is the origin of the later ones.
    """
    digest = _executions_of(team_id).copy()
    digest.update(b"%b\x1f%d" % (external_id.encode(), attempt))
    return uuid.UUID(bytes=digest.digest())


@lru_cache(maxsize=512)
def _executions_of(team_id: uuid.UUID) -> "hashlib.blake2b":
    """The part that the ids of all executions of a team have in common, digested once."""
    return hashlib.blake2b(b"%b\x1fexecution\x1f" % team_id.bytes, digest_size=16)


def step_id(execution: uuid.UUID, external_id: str) -> int:
    """The id of a step inside its execution: `derive_number(execution, "step", external_id)`."""
    return StepIds(execution)[external_id]


class StepIds(dict[str, int]):
    """`step_id` of one execution by the sender's own ids. The part that all have in common is digested once."""

    def __init__(self, execution: uuid.UUID) -> None:
        self._start = hashlib.blake2b(b"%b\x1fstep\x1f" % execution.bytes, digest_size=8)

    def __missing__(self, external_id: str) -> int:
        digest = self._start.copy()
        digest.update(external_id.encode())
        found = self[external_id] = int.from_bytes(digest.digest(), "big", signed=True)
        return found


@lru_cache(maxsize=65536)
def label_id(kind: LabelKind, value: str) -> int:
    """The id of a label. The same in every team: rows still carry their own."""
    return derive_number(bytes([kind]), value)


@lru_cache(maxsize=8192)
def workflow_id(team_id: uuid.UUID, name: str) -> uuid.UUID:
    """The id of a workflow."""
    return derive_uuid(team_id.bytes, "workflow", name)


@lru_cache(maxsize=8192)
def release_id(workflow: uuid.UUID, name: str) -> uuid.UUID:
    """The id of a release of a workflow."""
    return derive_uuid(workflow.bytes, "release", name)


def failure_group_id(workflow: uuid.UUID | None, node_id: int | None, error_id: int | None) -> uuid.UUID:
    """The id of a failure group: failures of one workflow at the same node with the same normalised error."""
    return derive_uuid(workflow.bytes if workflow else b"", "group", str(node_id), str(error_id))


def facet_id(key_id: int, value: str) -> int:
    """The id of a facet's key and value together, as a signed 64-bit number. MD5, because SQL can compute it, too."""
    digest = hashlib.md5(f"{key_id}:{value}".encode(), usedforsecurity=False).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


# Between the key of a facet and its value, where both are one text.
KEY_END = "\x1f"


def facet_text(key: str, value: str) -> str:
    """A facet as an execution's row keeps it."""
    return f"{key}{KEY_END}{value}"


# Stands for a workflow that was not told yet, in rollups and marks, where a key may not be NULL.
NO_WORKFLOW = uuid.UUID(int=0)
PRODUCTION = "production"
