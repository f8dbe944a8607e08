"""Which steps write to something outside, so that running them again would do it twice. Rules, not knowledge.

A step writes when its sender marked it. Unmarked: when it is a call of HTTP, of a tool, of a database or of a queue, or
names an external system, and its words begin with or hold a verb of writing (`POST`, `insert`, `send`, `book` ...), and
no verb of reading comes first (`get_booking` reads).
"""

import re

from monitoring.analysis.steps import Step

# Kinds of steps that touch something outside the workflow.
OUTSIDE = frozenset({"http", "tool", "database", "db", "queue", "messaging", "webhook", "email", "request", "span"})
METHODS = frozenset({"post", "put", "patch", "delete"})
READS = frozenset({
    "get", "head", "options", "select", "list", "find", "search", "read", "fetch", "query", "lookup", "show", "check",
    "verify", "validate", "calculate", "describe", "count", "load", "download",
})  # fmt: skip
WRITES = METHODS | frozenset({
    "insert", "update", "upsert", "remove", "create", "add", "send", "write", "save", "store", "book", "cancel",
    "pay", "charge", "refund", "transfer", "order", "publish", "notify", "email", "upload", "submit", "merge", "push",
    "deploy", "invite", "assign", "close", "open", "approve", "reserve", "subscribe",
})  # fmt: skip
_WORD = re.compile(r"[A-Z]{2,}(?![a-z])|[A-Z]?[a-z]+")


def writes_outside(step: Step) -> bool:
    """Whether running the step again may do something outside a second time."""
    if step.side_effect is not None:
        return step.side_effect
    if step.kind.lower() not in OUTSIDE and not step.system and not step.tool:
        return False
    for text in (step.operation, step.tool, step.name):
        verb = _verb(text)
        if verb is not None:
            return verb in WRITES
    return False


def _verb(text: str) -> str | None:
    """The first word that is a verb of reading or writing."""
    words = (word.lower() for word in _WORD.findall(text))
    return next((word for word in words if word in READS or word in WRITES), None)
