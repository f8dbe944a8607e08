"""Addresses of the environment as Django's settings: roles, pooler, replica."""

import pytest
from psycopg_pool.base import AttemptWithBackoff

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


def test_after_an_outage_of_any_length_a_pool_connects_within_seconds() -> None:
    pool = read_databases({"DATABASE_URL": APP})["default"]["OPTIONS"]["pool"]
    attempt, now, pauses = AttemptWithBackoff(timeout=pool["reconnect_timeout"]), 0.0, list[float]()
    while not attempt.time_to_give_up(now):
        attempt.update_delay(now)
        pauses.append(attempt.delay)
        now += attempt.delay
    assert max(pauses) < 5
    # Who waits meanwhile is told no later than the pool gives up; the next one lets it begin anew.
    assert now <= pool["timeout"]
