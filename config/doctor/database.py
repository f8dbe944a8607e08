"""Looks at PostgreSQL: the server, migrations, the application's role, row-level security, partitions, secrets."""

from collections.abc import Sequence
from datetime import datetime

from django.apps import apps
from django.conf import settings
from django.db import connection
from django.utils import timezone

from accounts.services.secret_rotation import tell_readable
from accounts.tenancy import TenantModel
from config.doctor.finding import Finding, broken, caution, ok
from config.health import CHECKS

OLDEST_MAJOR = 14
# Seconds that the clocks of two machines may differ: alerts look at windows of a minute.
MOST_SKEW = 2.0
# Partitions are made a week ahead; with fewer days left, nobody makes them any more.
LEAST_DAYS = 2
_ROLE = """SELECT rolname, rolsuper, rolbypassrls,
    (SELECT count(*) FROM pg_class c WHERE c.relowner = r.oid AND c.relkind IN ('r', 'p')
        AND c.relnamespace = 'public'::regnamespace)
    FROM pg_roles r WHERE rolname = current_user"""
_OPEN = """SELECT relname FROM pg_class WHERE relname = ANY(%s) AND relnamespace = 'public'::regnamespace
    AND NOT (relrowsecurity AND relforcerowsecurity) ORDER BY 1"""
_LAST_DAY = """SELECT max(substring(relname FROM '\\d{8}$')) FROM pg_class
    WHERE relispartition AND relname ~ '^step_p_\\d{8}$'"""


def see_server(_now: datetime) -> Sequence[Finding]:
    """Whether the server answers, its version, and whether its clock is ours."""
    told = CHECKS["database"]()
    if told != "ok":
        return [broken("database", told, "Start PostgreSQL, or mend DATABASE_URL.")]
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version'), current_setting('server_version_num')::int")
        version, number = cursor.fetchone()
    if number // 10_000 < OLDEST_MAJOR:
        return [broken("database", f"PostgreSQL {version}", f"Move to PostgreSQL {OLDEST_MAJOR} or later.")]
    found = [ok("database", f"PostgreSQL {version}")]
    if (skew := _skew()) > MOST_SKEW:
        mend = "Let both machines follow the same time server: windows of alerts go by both clocks."
        found.append(caution("database", f"its clock differs from ours by {skew:.1f} s", mend))
    return found


def _skew() -> float:
    """By how much (seconds) the server's clock differs from ours, at least: an answer takes a while."""
    before = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        (at,) = cursor.fetchone()
    after = timezone.now()
    return max((before - at).total_seconds(), (at - after).total_seconds(), 0.0)


def see_migrations(_now: datetime) -> Sequence[Finding]:
    """Whether the database has what this release needs."""
    told = CHECKS["migrations"]()
    if told == "ok":
        return [ok("migrations", "all applied")]
    return [broken("migrations", told, "Run `make upgrade`, or `manage.py migrate --database owner`.")]


def see_role(_now: datetime) -> Sequence[Finding]:
    """Whether row-level security binds the role that the application connects as."""
    with connection.cursor() as cursor:
        cursor.execute(_ROLE)
        name, is_super, bypasses, owned = cursor.fetchone()
    faults = [
        *(["is a superuser"] if is_super else []),
        *(["bypasses row-level security"] if bypasses else []),
        *([f"owns {owned} tables"] if owned else []),
    ]
    if faults:
        mend = f"Connect as {settings.APP_ROLE}, or a role in it that is none of this (docs/operations.md)."
        return [broken("role", f"{name} {' and '.join(faults)}, so teams are kept apart by queries alone", mend)]
    return [ok("role", f"{name} owns no table and obeys row-level security")]


def see_policies(_now: datetime) -> Sequence[Finding]:
    """Whether each table of a team has row-level security, for its owner too."""
    tables = sorted({model._meta.db_table for model in apps.get_models() if issubclass(model, TenantModel)})
    with connection.cursor() as cursor:
        cursor.execute(_OPEN, [tables])
        unguarded = [name for (name,) in cursor.fetchall()]
    if unguarded:
        mend = "Migrate again from the last backup: somebody switched it off by hand."
        return [broken("row-level security", f"is off for {', '.join(unguarded)}", mend)]
    return [ok("row-level security", f"forced on {len(tables)} tables")]


def see_partitions(now: datetime) -> Sequence[Finding]:
    """Whether records of the coming days have a place."""
    with connection.cursor() as cursor:
        cursor.execute(_LAST_DAY)
        (last,) = cursor.fetchone()
    if last is None:
        return [caution("partitions", "there are none yet", "Start the worker and the beat: they make them.")]
    day = datetime.strptime(last, "%Y%m%d").replace(tzinfo=now.tzinfo).date()
    left = (day - now.date()).days
    if left < LEAST_DAYS:
        mend = "See that worker and beat run: the task monitoring.tasks.make_partitions makes them each hour."
        return [caution("partitions", f"the last one is of {day:%-d %b %Y}", mend)]
    return [ok("partitions", f"made until {day:%-d %b %Y}")]


def see_secrets(_now: datetime) -> Sequence[Finding]:
    """Whether what is encrypted can be read with the keys in force."""
    found = list(tell_readable())
    lost = [f"{one.unreadable} of {one.column}" for one in found if one.unreadable]
    if lost:
        mend = "Give the key that they were encrypted with in SECRET_KEY_FALLBACKS, or enter them again."
        return [broken("secrets", f"no key reads {', '.join(lost)}", mend)]
    count, old = sum(one.kept + one.renewed for one in found), sum(one.renewed for one in found)
    if old:
        mend = "Run `manage.py rotate_secrets`, then take the old key out of SECRET_KEY_FALLBACKS."
        return [caution("secrets", f"{old} of {count} are encrypted with an older key", mend)]
    return [ok("secrets", f"{count} can be read" if count else "none are kept")]
