"""Tasks that may take long leave a thread to the short ones, and are at work once."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from celery import Celery
from celery.exceptions import Retry
from django.conf import settings

from accounts.long_tasks import TWIN_SECONDS, LongTask, Room, SlowTask, leave_a_thread

EXPIRES = "2126-01-01T00:00:00+00:00"
KEY = ("look", (), ())


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> Room:
    found = Room(places=1)
    monkeypatch.setattr(LongTask, "room", found)
    return found


@pytest.fixture
def app() -> Iterator[Celery]:
    """With a queue of its own."""
    with Celery("long", broker=settings.REDIS_URL, fixups=[], set_as_current=False) as made:
        made.conf.task_default_queue = uuid4().hex
        yield made
        with made.connection() as connection:
            connection.default_channel.queue_purge(made.conf.task_default_queue)


@pytest.fixture
def look(app: Celery, room: Room) -> LongTask:
    """A long task that a worker has at hand: it tells whether it has its place."""

    def look() -> bool:
        return KEY in room.at_work

    task: LongTask = app.task(look, base=LongTask, name="look", shared=False)
    task.push_request(id="1", args=[], kwargs={}, called_directly=False, expires=EXPIRES, delivery_info={})
    return task


def sent(app: Celery) -> Any:
    """The message that is in the queue."""
    with app.connection() as connection, connection.SimpleQueue(app.conf.task_default_queue) as queue:
        return queue.get(timeout=5)


def test_a_place_is_given_back(look: LongTask, room: Room) -> None:
    assert look() is True
    assert room.at_work == set()


def test_a_second_copy_leaves_at_once(look: LongTask, room: Room) -> None:
    room.enter(KEY)
    assert look() is None
    assert room.at_work == {KEY}


def test_a_second_copy_that_nobody_sends_anew_comes_again(look: LongTask, room: Room) -> None:
    room.enter(KEY)
    look.request.expires = None
    with pytest.raises(Retry) as told:
        look()
    assert told.value.when == TWIN_SECONDS


def test_without_a_place_it_comes_again_until_its_hint_expires(app: Celery, look: LongTask, room: Room) -> None:
    room.enter("another")
    with pytest.raises(Retry):
        look()
    message = sent(app)
    assert message.headers["task"] == "look"
    assert message.headers["expires"] == EXPIRES
    assert message.headers["eta"]


def test_of_copies_without_a_place_one_comes_again(look: LongTask, room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    room.enter("another")
    with pytest.raises(Retry):
        look()
    look.request.id = "2"
    assert look() is None
    look.request.id = "1"
    with pytest.raises(Retry):
        look()
    # The one that waited was lost.
    monkeypatch.setattr("accounts.long_tasks.GONE_SECONDS", 0.0)
    look.request.id = "2"
    with pytest.raises(Retry):
        look()


def test_called_from_a_command_it_asks_nobody(app: Celery, room: Room) -> None:
    room.enter("another")

    def direct() -> str:
        return "done"

    assert app.task(direct, name="direct", base=LongTask, shared=False)() == "done"


def test_a_failed_one_gives_its_place_back(app: Celery, room: Room) -> None:
    def fails() -> None:
        raise ZeroDivisionError

    task = app.task(fails, name="fails", base=LongTask, shared=False)
    task.push_request(id="1", args=[], kwargs={}, called_directly=False)
    with pytest.raises(ZeroDivisionError):
        task()
    assert room.at_work == set()


@pytest.mark.parametrize(("threads", "long", "slow"), [(1, 1, 1), (2, 1, 1), (3, 1, 1), (4, 2, 1), (8, 5, 2)])
def test_a_thread_is_left_to_what_is_short(monkeypatch: pytest.MonkeyPatch, threads: int, long: int, slow: int) -> None:
    for kind in (LongTask, SlowTask):
        monkeypatch.setattr(kind, "room", Room(places=9))
    leave_a_thread(threads)
    assert [kind.room.places for kind in (LongTask, SlowTask)] == [long, slow]


def test_what_takes_hours_does_not_keep_back_what_is_done_every_minute() -> None:
    assert LongTask.room is not SlowTask.room
