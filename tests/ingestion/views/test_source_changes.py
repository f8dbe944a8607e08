"""Adding, changing and removing sources on their pages: by those who may, with their secrets shown once."""

import base64
import re
from html import unescape

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from accounts.encryption import decrypt
from accounts.models import ApiKey, Membership, Team, User
from accounts.permissions import Role
from accounts.tenancy import team_context
from ingestion import ledger
from ingestion.intake import take_in
from ingestion.kinds import KINDS, Completeness, SourceKind
from ingestion.ledger import Receipt
from ingestion.models import Source, SourceAddress, SourceHour, SourceReceipt
from ingestion.records import Decoded, LooseLine
from ingestion.services.sources import create_source
from ingestion.snippets import CLIENTS
from ingestion.sources import find_by_address, find_by_key, forget_sources, info_of
from monitoring.models import Execution
from tests.factories import report

FORM = {"name": "Agent", "environment": "staging", "workflow": "W", "completeness": "", "sample_rate": ""}
CHANGES = ("settings/", "settings/switch/", "settings/address/", "settings/secret/", "settings/delete/")


@pytest.fixture(autouse=True)
def _nothing_remembered() -> None:
    forget_sources()


@pytest.fixture
def hook(team: Team) -> Source:
    with team_context(team.id):
        return create_source(team=team, kind=SourceKind.GITHUB, name="CI", secret="old secret").source


def address(source: Source, part: str) -> str:
    return f"/t/{source.team.slug}/sources/{source.id}/{part}"


def add_address(team: Team, client: str) -> str:
    return f"/t/{team.slug}/sources/add/{client}/"


def blocks(text: str) -> dict[str, str]:
    """The code blocks of a page by their ids."""
    found = re.findall(r'<pre class="code"\s+id="([^"]+)"[^>]*>(.*?)</pre>', text, re.S)
    return {name: unescape(body) for name, body in found}


def test_all_clients_are_offered_in_groups(member_client: Client, team: Team) -> None:
    text = member_client.get(f"/t/{team.slug}/sources/add/").content.decode()
    assert re.findall(r"<h2>([^<]+)</h2>", text)[-6:] == [
        "Code", "Automation tools", "CI", "Cron", "Logs", "Alerts and webhooks",
    ]  # fmt: skip
    for slug, client in CLIENTS.items():
        assert f'href="{add_address(team, slug)}"' in text
        assert client.label in text


@pytest.mark.parametrize("slug", list(CLIENTS))
def test_every_client_can_be_added(member_client: Client, member: User, team: Team, slug: str) -> None:
    client = CLIENTS[slug]
    assert member_client.get(add_address(team, slug)).status_code == 200
    response = member_client.post(add_address(team, slug), FORM)
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    shown = blocks(response.content.decode())
    with team_context(team.id):
        (source,) = Source.objects.all()
    assert (source.kind, source.environment, source.workflow) == (client.kind, "staging", "W")
    if KINDS[client.kind].has_address:
        assert shown["new-address"].endswith(source.address)
        assert ("new-secret" in shown) == (client.kind != SourceKind.PING)
        assert any(source.address in text for name, text in shown.items() if name.startswith("snippet"))
    else:
        key = ApiKey.objects.get(id=source.api_key_id)
        assert shown["new-key"].startswith(f"sr_{key.prefix}_")
        assert key.created_by == member
        assert any(shown["new-key"] in text for name, text in shown.items() if name.startswith("snippet"))
        assert shown["new-address"].startswith(settings.BASE_URL)


def test_key_and_secret_are_shown_once(member_client: Client, team: Team) -> None:
    shown = blocks(member_client.post(add_address(team, "github"), FORM).content.decode())
    with team_context(team.id):
        source = Source.objects.get()
    assert decrypt(bytes(source.secret or b"")) == shown["new-secret"]
    for part in ("", "set-up/", "settings/", "waiting/"):
        assert shown["new-secret"] not in member_client.get(address(source, part)).content.decode()


