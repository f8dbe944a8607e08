"""`manage.py doctor`: what is broken is named with what to do about it, and the rest is looked at all the same."""

import json
import re
from datetime import timedelta
from io import StringIO
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.management import call_command
from django.db import OperationalError, connections
from django.test import override_settings
from django.utils import timezone
from redis import Redis

from accounts.encryption import encrypt
from accounts.mail import read_email_url
from accounts.models import AuditStream, AuditStreamDue, Team
from accounts.tenancy import team_context
from config import health
from config.doctor import LOOKS, Finding, Look, State, examine
from config.doctor.database import see_partitions, see_policies, see_role, see_secrets, see_server
from config.doctor.processes import see_broker, see_given_up, see_queues, see_workers
from config.doctor.surroundings import see_backup, see_mail, see_outgoing, see_pages, see_settings
from monitoring.models import DeliveryStatus, TrackerDelivery
from monitoring.store.partitions import forget_partitions, make_ahead
from tests.mailbox import mailbox

OLD, NEW = "an older key of this installation", "the key in force of this installation"


def only(found: Any) -> Finding:
    """The one thing that was found."""
    (one,) = found
    return one


def asked(*arguments: str) -> tuple[int, str]:
    """The exit code of the command, and what it said."""
    out, code = StringIO(), 0
    try:
        call_command("doctor", *arguments, stdout=out)
    except SystemExit as ended:
        code = int(str(ended.code))
    return code, out.getvalue()


@pytest.mark.django_db
def test_every_part_is_looked_at_and_a_dead_worker_is_named() -> None:
    code, said = asked("--json")
    told = json.loads(said)
    found = {one["part"]: one for one in told["findings"]}
    assert {look.part for look in LOOKS} == set(found)
    assert (code, told["is_well"]) == (1, False)
    assert found["workers"]["state"] == "broken"
    assert "config.worker" in found["workers"]["mend"]
    for part in ("database", "migrations", "role", "row-level security", "broker", "queues", "given up"):
        assert found[part]["state"] == "ok", found[part]
    assert all(one["mend"] for one in told["findings"] if one["state"] != "ok")


@pytest.mark.django_db
def test_the_text_says_what_to_do_below_what_is_broken() -> None:
    _, said = asked()
    lines = said.splitlines()
    at = next(n for n, line in enumerate(lines) if line.startswith("MEND workers"))
    assert "none answered" in lines[at]
    assert "Start `python -m config.worker`" in lines[at + 1]
    assert re.fullmatch(r"[1-9]\d* to mend, \d+ to look at\.", lines[-1])


def test_a_server_that_is_away_stops_no_other_look() -> None:
    def away(_now: Any) -> Any:
        raise OperationalError("gone")

    looks = [Look("partitions", away), Look("outgoing connections", see_outgoing)]
    first, second = examine(timezone.now(), looks)
    assert (first.part, first.state) == ("partitions", State.UNKNOWN)
    assert "OperationalError" in first.told
    assert second.state is State.OK


@pytest.mark.django_db
def test_a_clock_that_differs_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    assert only(see_server(timezone.now())).state is State.OK
    behind = SimpleNamespace(now=lambda: timezone.now() - timedelta(hours=1))
    monkeypatch.setattr("config.doctor.database.timezone", behind)
    _, skewed = see_server(timezone.now())
    assert skewed.state is State.CAUTION
    assert re.search(r"differs from ours by 3[56]\d\d\.\d s", skewed.told)


@pytest.mark.django_db(databases=["default", "owner"])
def test_a_role_that_owns_tables_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    assert only(see_role(timezone.now())).state is State.OK
    monkeypatch.setattr("config.doctor.database.connection", connections["owner"])
    one = only(see_role(timezone.now()))
    assert one.state is State.BROKEN
    assert "owns" in one.told
    assert "steadyrun_app" in one.mend


@pytest.mark.django_db(databases=["default", "owner"], transaction=True)
def test_a_table_without_row_level_security_is_named() -> None:
    assert only(see_policies(timezone.now())).state is State.OK
    with connections["owner"].cursor() as cursor:
        cursor.execute("ALTER TABLE label DISABLE ROW LEVEL SECURITY")
        try:
            one = only(see_policies(timezone.now()))
        finally:
            cursor.execute("ALTER TABLE label ENABLE ROW LEVEL SECURITY")
    assert (one.state, one.told) == (State.BROKEN, "is off for label")


@pytest.mark.django_db
def test_partitions_that_nobody_makes_are_told() -> None:
    now = timezone.now()
    forget_partitions()
    make_ahead(now.date())
    assert only(see_partitions(now)).state is State.OK
    late = only(see_partitions(now + timedelta(days=8)))
    assert late.state is State.CAUTION
    assert "make_partitions" in late.mend


def keep_secret(team: Team, secret: bytes) -> None:
    """An audit stream whose secret is this."""
    with team_context(team.id):
        AuditStream.objects.create(
            team_id=team.id, url="https://siem.example/", secret=secret, created_at=timezone.now(), since=timezone.now()
        )


