"""Memory while hours of work are done in minutes: requests and hints come many times as fast as they would."""

import statistics
import time

from celery import Celery

from bench.usage import pss_bytes
from config.beat_schedule import BEAT_SCHEDULE
from tests.faults.auditing import audit
from tests.faults.conftest import Note
from tests.faults.house import House
from tests.faults.probing import normal_again
from tests.faults.sending import Load
from tests.faults.teams import make_teams

SECONDS = 120.0
# How much faster than the beat hints are sent, and the longest interval of those that are.
FASTER, LONGEST_SECONDS = 20, 60.0
MEGABYTE = 1_000_000
NAMES = ("web", "worker", "beat")
LIMIT_GROWTH_MB = 20.0


def hint(app: Celery, due: dict[str, float], now: float) -> int:
    """Sends the hints that are due; how many."""
    sent = 0
    for name, entry in BEAT_SCHEDULE.items():
        if entry["schedule"] <= LONGEST_SECONDS and due.setdefault(name, now) <= now:
            app.send_task(entry["task"], **entry["options"])
            due[name] = now + entry["schedule"] / FASTER
            sent += 1
    return sent


def test_memory_does_not_grow_with_work(house: House, noting: Note) -> None:
    probes, team = make_teams(house, "Memory probes", "Memory")
    app = Celery("faults", broker=house.addresses()["REDIS_URL"], fixups=[])
    app.conf.task_ignore_result = True
    sizes: dict[str, list[float]] = {name: [] for name in NAMES}
    hints, due = 0, dict[str, float]()
    with noting("memory, hours in minutes") as result, Load(house.base_url, team, pause=0.0) as load:
        end, next_look = time.monotonic() + SECONDS, 0.0
        while (now := time.monotonic()) < end:
            hints += hint(app, due, now)
            if now >= next_look:
                next_look = now + 2.0
                for name in NAMES:
                    sizes[name].append(pss_bytes(house.pid(name)) / MEGABYTE)
            time.sleep(0.02)
        load.finish()
        app.close()
        result.recovered.append(normal_again(house, probes, time.monotonic()))
        audit(house, team, load.batches, result)
        result.figures["hints"] = hints
        for name in NAMES:
            # The first third fills caches.
            third = len(sizes[name]) // 3
            middle, last = (statistics.median(part) for part in (sizes[name][third : 2 * third], sizes[name][-third:]))
            result.figures |= {f"MB of {name} in the middle": middle, f"MB of {name} at the end": last}
            assert last - middle < LIMIT_GROWTH_MB, (name, sizes[name])
