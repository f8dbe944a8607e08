"""Receivers that are slow, silent or gone hold up nobody: neither who reports, nor the receivers beside them."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from config.children import free_port
from tests.faults.auditing import audit, audit_costs
from tests.faults.conftest import Note
from tests.faults.forwarding import add_destination, documents_of, wait_for_documents
from tests.faults.house import House
from tests.faults.probing import normal_again
from tests.faults.sending import Load
from tests.faults.teams import make_teams
from tests.receivers import Answer, Received, receiving

GONE_SECONDS, SLOW_SECONDS = 20.0, 5.0


def test_the_worker_is_killed_while_it_sends(house: House, noting: Note) -> None:
    """The receiver may get twice what was under way, with the same ids; it misses nothing."""
    probes, team = make_teams(house, "Sending probes", "Sending")
    with noting("kill -9: worker at sending on") as result, receiving() as receiver:
        begun = threading.Event()

        def answer(_received: Received, number: int) -> Answer:
            begun.set()
            time.sleep(2.0 if number == 0 else 0.0)
            return Answer()

        receiver.answer = answer
        add_destination(house, team, "Receiver", receiver.url)
        with Load(house.base_url, team) as load:
            assert begun.wait(30)
            house.kill(house.pid("worker"))
            began = time.monotonic()
            result.figures["seconds until figures are there"] = normal_again(house, probes, began)
            load.finish()
        wait_for_documents(receiver, load.batches)
        result.recovered.append(time.monotonic() - began)
        counts = documents_of(receiver)
        result.figures |= {"documents received": len(counts)}
        result.figures |= {"of them twice": sum(1 for count in counts.values() if count > 1)}
        audit(house, team, load.batches, result)


def slow(_received: Received, _number: int) -> Answer:
    """Takes everything, after a while."""
    time.sleep(SLOW_SECONDS)
    return Answer()


@contextmanager
def silent() -> Iterator[int]:
    """A port that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        yield int(listener.getsockname()[1])


def test_receivers_are_slow_and_gone(house: House, noting: Note) -> None:
    probes, team = make_teams(house, "Receiver probes", "Receivers")
    with (
        noting("receivers slow, silent and gone for 20 s") as result,
        receiving() as good,
        receiving() as bad,
        silent() as silence,
    ):
        port = free_port(0)
        bad.answer = slow
        for name, url in {
            "Good": good.url,
            "Slow": bad.url,
            "Gone": f"http://127.0.0.1:{port}",
            "Silent": f"http://127.0.0.1:{silence}",
        }.items():
            add_destination(house, team, name, url)
        with Load(house.base_url, team) as load:
            time.sleep(GONE_SECONDS)
            load.finish()
            began = time.monotonic()
            wait_for_documents(good, load.batches)
            result.figures["seconds until the good one had all"] = time.monotonic() - began
            result.recovered.append(normal_again(house, probes, time.monotonic()))
            began = time.monotonic()
            with receiving(port) as back:
                wait_for_documents(back, load.batches)
                result.figures["seconds until the one that was gone had all"] = time.monotonic() - began
        wait_for_documents(bad, load.batches)
        audit(house, team, load.batches, result)
        result.figures["documents at the good one"] = len(documents_of(good))
        assert max(documents_of(good).values()) == 1
        result.figures["seconds until costs are exact"] = audit_costs(house, [team])
