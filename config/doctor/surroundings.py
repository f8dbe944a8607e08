"""Looks at what is around the servers: settings, files of pages, disk, backups, e-mail, outgoing connections."""

from collections.abc import Sequence
from datetime import datetime
from smtplib import SMTPException
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core import checks, mail

from accounts.addresses import LOCAL_HOSTS
from config.administration.installation import read_backup, read_disk, read_outgoing
from config.doctor.finding import Finding, broken, caution, ok, unknown

# A style that every page has.
_A_FILE = "css/tokens.css"


def see_settings(_now: datetime) -> Sequence[Finding]:
    """What the system checks say; where others than this machine are served, those for production too."""
    found = []
    is_served = (urlsplit(settings.BASE_URL).hostname or "") not in LOCAL_HOSTS
    for one in checks.run_checks(include_deployment_checks=is_served):
        if one.level >= checks.WARNING and not one.is_silenced():
            make = broken if one.level >= checks.ERROR else caution
            found.append(make("settings", f"{one.id}: {one.msg}", one.hint or "See docs/operations.md."))
    return found or [ok("settings", "the system checks find nothing")]


def see_pages(_now: datetime) -> Sequence[Finding]:
    """Whether styles and scripts of pages are where the web server looks for them."""
    try:
        address = staticfiles_storage.url(_A_FILE)
    except ValueError:
        return [broken("pages", "their styles and scripts were not collected", "Run `python -m config.prepare`.")]
    return [ok("pages", f"styles and scripts are collected ({address})")]


def see_disk(_now: datetime) -> Sequence[Finding]:
    """Whether the data folder has room."""
    fact = read_disk()
    if fact.is_bad:
        return [caution("disk", fact.value, "Make room, or keep records for less time (Settings, Retention).")]
    return [ok("disk", fact.value)]


def see_backup(now: datetime) -> Sequence[Finding]:
    """When the last backup was made."""
    fact = read_backup(now)
    if fact.is_known:
        return [caution("backup", fact.value, "Run `make backup`.") if fact.is_bad else ok("backup", fact.value)]
    return [unknown("backup", fact.value, "Run `make backup`, daily.")]


def see_mail(_now: datetime) -> Sequence[Finding]:
    """Whether the mail server takes us. Nothing is sent."""
    server = settings.MAIL_SERVER
    if not server.host:
        return [ok("e-mail", "none: invitations and resets are links to copy")]
    connection = mail.get_connection(timeout=10)
    try:
        connection.open()
    except (SMTPException, OSError) as error:
        mend = "Mend EMAIL_URL, or ask who runs the server."
        return [broken("e-mail", f"{server.host}:{server.port} refused us ({type(error).__name__})", mend)]
    finally:
        connection.close()
    return [ok("e-mail", f"{server.host}:{server.port} takes us")]


def see_outgoing(_now: datetime) -> Sequence[Finding]:
    """Which uses are switched off."""
    off = [word for _, word, is_on in read_outgoing() if not is_on]
    return [ok("outgoing connections", f"switched off: {', '.join(off)}" if off else "all uses are on")]