def test_a_secret_of_an_older_key_is_told_and_one_of_no_key_is_broken(team: Team) -> None:
    with override_settings(SECRET_KEY=OLD):
        keep_secret(team, encrypt("whsec_1"))
    with override_settings(SECRET_KEY=NEW, SECRET_KEY_FALLBACKS=[OLD]):
        older = only(see_secrets(timezone.now()))
        assert (older.state, older.told) == (State.CAUTION, "1 of 1 are encrypted with an older key")
        assert "rotate_secrets" in older.mend
    with override_settings(SECRET_KEY=NEW):
        lost = only(see_secrets(timezone.now()))
        assert lost.state is State.BROKEN
        assert "1 of audit_stream.secret" in lost.told


def test_secrets_that_can_be_read_are_counted(team: Team) -> None:
    assert only(see_secrets(timezone.now())).told == "none are kept"
    keep_secret(team, encrypt("whsec_1"))
    assert only(see_secrets(timezone.now())).told == "1 can be read"


def test_a_broker_that_is_away_is_broken(settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    one = only(see_broker(timezone.now()))
    assert one.state is State.BROKEN
    assert "REDIS_URL" in one.mend
    health._client.cache_clear()


def test_a_broker_that_throws_keys_away_is_told(settings: Any) -> None:
    client = Redis.from_url(settings.REDIS_URL)
    client.config_set("maxmemory", "200mb")
    client.config_set("maxmemory-policy", "allkeys-lru")
    try:
        _, one = see_broker(timezone.now())
    finally:
        client.config_set("maxmemory-policy", "noeviction")
        client.config_set("maxmemory", "0")
        client.close()
    assert one.state is State.CAUTION
    assert "allkeys-lru" in one.told


def test_workers_that_do_not_answer_are_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("config.doctor.processes.PATIENCE", 0.2)
    assert only(see_workers(timezone.now())).state is State.BROKEN


def test_what_waits_for_too_long_is_told_with_its_age(team: Team) -> None:
    now = timezone.now()
    AuditStreamDue.objects.create(team_id=team.id, due_at=now - timedelta(hours=2))
    one = only(see_queues(now))
    assert one.state is State.CAUTION
    assert "audit logs to push: 1, the oldest for 2 h" in one.told


def test_what_was_given_up_is_counted(team: Team) -> None:
    with team_context(team.id):
        TrackerDelivery.objects.create(
            team_id=team.id, kind="test", payload={}, created_at=timezone.now(), status=DeliveryStatus.FAILED
        )
    one = only(see_given_up(timezone.now()))
    assert one.state is State.CAUTION
    assert one.told == "tracker messages: 1"
    assert "/given-up/" in one.mend


def test_faults_of_settings_are_told(settings: Any) -> None:
    settings.SIGN_UP = "everybody"
    found = {one.told.partition(":")[0]: one for one in see_settings(timezone.now())}
    assert found["steadyrun.E020"].state is State.BROKEN


def test_what_is_served_to_others_is_checked_for_production(settings: Any) -> None:
    settings.BASE_URL = "http://127.0.0.1:8000"
    assert not any("W012" in one.told for one in see_settings(timezone.now()))
    settings.BASE_URL = "http://steadyrun.example"
    assert any("steadyrun.W001" in one.told for one in see_settings(timezone.now()))


def test_pages_without_their_files_are_broken(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert only(see_pages(timezone.now())).state is State.OK

    def missing(_name: str) -> str:
        raise ValueError("no entry in the manifest")

    monkeypatch.setattr("config.doctor.surroundings.staticfiles_storage.url", missing)
    assert only(see_pages(timezone.now())).state is State.BROKEN


def test_a_mail_server_is_asked_and_nothing_sent(settings: Any) -> None:
    assert "links to copy" in only(see_mail(timezone.now())).told
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    with mailbox() as box:
        settings.MAIL_SERVER = read_email_url(f"smtp://127.0.0.1:{box.port}")
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", box.port
        assert only(see_mail(timezone.now())).state is State.OK
        assert box.got == []
    assert only(see_mail(timezone.now())).state is State.BROKEN


def test_a_backup_that_is_kept_elsewhere_is_unknown_and_an_old_one_is_told(settings: Any, tmp_path: Any) -> None:
    settings.HOME = tmp_path
    assert only(see_backup(timezone.now())).state is State.UNKNOWN
    folder = tmp_path / "backups" / "one"
    folder.mkdir(parents=True)
    (folder / "backup.json").write_text(json.dumps({"made_at": (timezone.now() - timedelta(days=5)).isoformat()}))
    assert only(see_backup(timezone.now())).state is State.CAUTION


def test_what_the_settings_leave_to_the_operator_is_not_told(settings: Any) -> None:
    settings.BASE_URL, settings.ALLOWED_HOSTS = "https://runs.example", ["runs.example"]
    settings.SECURE_HSTS_SECONDS = 3600
    told = " ".join(one.told for one in see_settings(timezone.now()))
    assert "W012" in told
    assert [one for one in settings.SILENCED_SYSTEM_CHECKS if one in told] == []