def test_a_secret_of_ones_own_is_kept_and_none_is_possible(member_client: Client, team: Team) -> None:
    member_client.post(add_address(team, "github"), {**FORM, "secret": "my own secret"})
    member_client.post(add_address(team, "gitlab"), {**FORM, "unsigned": "on"})
    with team_context(team.id):
        mine, none = Source.objects.get(kind="github"), Source.objects.get(kind="gitlab")
    assert decrypt(bytes(mine.secret or b"")) == "my own secret"
    assert none.secret is None


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ({"name": ""}, "Give the source a name."),
        ({"name": "n" * 121}, "at most 120 characters"),
        ({"completeness": "perhaps"}, "perhaps is not one of the available choices"),
        ({"completeness": "sampled"}, "A sampled source needs N"),
        ({"completeness": "sampled", "sample_rate": "1"}, "N is at least 2"),
        ({"completeness": "sampled", "sample_rate": "many"}, "N is a whole number"),
        ({"secret": "short"}, "A secret has at least 8 characters."),
        ({"workflow": "a\0b"}, "Null characters are not allowed."),
    ],
)
def test_mistakes_are_named_and_nothing_is_made(
    member_client: Client, team: Team, told: dict[str, str], reason: str
) -> None:
    response = member_client.post(add_address(team, "github"), {**FORM, **told})
    assert response.status_code == 422
    assert reason in unescape(response.content.decode())
    with team_context(team.id):
        assert not Source.objects.exists()


def test_a_standard_webhooks_secret_has_its_form(member_client: Client, team: Team) -> None:
    response = member_client.post(add_address(team, "standard-webhooks"), {**FORM, "secret": "not of that form"})
    assert response.status_code == 422
    shown = blocks(member_client.post(add_address(team, "standard-webhooks"), FORM).content.decode())
    assert shown["new-secret"].startswith("whsec_")


WHPK = "whpk_" + base64.b64encode(b"p" * 32).decode()


@pytest.mark.parametrize(
    ("slug", "secret", "reason"),
    [
        ("standard-webhooks", "whpk_AAAAAAAA", "base64 of 32 bytes"),
        ("standard-webhooks", WHPK.replace("whpk_", "whsk_"), "private key"),
        ("webhook", WHPK.replace("whpk_", "whsk_"), "private key"),
    ],
)
def test_keys_that_verify_nothing_are_refused(
    member_client: Client, team: Team, slug: str, secret: str, reason: str
) -> None:
    response = member_client.post(add_address(team, slug), {**FORM, "secret": secret})
    assert response.status_code == 422
    assert reason in unescape(response.content.decode())


def test_a_public_key_is_kept_and_shown_as_no_secret(member_client: Client, team: Team) -> None:
    assert "public key" in member_client.get(add_address(team, "standard-webhooks")).content.decode()
    response = member_client.post(add_address(team, "standard-webhooks"), {**FORM, "secret": WHPK})
    assert response.status_code == 200
    assert WHPK not in response.content.decode()
    with team_context(team.id):
        assert decrypt(bytes(Source.objects.get().secret or b"")) == WHPK


def test_an_unknown_client_is_not_found(member_client: Client, team: Team) -> None:
    assert member_client.get(add_address(team, "fax")).status_code == 404


def test_settings_are_saved(member_client: Client, hook: Source) -> None:
    told = {**FORM, "completeness": "sampled", "sample_rate": "20"}
    assert member_client.post(address(hook, "settings/"), told).status_code == 302
    with team_context(hook.team_id):
        source = Source.objects.get()
    assert (source.name, source.environment, source.workflow) == ("Agent", "staging", "W")
    assert (source.completeness, source.sample_rate) == (Completeness.SAMPLED, 20)
    assert "Sampled at 1 in 20" in member_client.get(address(hook, "")).content.decode()
    member_client.post(address(hook, "settings/"), {**told, "completeness": "complete"})
    with team_context(hook.team_id):
        assert Source.objects.values_list("completeness", "sample_rate").get() == ("complete", None)
    member_client.post(address(hook, "settings/"), {**told, "completeness": ""})
    with team_context(hook.team_id):
        assert Source.objects.values_list("completeness", "sample_rate").get() == ("", None)


