"""Key rotation: every secret that is kept is encrypted anew, none is missed, and stopping in between loses nothing."""

import pytest
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import models
from django.test import override_settings

from accounts.encryption import EncryptedField, decrypt, encrypt, is_newest
from accounts.models import InstallationEvent, Team, TeamIdentityProvider, User
from accounts.services.secret_rotation import encrypted_columns, rotate
from accounts.tenancy import team_context
from alerts.models import Channel

pytestmark = pytest.mark.django_db
OLD, NEW = "an older key of this installation", "the key in force of this installation"
# Columns of bytes that hold no secret: documents, packed rows, hashes of keys.
PLAIN = {
    ("accounts_apikey", "secret_hash"),
    ("invitation", "token_hash"),
    ("delivery", "body"),
    ("diagnosis", "document"),
    ("examination", "document"),
    ("execution", "facet_ids"),
    ("healthy_reference", "document"),
    ("outbox_item", "payload"),
    ("payload", "body"),
}


def channel(team: Team, name: str, secret: str | None) -> Channel:
    with team_context(team.id):
        return Channel.objects.create(
            team=team, kind="webhook", name=name, settings={}, secrets=encrypt(secret) if secret else None
        )


def kept(team: Team, one: Channel) -> bytes:
    with team_context(team.id):
        return bytes(Channel.objects.get(id=one.id).secrets or b"")


def test_every_column_of_bytes_is_known_as_secret_or_as_none() -> None:
    columns = {
        (model._meta.db_table, field.attname)
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if isinstance(field, models.BinaryField) and not isinstance(field, EncryptedField)
    }
    assert columns <= PLAIN
    assert (Channel, "secrets") in encrypted_columns()


def test_secrets_of_all_teams_are_under_the_new_key_alone(team: Team) -> None:
    other = Team.objects.create(name="Mountain", slug="mountain")
    with override_settings(SECRET_KEY=OLD):
        mine, theirs, none = channel(team, "A", "one"), channel(other, "B", "two"), channel(team, "C", None)
    with override_settings(SECRET_KEY=NEW, SECRET_KEY_FALLBACKS=[OLD]):
        done = {one.column: one for one in rotate()}
        assert (done[f"{Channel._meta.db_table}.secrets"].renewed, sum(one.unreadable for one in done.values())) == (
            2,
            0,
        )
        assert sum(one.renewed for one in rotate()) == 0
    with override_settings(SECRET_KEY=NEW, SECRET_KEY_FALLBACKS=[]):
        assert (decrypt(kept(team, mine)), decrypt(kept(other, theirs)), kept(team, none)) == ("one", "two", b"")
        assert is_newest(kept(team, mine))


def test_second_factors_and_secrets_of_providers_are_under_the_new_key_alone(team: Team, owner: User) -> None:
    with override_settings(SECRET_KEY=OLD):
        factor = Authenticator.objects.create(user=owner, type="totp", data={"secret": encrypt("S").decode(), "x": 1})
        provider = TeamIdentityProvider.objects.create(
            team=team, kind="oidc", name="Works", issuer="https://id.example", secret=encrypt("C").decode()
        )
    with override_settings(SECRET_KEY=NEW, SECRET_KEY_FALLBACKS=[OLD]):
        assert sum(one.renewed for one in rotate()) == 2
    factor.refresh_from_db()
    provider.refresh_from_db()
    with override_settings(SECRET_KEY=NEW, SECRET_KEY_FALLBACKS=[]):
        assert (decrypt(factor.data["secret"].encode()), factor.data["x"]) == ("S", 1)
        assert decrypt(provider.secret.encode()) == "C"


def test_what_no_key_reads_is_left_as_it_is_and_said(team: Team) -> None:
    with override_settings(SECRET_KEY="a key that is lost"):
        lost = channel(team, "A", "one")
    before = kept(team, lost)
    with override_settings(SECRET_KEY=NEW), pytest.raises(CommandError, match="SECRET_KEY_FALLBACKS"):
        call_command("rotate_secrets")
    assert kept(team, lost) == before
    assert InstallationEvent.objects.filter(action="secrets.rotated", via="command").exists()
