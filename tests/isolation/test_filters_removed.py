"""With the application's own filters taken out, pages and API say the same: the database alone keeps teams apart."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pytest
from django.db import transaction
from pytest_django import DjangoDbBlocker

from tests.architecture.test_tenancy import CONTROL_TABLES
from tests.isolation.asking import OTHER, Asker, Request, World, build
from tests.isolation.cases import Values
from tests.isolation.filling import at
from tests.isolation.filters import stripped, without_filters
from tests.isolation.registry import PUBLIC
from tests.isolation.test_matrix import difference
from tests.isolation.walking import routes

# Read by anybody, or before a team is known: here the application's filter is what counts.
SHARED = {*CONTROL_TABLES, "accounts_user", "accounts_team", "installation_event", "book_model", "book_price"}
# Each answer has a new secret or challenge in it; they read the second factors of who asks, and nothing of a team.
MAKE_SECRETS = {"mfa_activate_totp", "mfa_add_webauthn", "mfa_reauthenticate_webauthn"}


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    """Two full teams; gone at the end."""
    with django_db_blocker.unblock(), at(), transaction.atomic():
        yield build()
        transaction.set_rollback(True)


@pytest.mark.parametrize(
    ("sql", "left"),
    [
        (
            'SELECT 1 FROM "step" WHERE "step"."team_id" = %s',
            'SELECT 1 FROM "step" WHERE ("step"."team_id" = %s OR TRUE)',
        ),
        (
            "SELECT 1 FROM step s WHERE s.team_id = %(team)s",
            "SELECT 1 FROM step s WHERE (s.team_id = %(team)s OR TRUE)",
        ),
        ("SELECT 1 FROM step WHERE team_id = %s", "SELECT 1 FROM step WHERE (team_id = %s OR TRUE)"),
        (
            "SELECT 1 FROM step s JOIN label l ON l.team_id = s.team_id",
            "SELECT 1 FROM step s JOIN label l ON (l.team_id = s.team_id OR TRUE)",
        ),
        (
            "SELECT 1 FROM accounts_apikey k WHERE k.team_id = %s",
            "SELECT 1 FROM accounts_apikey k WHERE k.team_id = %s",
        ),
        ("UPDATE step SET team_id = %s", "UPDATE step SET team_id = %s"),
    ],
)
def test_conditions_on_the_team_are_taken_out(sql: str, left: str) -> None:
    assert stripped(sql, SHARED) == left


def test_what_is_read_is_the_same_without_filters(world: World) -> None:
    values, asker, count, wrong = Values(world), Asker(world), Counter[str](), []
    for route in routes():
        # A link and the way to a provider are the same to everybody, and the latter is new each time.
        if "GET" not in route.methods or {"token", *PUBLIC} & set(route.names) or route.name in MAKE_SECRETS:
            continue
        caller = (world.programs if route.is_of_programs else world.members)[0]
        wanted = Request("GET", values.path(route, set(), {}), query=(("env", "*"),))
        usual = asker.ask(caller, wanted)
        with without_filters(SHARED) as counted:
            found = asker.ask(caller, wanted)
        count += counted
        if route.name == "team_export":
            # It tells of its own download, somewhere among the others: they are in the order of random ids.
            usual, found = (replace(one, body="\n".join(sorted(one.body.splitlines()))) for one in (usual, found))
        if found != usual:
            wrong.append(f"{route.text}: {difference(found, usual)}")
        if OTHER in found.body:
            wrong.append(f"{route.text} tells of the other team")
    assert not wrong, "\n".join(wrong)
    assert count["without"] > 300
