"""A next release migrates while this one works, also while somebody holds a lock for long."""

import threading
import time

import psycopg

from tests.faults.auditing import audit, audit_costs
from tests.faults.conftest import Note
from tests.faults.house import House
from tests.faults.probing import normal_again
from tests.faults.sending import Load
from tests.faults.teams import make_teams

TIMES, HELD_SECONDS = 3, 8.0
SETTINGS = "tests.faults.extra.settings"
_THERE = """
from django.db import connections
from config.migrating import migrate_patiently
migrate_patiently(connections["owner"], print)
"""
# Nothing of Steadyrun goes back; here it may be the one that a deadlock ends, and is tried again like the way there.
_BACK = """
import time
from django.core.management import call_command
from django.db import OperationalError
for left in reversed(range(10)):
    try:
        call_command("migrate", "faults_extra", "zero", database="owner", verbosity=0)
        break
    except OperationalError:
        if not left:
            raise
        time.sleep(1)
"""


def hold(house: House, seconds: float) -> None:
    """Reads a table in a transaction that stays open."""
    with psycopg.connect(house.admin_url) as connection:
        connection.execute("SELECT count(*) FROM execution")
        time.sleep(seconds)


def test_a_migration_runs_under_load(house: House, noting: Note) -> None:
    probes, team = make_teams(house, "Migration probes", "Migration")
    with noting("migration under load") as result, Load(house.base_url, team) as load:
        result.times = TIMES
        for turn in range(TIMES):
            time.sleep(1)
            began = time.monotonic()
            if turn == TIMES - 1:
                holder = threading.Thread(target=hold, args=(house, HELD_SECONDS), daemon=True)
                holder.start()
            said = house.run(_THERE, SETTINGS)
            assert "faults_extra.0003_index... OK" in said
            result.recovered.append(normal_again(house, probes, began))
            house.run(_BACK, SETTINGS)
        assert "Somebody holds a lock" in said
        load.finish()
        audit(house, team, load.batches, result)
        result.figures["seconds until costs are exact"] = audit_costs(house, [team])
