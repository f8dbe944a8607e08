"""Addresses of the environment as Django's settings: roles, pooler, replica."""

import itertools
import time
from typing import Any

import psycopg
import pytest
from psycopg_pool import ConnectionPool, PoolTimeout

from config.connecting import read_databases

APP, OWNER = "postgresql://steadyrun_app:a@db.example/x", "postgresql://steadyrun_owner:b@db.example/x"
REPLICA = "postgresql://steadyrun_app:a@replica.example/x"


def test_one_address_takes_the_role_on_and_two_do_not() -> None:
    assert read_databases({"DATABASE_URL": OWNER})["default"]["OPTIONS"]["options"] == "-c role=steadyrun_app"
    two = read_databases({"DATABASE_URL": APP, "DATABASE_OWNER_URL": OWNER})
    assert "options" not in two["default"]["OPTIONS"]
    assert (two["default"]["USER"], two["owner"]["USER"]) == ("steadyrun_app", "steadyrun_owner")
    assert set(two) == {"default", "owner"}


def test_behind_a_pooler_nothing_is_kept_in_a_session() -> None:
    told = {"DATABASE_URL": APP, "DATABASE_OWNER_URL": OWNER, "DATABASE_REPLICA_URL": REPLICA}
    pooled = read_databases({**told, "DATABASE_POOLER": "transaction"})
    for alias in ("default", "replica"):
        assert pooled[alias]["TRANSACTION_POOLED"], alias
        assert pooled[alias]["OPTIONS"]["prepare_threshold"] is None, alias
        assert "options" not in pooled[alias]["OPTIONS"], alias
    assert not pooled["owner"]["TRANSACTION_POOLED"]
    assert read_databases(told)["default"]["OPTIONS"]["prepare_threshold"] == 0


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"DATABASE_POOLER": "transaction"}, "needs two addresses"),
        ({"DATABASE_POOLER": "session", "DATABASE_OWNER_URL": OWNER}, "it takes transaction"),
    ],
)
def test_what_does_not_fit_together_is_refused(told: dict[str, str], said: str) -> None:
    with pytest.raises(SystemExit, match=said) as refused:
        read_databases({"DATABASE_URL": APP, **told})
    assert ":a@" not in str(refused.value)


def test_a_replica_that_is_away_holds_nobody_for_long() -> None:
    replica = read_databases({"DATABASE_URL": APP, "DATABASE_OWNER_URL": OWNER, "DATABASE_REPLICA_URL": REPLICA})
    options = replica["replica"]["OPTIONS"]
    assert (options["connect_timeout"], options["pool"]["timeout"]) == (2, 2)


def test_a_pool_tries_to_connect_as_long_as_somebody_waits() -> None:
    tries: list[float] = []

    class Unreachable(psycopg.Connection[Any]):
        @classmethod
        def connect(cls, *_: Any, **__: Any) -> Any:
            tries.append(time.monotonic())
            raise psycopg.OperationalError("gone")

    told = read_databases({"DATABASE_URL": APP})["default"]["OPTIONS"]["pool"]
    assert told["reconnect_timeout"] <= 2
    # Ten times as fast.
    options = {**told, "reconnect_timeout": told["reconnect_timeout"] / 10}
    with ConnectionPool(connection_class=Unreachable, open=True, **options) as pool, pytest.raises(PoolTimeout):
        pool.getconn(timeout=1)
    pauses = [after - before for before, after in itertools.pairwise(tries)]
    assert len(tries) > 4
    assert max(pauses) < 0.5
