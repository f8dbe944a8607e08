"""The installation itself: versions, sizes, disk, backups, who may sign up, which outgoing connections are on."""

import json
import platform
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import django
from django.conf import settings
from django.db import DatabaseError, connection
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from redis import Redis, RedisError

from accounts import formats
from accounts.models import InstallationStream, Team, User
from accounts.outgoing_uses import USES, About, is_on
from accounts.services.sign_up import sign_up_mode
from monitoring.wording import bytes_size, count

# Below this share of free space, the disk is shown as a problem.
LEAST_FREE = 0.1
# A backup that is older is shown as one.
OLD_BACKUP = timedelta(days=2)
_SIGN_UP = {
    "open": gettext_noop("open: anybody may make an account"),
    "invitation": gettext_noop("by invitation"),
    "closed": gettext_noop("closed: nobody may make an account"),
}
_TIMEOUT = 0.5


@dataclass(frozen=True, slots=True)
class Fact:
    """One line about the installation; `is_bad` asks for somebody to look. Not known here: `is_known` is False."""

    label: str
    value: str
    is_bad: bool = False
    is_known: bool = True


def read_counts(now: datetime) -> Sequence[Fact]:
    """Teams and people."""
    teams, users = Team.objects.all(), User.objects.all()
    suspended, closed = (
        teams.filter(suspended_at__isnull=False).count(),
        teams.filter(erased_from__isnull=False).count(),
    )
    staff = users.filter(is_staff=True, is_active=True).count()
    return [
        Fact(_("Teams"), count(teams.count())),
        Fact(_("suspended"), count(suspended)),
        Fact(_("being deleted"), count(closed)),
        Fact(_("People"), count(users.count())),
        Fact(_("signed in within 7 days"), count(users.filter(last_login__gt=now - timedelta(days=7)).count())),
        Fact(_("in the administration"), count(staff)),
    ]


def read_facts(now: datetime) -> Sequence[Fact]:
    """Versions, sizes, backups, sign-up."""
    # It loads what backups need.
    from config.backup import version

    return [
        Fact("Steadyrun", version()),
        Fact(_("Python, Django"), f"{platform.python_version()}, {django.get_version()}"),
        Fact("PostgreSQL", _told(_postgresql)),
        Fact(_("Valkey or Redis"), *_valkey()),
        Fact(_("Database"), bytes_size(_database_bytes())),
        read_disk(),
        read_backup(now),
        _log_stream(),
        Fact(_("Sign-up"), _(_SIGN_UP[sign_up_mode()])),
        Fact(_("E-mail"), settings.MAIL_SERVER.host or _("none: invitations and resets are links to copy")),
    ]


def read_outgoing() -> Sequence[tuple[About, str, bool]]:
    """Each use of outgoing connections, its word in `OUTGOING_OFF`, and whether it is on."""
    return [(about, str(use), is_on(use)) for use, about in USES.items()]


def _told(read: Callable[[], str]) -> str:
    try:
        return read()
    except DatabaseError as error:
        return _("not known ({reason})").format(reason=type(error).__name__)


def _postgresql() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version")
        return str(cursor.fetchone()[0])


def _database_bytes() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        return int(cursor.fetchone()[0])


def _valkey() -> tuple[str, bool]:
    """Its version with the hints that wait there; or that it is not reachable, which is a problem."""
    client = Redis.from_url(settings.REDIS_URL, socket_timeout=_TIMEOUT, socket_connect_timeout=_TIMEOUT)
    try:
        about, hints = client.info("server"), client.llen("celery")
    except (RedisError, OSError) as error:
        return _("not reachable ({reason})").format(reason=type(error).__name__), True
    finally:
        client.close()
    told = about.get("valkey_version") or about.get("redis_version", "")
    return _("{version}, {count} hints for the worker wait").format(version=told, count=hints), False


def read_disk() -> Fact:
    """Of the data folder."""
    found = shutil.disk_usage(next(one for one in (settings.HOME, *settings.HOME.parents) if one.exists()))
    value = _("{free} of {total} free where the data folder is").format(
        free=bytes_size(found.free), total=bytes_size(found.total)
    )
    return Fact(_("Disk"), value, found.free < LEAST_FREE * found.total)


def read_backup(now: datetime) -> Fact:
    """The newest backup in the data folder; others are not known here."""
    made = [at for one in Path(settings.HOME, "backups").glob("*/backup.json") if (at := _made_at(one))]
    if not made:
        none = _("none in the data folder; those kept elsewhere are not known here")
        return Fact(_("Newest backup"), none, is_known=False)
    age = now - max(made)
    value = _("{at} UTC, in the data folder").format(at=formats.moment(max(made)))
    return Fact(_("Newest backup"), value, age > OLD_BACKUP)


def _log_stream() -> Fact:
    """Where the log of the installation is pushed to; of the address the host alone, as the rest may be a secret."""
    label, host = _("Log of the installation"), urlsplit(settings.AUDIT_STREAM["url"]).hostname
    if not host:
        return Fact(label, _("pushed nowhere: AUDIT_STREAM_URL is not set"))
    stream = InstallationStream.objects.first()
    if stream is not None and stream.tries:
        value = _("not pushed to {host}: {reason}").format(host=host, reason=stream.last_error)
        return Fact(label, value, is_bad=True)
    if stream is None or stream.last_success_at is None:
        return Fact(label, _("pushed to {host}; nothing was sent yet").format(host=host))
    last = formats.moment(stream.last_success_at)
    return Fact(label, _("pushed to {host}, last at {at} UTC").format(host=host, at=last))


def _made_at(path: Path) -> datetime | None:
    try:
        return datetime.fromisoformat(json.loads(path.read_text())["made_at"])
    except (OSError, ValueError, KeyError):
        return None
