"""Generated reports for measurements: seeded, so that every run sends the same."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

NODES = [
    ("webhook_in", "trigger", None, None),
    ("parse_request", "code", None, None),
    ("classify_intent", "llm", "openai", "gpt-4o-mini"),
    ("fetch_customer", "http", None, None),
    ("score_lead", "llm", "openai", "gpt-4o"),
    ("draft_email", "llm", "anthropic", "claude-sonnet-4"),
    ("validate", "code", None, None),
    ("send_email", "http", None, None),
    ("update_crm", "http", None, None),
    ("notify", "tool", None, None),
]
SYSTEMS = {"fetch_customer": "crm.example", "send_email": "mail.example", "update_crm": "crm.example"}
TEXT = "The customer asked whether the delivery can be moved to next week and which papers are needed for that. "


def step(rng: random.Random, number: int, at: datetime, failed: bool) -> dict[str, Any]:
    """One step of about 750 bytes on the wire, with payload."""
    node, kind, provider, model = NODES[number % len(NODES)]
    took = rng.lognormvariate(5.5, 0.8)
    one: dict[str, Any] = {
        "id": str(number),
        "node": node,
        "kind": kind,
        "position": number,
        "status": "failed" if failed else "succeeded",
        "started_at": at.isoformat(),
        "finished_at": (at + timedelta(milliseconds=took)).isoformat(),
        "input": {"ticket": rng.randrange(10**9), "text": TEXT + str(rng.random())},
        "output": {"score": rng.random(), "reason": TEXT[: rng.randrange(40, len(TEXT))] + str(rng.random())},
        "attributes": {"region": rng.choice(["eu", "us"]), "worker": rng.randrange(64)},
    }
    if number:
        one["parent_id"] = "0"
    if model:
        one |= {"provider": provider, "model": model, "cost_usd": round(rng.random() / 50, 6)}
        one["tokens"] = {"input": rng.randrange(200, 4000), "output": rng.randrange(10, 800)}
    if node in SYSTEMS:
        one["external_system"] = SYSTEMS[node]
    if failed:
        one["error"] = {"type": "TimeoutError", "message": f"{SYSTEMS.get(node, node)} did not answer within 10 s"}
    return one


def execution(rng: random.Random, number: int, started: datetime, steps: int = 10) -> dict[str, Any]:
    """One whole execution; about one in twenty fails, at one of its steps."""
    failing = rng.randrange(steps) if rng.random() < 0.05 else None
    rows = [
        step(rng, i, started + timedelta(milliseconds=300 * i), i == failing)
        for i in range(steps if failing is None else failing + 1)
    ]
    return {
        "id": f"bench-{number}",
        "workflow": f"Workflow {number % 10}",
        "release": f"v{1 + number % 3}",
        "trigger": "webhook",
        "input_type": rng.choice(["inbound form", "chat", "partner import"]),
        "status": "succeeded" if failing is None else "failed",
        "started_at": started.isoformat(),
        "finished_at": (started + timedelta(milliseconds=300 * steps)).isoformat(),
        "input": {"form": "inbound", "customer": rng.randrange(5000)},
        "steps": rows,
    }


def bodies(count: int, first: int, *, executions: int = 10, now: datetime | None = None) -> list[bytes]:
    """`count` request bodies of `executions` executions (about 100 steps); numbers go on from `first`."""
    rng = random.Random(first)
    start = (now or datetime.now(UTC)) - timedelta(hours=2)
    return [
        msgspec.json.encode(
            [
                execution(rng, first + batch * executions + i, start + timedelta(seconds=rng.randrange(7000)))
                for i in range(executions)
            ]
        )
        for batch in range(count)
    ]
