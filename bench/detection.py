"""How long an alert takes on running web, worker and beat, with a rule about one minute of failures.

From the answer to the last report that counts in the window to (a) the incident in the database and (b) the request
with its notice at the receiver of a channel, which runs in this process.
"""

import http.client
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from uuid import UUID

import msgspec
import psycopg

from bench.stage import Stage, wait_for_web

WORKFLOWS, ROUNDS = 4, 6
PATIENCE_SECONDS = 60.0
LIMIT_P95_S = 15.0


@dataclass(slots=True)
class _Receiver:
    """What arrived: the text of each request, and when."""

    port: int = 0
    requests: list[tuple[datetime, str]] = field(default_factory=list)

    def told_of(self, name: str) -> datetime | None:
        """When a notice first named this workflow."""
        return next((at for at, body in list(self.requests) if name in body), None)


@dataclass(slots=True)
class _Delays:
    """Seconds to the incident and to the notice, one of each an incident."""

    incidents: list[float] = field(default_factory=list)
    notices: list[float] = field(default_factory=list)


def measure(stage: Stage) -> dict[str, Any]:
    """Workflows that begin to fail, round after round; delays in seconds."""
    from accounts.services.teams import create_team_with_owner

    made, delays = create_team_with_owner(name="Bench detection", email="detection@example.com"), _Delays()
    with _receiving() as receiver:
        _one_minute_rule(made.team.id, receiver.port)
        allowed = {"STEADYRUN_ALLOW_PRIVATE_DESTINATIONS": "127.0.0.1"}
        processes = [stage.spawn(name, **allowed) for name in ("web", "worker", "beat")]
        try:
            wait_for_web(stage.port)
            for number in range(ROUNDS):
                _round(stage, made, number, receiver, delays)
        finally:
            for process in processes:
                process.terminate()
            for process in processes:
                process.wait()
    return {
        "incidents": len(delays.incidents),
        "to_incident": _spread(delays.incidents),
        "to_notice": _spread(delays.notices),
        "limit_p95_s": LIMIT_P95_S,
    }


def _spread(delays: list[float]) -> dict[str, float]:
    return {"p50_s": statistics.median(delays), "p95_s": statistics.quantiles(delays, n=20)[18], "max_s": max(delays)}


@contextmanager
def _receiving() -> Iterator[_Receiver]:
    """A receiver of webhooks on a port of this machine."""
    receiver = _Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            receiver.requests.append((datetime.now(UTC), body.decode()))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.port = server.server_address[1]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()


def _one_minute_rule(team_id: UUID, port: int) -> None:
    """The rule, and a route of everything to the receiver; its address is private, so the form is gone past."""
    from accounts.tenancy import team_context
    from alerts.models import AlertRule, Channel, Route, RouteStep
    from alerts.services.channels import change_secret
    from alerts.services.evaluation import ensure_due

    with team_context(team_id):
        one = AlertRule.objects.create(
            team_id=team_id, name="Failures", metric="failures", threshold=3, window_s=60, min_samples=0
        )
        ensure_due(team_id, [one.id], datetime.now(UTC))
        channel = Channel.objects.create(
            team_id=team_id, kind="webhook", name="Receiver", settings={"url": f"http://127.0.0.1:{port}/"}
        )
        change_secret(channel)
        route = Route.objects.create(team_id=team_id, name="Everything", position=1)
        RouteStep.objects.create(team_id=team_id, route=route, channel=channel)


def _round(stage: Stage, made: Any, number: int, receiver: _Receiver, delays: _Delays) -> None:
    """The workflows of a round begin to fail one shortly after the other."""
    threads = [
        threading.Thread(
            target=_fail, args=(stage, made, f"Round {number} flow {place}", place * 0.7, receiver, delays)
        )
        for place in range(WORKFLOWS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _fail(stage: Stage, made: Any, name: str, pause: float, receiver: _Receiver, delays: _Delays) -> None:
    """Fails twice a second until the incident is there; then waits for its notice."""
    from monitoring.identity import workflow_id

    time.sleep(pause)
    connection = http.client.HTTPConnection("127.0.0.1", stage.port, timeout=60)
    accepted: list[datetime] = []
    whose = {"team": made.team.id, "workflow": workflow_id(made.team.id, name)}
    with psycopg.connect(stage.admin_url(), autocommit=True) as database:
        found = None
        while found is None and len(accepted) < 400:
            if _send(connection, made.api_key, name, len(accepted)):
                accepted.append(datetime.now(UTC))
            time.sleep(0.5)
            found = database.execute(
                "SELECT since FROM incident WHERE team_id = %(team)s AND workflow_id = %(workflow)s", whose
            ).fetchone()
    if found is None:
        raise RuntimeError(f"no incident of {name}")
    seen, last = datetime.now(UTC), max(at for at in accepted if at < found[0])
    delays.incidents.append((seen - last).total_seconds())
    delays.notices.append((_wait_for_notice(receiver, name) - last).total_seconds())


def _wait_for_notice(receiver: _Receiver, name: str) -> datetime:
    ends = datetime.now(UTC) + timedelta(seconds=PATIENCE_SECONDS)
    while (at := receiver.told_of(name)) is None:
        if datetime.now(UTC) > ends:
            raise RuntimeError(f"no notice of {name} in {PATIENCE_SECONDS} s")
        time.sleep(0.05)
    return at


def _send(connection: http.client.HTTPConnection, key: str, name: str, number: int) -> bool:
    """Sends a failed run; whether it was accepted. A busy server says to come again."""
    at = datetime.now(UTC)
    one = {
        "id": f"{name} {number}",
        "workflow": name,
        "status": "failed",
        "started_at": (at - timedelta(seconds=1)).isoformat(),
        "finished_at": at.isoformat(),
    }
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    connection.request("POST", "/api/v1/executions", msgspec.json.encode([one]), headers)
    answer = connection.getresponse()
    answer.read()
    if answer.status not in (200, 429, 503):
        raise RuntimeError(f"the server answered {answer.status}")
    return answer.status == 200
