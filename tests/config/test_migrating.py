"""Migrations wait for a lock only so long, and try again."""

import os

import psycopg
import pytest
from django.db import OperationalError, connections

from config import migrating

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


@pytest.fixture
def locked(monkeypatch: pytest.MonkeyPatch) -> psycopg.Connection[tuple[object, ...]]:
    """Somebody holds the table of migrations, and the last migration of an app is missing."""
    monkeypatch.setenv("MIGRATION_LOCK_SECONDS", "0.2")
    told = connections["owner"].settings_dict
    address = os.environ["DATABASE_OWNER_URL"].rpartition("/")[0] + f"/{told['NAME']}"
    connection = psycopg.connect(address)
    connection.execute("LOCK TABLE django_migrations IN ACCESS EXCLUSIVE MODE")
    return connection


def test_a_migration_waits_for_a_lock_and_comes_again(locked: psycopg.Connection[tuple[object, ...]]) -> None:
    said: list[str] = []
    with locked:
        migrating.migrate_patiently(connections["owner"], said.append, tries=3, pause=lambda _: locked.rollback())
    assert said == ["Somebody holds a lock: trying again in 5 s (2 more times)"]
    connections["owner"].close()


def test_a_migration_that_others_wait_for_in_a_circle_comes_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL ends one of those who wait for each other: here the migration, each time that it is tried."""
    tries: list[str] = []

    def deadlock(name: str, **_: object) -> None:
        tries.append(name)
        with connections["owner"].cursor() as cursor:
            cursor.execute("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'deadlock_detected'; END $$")

    monkeypatch.setattr(migrating, "call_command", deadlock)
    said: list[str] = []
    with pytest.raises(OperationalError):
        migrating.migrate_patiently(connections["owner"], said.append, tries=3, pause=lambda _: None)
    assert tries == ["migrate"] * 3
    assert len(said) == 2
    connections["owner"].close()


def test_a_migration_that_gets_no_lock_gives_up(locked: psycopg.Connection[tuple[object, ...]]) -> None:
    said: list[str] = []
    with locked, pytest.raises(OperationalError, match="lock timeout"):
        migrating.migrate_patiently(connections["owner"], said.append, tries=2, pause=lambda _: None)
    assert len(said) == 1
    connections["owner"].close()
