"""A sending process that is killed: what the receiver took and nobody noted is sent again, as the same notice."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import Team
from accounts.tenancy import team_context
from alerts.models import AlertDelivery, AlertDeliveryDue, ChannelDue
from alerts.services.delivery import send_due
from tests.alerts.services.test_delivery import STORY, hook, new_incident, story, types
from tests.alerts.telling import channel
from tests.mailbox import mailbox
from tests.receivers import Answer, Received

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).resolve().parents[3]
# What the task does, in a process of its own; it prints how many tries it made.
SENDER = """
import django
django.setup()
from alerts.services.delivery import send_due
print(send_due(5.0), flush=True)
"""
_HELD_UP = """SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))"""


def sender(**environment: str) -> subprocess.Popen[str]:
    """A process that sends what is due in the database of this test, and ends."""
    addresses = {name: urlsplit(os.environ[name]) for name in ("DATABASE_URL", "DATABASE_OWNER_URL")}
    told = {
        **{name: one._replace(path=f"/{connection.settings_dict['NAME']}").geturl() for name, one in addresses.items()},
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "STEADYRUN_ALLOW_PRIVATE_DESTINATIONS": "127.0.0.1",
        **environment,
    }
    return subprocess.Popen(
        [sys.executable, "-c", SENDER], cwd=ROOT, env={**os.environ, **told}, stdout=subprocess.PIPE, text=True
    )


def tries(**environment: str) -> int:
    """Sends what is due in a process that lives; how many tries it made."""
    with sender(**environment) as process:
        said, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    return int(said)


def kill(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait(30)
    assert process.returncode == -signal.SIGKILL
    if process.stdout:
        process.stdout.close()


def wait_for(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


def is_holding_up_somebody() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(_HELD_UP)
        return bool(cursor.fetchone()[0])


def kill_before_it_notes(team: Team, **environment: str) -> None:
    """Kills a sender that has its answer, while it writes down what became of the try: the rows are held here."""
    with team_context(team.id):
        assert list(AlertDelivery.objects.select_for_update())
        process = sender(**environment)
        wait_for(is_holding_up_somebody)
        kill(process)
    with team_context(team.id):
        assert {one.status for one in AlertDelivery.objects.all()} == {"waiting"}


def let_its_claim_run_out() -> None:
    assert send_due() == 0, "who was killed holds the channel for a minute"
    ChannelDue.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))


def assert_all_are_sent(team: Team, ids: list[UUID]) -> None:
    """Each is noted once, by the try that lived to note it, and none is left."""
    with team_context(team.id):
        kept = {one.id: (one.status, one.tries, one.last_error) for one in AlertDelivery.objects.all()}
    assert kept == dict.fromkeys(ids, ("sent", 1, ""))
    assert not AlertDeliveryDue.objects.exists()


def test_killed_after_the_answer_it_is_sent_again_with_its_id_and_the_rest_in_order(team, receiver) -> None:
    one, first, second = hook(team, receiver.url), new_incident(team), new_incident(team)
    ids = [*story(team, one, first, *STORY), *story(team, one, second, *STORY[:1])]

    kill_before_it_notes(team)
    assert types(receiver) == ["opened"]
    let_its_claim_run_out()

    assert tries() == 4
    assert send_due() == 0
    assert_all_are_sent(team, ids)
    first_try, second_try = (json.loads(got.body) for got in receiver.got[:2])
    assert first_try["data"] == second_try["data"]
    assert receiver.got[0].headers["webhook-id"] == receiver.got[1].headers["webhook-id"]
    assert len({got.headers["webhook-id"] for got in receiver.got}) == len(receiver.got) - 1 == 4
    mine = [got for got in receiver.got if str(first.id).encode() in got.body]
    assert [json.loads(got.body)["type"] for got in mine] == [
        "incident.opened",
        "incident.opened",
        "incident.acknowledged",
        "incident.resolved",
    ]


def test_killed_before_the_answer_it_is_sent_again_with_its_id(team, receiver) -> None:
    under_way: list[subprocess.Popen[str]] = []

    def answer(received: Received, number: int) -> Answer:
        if number == 0:
            kill(under_way[0])
        return Answer(200)

    receiver.answer = answer
    one, about = hook(team, receiver.url), new_incident(team)
    ids = story(team, one, about, *STORY)

    under_way.append(sender())
    wait_for(lambda: under_way[0].poll() is not None)
    let_its_claim_run_out()

    assert tries() == 3
    assert_all_are_sent(team, ids)
    assert types(receiver) == ["opened", *(kind.value for kind in STORY)]
    assert len({got.headers["webhook-id"] for got in receiver.got}) == 3


def test_a_letter_that_is_sent_again_is_the_same_letter(team) -> None:
    with team_context(team.id):
        one = channel(team, kind="email", settings={"addresses": ["first@x.test", "second@x.test"]})
    about = new_incident(team)
    ids = story(team, one, about, *STORY[:2])
    with mailbox() as box:
        told = {"EMAIL_URL": f"smtp://127.0.0.1:{box.port}", "DEFAULT_FROM_EMAIL": "alerts@steadyrun.test"}
        kill_before_it_notes(team, **told)
        assert [message["To"] for message in box.got] == ["first@x.test", "second@x.test"]
        let_its_claim_run_out()
        assert tries(**told) == 2
    assert_all_are_sent(team, ids)
    letters = [(message["Message-ID"], message["To"]) for message in box.got]
    assert letters[:2] == letters[2:4]
    assert len({id for id, _ in letters}) == 2
    assert len({message["References"] for message in box.got}) == 1
