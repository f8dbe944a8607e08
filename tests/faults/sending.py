"""Senders as they are: several connections, several protocols, and the same batch again until it is acknowledged."""

import http.client
import threading
import time
from collections import Counter
from collections.abc import Sequence
from urllib.parse import urlsplit

from tests.faults.reports import PROTOCOLS, Batch, Make, number
from tests.faults.teams import Team

CONNECTIONS = 6
PAUSE_SECONDS = 0.4
# As long as a patient client waits for an answer, and the longest of its pauses between tries.
TIMEOUT_SECONDS = 20.0
LONGEST_PAUSE_SECONDS = 5.0
PASSING = frozenset({0, 408, 425, 429, 502, 503, 504})


class Line:
    """One connection, opened again when it was lost."""

    def __init__(self, base_url: str, timeout: float = TIMEOUT_SECONDS) -> None:
        told = urlsplit(base_url)
        self._connection = http.client.HTTPConnection(told.hostname or "", told.port, timeout=timeout)

    def send(self, batch: Batch) -> float:
        """Sends once, and notes the answer; seconds to wait before the next try, 0 when none is needed."""
        try:
            self._connection.request("POST", batch.path, batch.body, dict(batch.headers))
            answer = self._connection.getresponse()
            body = answer.read()
        except (http.client.HTTPException, OSError):
            self._connection.close()
            batch.answers.append(0)
            return min(0.2 * len(batch.answers), 1.0)
        batch.answers.append(answer.status)
        if 200 <= answer.status < 300:
            batch.is_acknowledged = True
            if is_partial(body):
                batch.fault = f"only a part was taken: {body[:300]!r}"
            return 0.0
        if answer.status not in PASSING:
            batch.fault = f"{answer.status} {body[:300]!r}"
            return 0.0
        return min(float(answer.headers.get("Retry-After") or 1), LONGEST_PAUSE_SECONDS)

    def close(self) -> None:
        """Ends the connection."""
        self._connection.close()


def is_partial(body: bytes) -> bool:
    """Whether an answer says that something was refused: JSON names it; OTLP says nothing when all was taken."""
    return (b'"rejected"' in body and b'"rejected": []' not in body and b'"rejected":[]' not in body) or (
        not body.startswith(b"{") and body != b""
    )


def send_until_told(line: Line, batch: Batch, give_up: threading.Event | None = None) -> None:
    """Sends a batch until it is acknowledged or refused for good."""
    while pause := line.send(batch):
        if give_up is not None and give_up.wait(pause):
            return
        if give_up is None:
            time.sleep(pause)


class Load:
    """Senders at work from `start` to `finish`; what they sent is in `batches`."""

    def __init__(
        self,
        base_url: str,
        team: Team,
        *,
        connections: int = CONNECTIONS,
        pause: float = PAUSE_SECONDS,
        protocols: Sequence[Make] = PROTOCOLS,
    ) -> None:
        self.base_url, self.team, self.pause = base_url, team, pause
        self.batches: list[Batch] = []
        self._over, self._give_up = threading.Event(), threading.Event()
        self._threads = [
            threading.Thread(target=self._work, args=(protocols[place % len(protocols)],), daemon=True)
            for place in range(connections)
        ]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.finish()

    def _work(self, make: Make) -> None:
        line = Line(self.base_url)
        while not self._over.is_set():
            batch = make(self.team, number())
            self.batches.append(batch)
            send_until_told(line, batch, self._give_up)
            self._over.wait(self.pause)
        line.close()

    def finish(self, seconds: float = 60.0) -> None:
        """Sends nothing new, and goes on until all that was sent is acknowledged, at most so long."""
        self._over.set()
        end = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(end - time.monotonic(), 0.0))
        self._give_up.set()
        for thread in self._threads:
            thread.join(TIMEOUT_SECONDS + 1)


def in_parallel(base_url: str, parts: Sequence[Sequence[Batch]]) -> None:
    """Sends lists of batches side by side, a connection each, each batch until it is acknowledged."""

    def work(part: Sequence[Batch]) -> None:
        line = Line(base_url)
        for batch in part:
            send_until_told(line, batch)
        line.close()

    threads = [threading.Thread(target=work, args=(part,), daemon=True) for part in parts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(300)


def answers_of(batches: Sequence[Batch]) -> Counter[str]:
    """How often each answer came; a connection that was lost is `none`."""
    return Counter(str(status or "none") for batch in batches for status in batch.answers)
