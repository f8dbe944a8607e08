"""`manage.py bootstrap` makes a team that can be used at once."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.models import ApiKey, Membership, Scope
from accounts.permissions import Role


def bootstrap(team: str, email: str) -> dict[str, str | None]:
    out = StringIO()
    call_command("bootstrap", team=team, email=email, json=True, stdout=out)
    told: dict[str, str | None] = json.loads(out.getvalue())
    return told


@pytest.mark.django_db
def test_owner_can_sign_in_and_key_has_both_scopes() -> None:
    told = bootstrap("Night Shift", "Ana@night.test")
    assert list(told) == ["base_url", "email", "password", "team", "api_key"]
    assert told["team"] == "night-shift"
    assert Client().login(email=told["email"], password=told["password"])
    membership = Membership.objects.get(team__slug="night-shift")
    assert membership.role == Role.OWNER
    key = ApiKey.objects.get(team=membership.team)
    assert set(key.scopes) == set(Scope.values) - {Scope.AUDIT, Scope.MANAGE}


@pytest.mark.django_db
def test_same_name_and_address_make_a_second_team_and_keep_the_user() -> None:
    first, second = (bootstrap("Night Shift", "ana@night.test") for _ in range(2))
    assert (first["team"], second["team"]) == ("night-shift", "night-shift-2")
    assert second["password"] is None
    assert first["api_key"] != second["api_key"]


@pytest.mark.parametrize(("team", "email"), [("", "ana@night.test"), ("x" * 81, "ana@night.test"), ("Night", "ana")])
def test_bad_arguments_are_named(team: str, email: str) -> None:
    with pytest.raises(CommandError, match=r"--(team|email): "):
        bootstrap(team, email)
