"""`manage.py add_source`: what it prints can be used at once, and mistakes are named."""

import json
from io import StringIO
from typing import Any

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.encryption import decrypt
from accounts.models import ApiKey, Scope, Team
from accounts.tenancy import team_context
from ingestion.kinds import KINDS, SourceKind
from ingestion.models import Source
from ingestion.sources import find_by_address


def add(team: Team, kind: str, *options: str) -> dict[str, Any]:
    out = StringIO()
    call_command("add_source", "--team", team.slug, "--kind", kind, "--json", *options, stdout=out)
    return dict(json.loads(out.getvalue()))


@pytest.mark.parametrize("kind", list(SourceKind))
def test_every_kind_can_be_added(team: Team, kind: SourceKind) -> None:
    told = add(team, kind)
    assert told["name"] == KINDS[kind].label
    assert told["address"].startswith(settings.BASE_URL + "/")
    assert (told["key"] is None) == KINDS[kind].has_address
    with team_context(team.id):
        assert str(Source.objects.get().id) == told["id"]


def test_the_key_works_at_once(client: Client, team: Team) -> None:
    told = add(team, "rest", "--name", "Nightly", "--environment", "staging")
    response = client.post(
        told["address"].removeprefix(settings.BASE_URL),
        {"id": "1", "workflow": "nightly", "status": "succeeded"},
        content_type="application/json",
        headers={"authorization": f"Bearer {told['key']}"},
    )
    assert response.json() == {"stored": 1, "duplicate": 0, "rejected": []}
    with team_context(team.id):
        assert [source.name for source in Source.objects.all()] == ["Nightly"]
    assert ApiKey.objects.get(name="Nightly").scopes == [Scope.INGEST]


def test_an_address_has_a_secret_and_defaults(team: Team) -> None:
    told = add(team, "github", "--secret", "s3cret-s3cret", "--workflow", "CI")
    found = find_by_address(told["address"].rpartition("/")[2])
    assert found is not None
    assert (found.secret, found.workflow) == ("s3cret-s3cret", "CI")
    with team_context(team.id):
        assert decrypt(bytes(Source.objects.get().secret or b"")) == "s3cret-s3cret"


def test_a_ping_reports_the_workflow_of_its_name(team: Team) -> None:
    add(team, "ping", "--name", "Backup")
    with team_context(team.id):
        assert Source.objects.get().workflow == "Backup"


def test_without_json_it_prints_a_line_each(team: Team) -> None:
    out = StringIO()
    call_command("add_source", "--team", team.slug, "--kind", "ping", stdout=out)
    assert [line.split()[0] for line in out.getvalue().splitlines()] == ["team", "id", "kind", "name", "address"]


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--kind", "carrier-pigeon"), "--kind: carrier-pigeon is no kind of source. One of: rest, otlp, langsmith"),
        (("--kind", "rest", "--team", "nobody"), "--team: no team has the slug nobody"),
        (("--kind", "rest", "--name", "n" * 121), "--name: 121 characters are too many, at most 120"),
        (("--kind", "rest", "--workflow", "a\0b"), "--workflow: holds a character that cannot be stored"),
        (
            ("--kind", "rest", "--secret", "12345678"),
            "--secret: reports of kind rest are not signed; those of standard",
        ),
    ],
)
def test_mistakes_are_named(team: Team, options: tuple[str, ...], reason: str) -> None:
    with pytest.raises(CommandError) as error:
        call_command("add_source", "--team", team.slug, *options)
    assert str(error.value).startswith(reason)
    with team_context(team.id):
        assert not Source.objects.exists()