def test_wrong_settings_change_nothing(member_client: Client, hook: Source) -> None:
    response = member_client.post(address(hook, "settings/"), {**FORM, "name": ""})
    assert response.status_code == 422
    with team_context(hook.team_id):
        assert Source.objects.get().name == "CI"


def test_an_error_workflow_tells_failures_only_by_nature(member_client: Client, team: Team) -> None:
    text = member_client.get(add_address(team, "n8n-errors")).content.decode()
    assert re.search(r'value=""\s+checked>Automatic: failures only', text)


def test_a_source_is_switched_off_and_on(
    member_client: Client, hook: Source, django_capture_on_commit_callbacks: object
) -> None:
    for expected in (False, True):
        assert find_by_address(hook.address) is not None
        with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
            member_client.post(address(hook, "settings/switch/"))
        found = find_by_address(hook.address)
        assert found is not None
        assert found.is_active is expected


def test_a_new_address_replaces_the_old_one(
    member_client: Client, hook: Source, django_capture_on_commit_callbacks: object
) -> None:
    assert find_by_address(hook.address) is not None
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        member_client.post(address(hook, "settings/address/"))
    assert find_by_address(hook.address) is None
    fresh = SourceAddress.objects.get(source_id=hook.id)
    assert fresh.address != hook.address
    assert fresh.address in member_client.get(address(hook, "settings/")).content.decode()


def test_a_secret_is_replaced_and_taken_away(member_client: Client, hook: Source) -> None:
    for text, expected in (("a new secret", "a new secret"), ("short", "a new secret"), ("", None)):
        member_client.post(address(hook, "settings/secret/"), {"secret": text})
        with team_context(hook.team_id):
            kept = Source.objects.get().secret
        assert (decrypt(bytes(kept)) if kept else None) == expected


def test_removing_a_source_leaves_its_executions(member_client: Client, team: Team) -> None:
    now = timezone.now()
    with team_context(team.id):
        source = create_source(team=team, kind=SourceKind.OTLP, name="Agent").source
    told = Decoded(reports=[(0, report())], lines=[(1, LooseLine(message="x"))], unknown={"a": "int"})
    take_in(info_of(source), told, now=now, byte_count=1)
    ledger.fold()
    with team_context(team.id):
        ledger.record(Receipt(info_of(source), now, 1))
    response = member_client.post(address(source, "settings/delete/"))
    assert response["Location"] == f"/t/{team.slug}/sources/"
    with team_context(team.id):
        assert Execution.objects.count() == 1
        assert not Source.objects.exists()
        assert not SourceHour.objects.exists()
    assert not SourceReceipt.objects.exists()
    assert ApiKey.objects.get(id=source.api_key_id).revoked_at is not None


def test_a_key_that_others_use_stays_when_a_source_goes(member_client: Client, team: Team) -> None:
    now, key = timezone.now(), ApiKey.objects.get(team=team)
    info = find_by_key(key, SourceKind.REST, now)
    find_by_key(key, SourceKind.LOKI, now)
    with team_context(team.id):
        source = Source.objects.get(id=info.id)
    member_client.post(address(source, "settings/delete/"))
    key.refresh_from_db()
    assert key.revoked_at is None


@pytest.mark.parametrize("part", CHANGES)
def test_only_those_who_manage_keys_change_sources(
    client: Client, stranger_client: Client, member_client: Client, hook: Source, part: str
) -> None:
    assert client.post(address(hook, part))["Location"].startswith("/sign-in/")
    assert stranger_client.post(address(hook, part)).status_code == 404
    viewer = User.objects.create_user("viewer@harbour.test", "x")
    Membership.objects.create(team=hook.team, user=viewer, role=Role.OPERATOR)
    client.force_login(viewer)
    assert client.post(address(hook, part)).status_code == 404
    assert client.get(f"/t/{hook.team.slug}/sources/add/github/").status_code == 404
    assert client.get(f"/t/{hook.team.slug}/sources/add/").status_code == 404
    assert member_client.get(address(hook, part)).status_code == (200 if part == "settings/" else 405)
    with team_context(hook.team_id):
        assert Source.objects.filter(id=hook.id, is_active=True, address=hook.address).exists()
