"""Looks at PostgreSQL: the server, migrations, the application's role, row-level security, partitions, secrets."""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection
from django.utils import timezone

from accounts.services.secret_rotation import tell_readable
from config.connecting import APP_ROLE
from config.doctor.finding import Finding, broken, caution, ok
from config.health import CHECKS

OLDEST_MAJOR = 14
# Seconds that the clocks of two machines may differ: alerts look at windows of a minute.
MOST_SKEW = 2.0
_ROLE = """SELECT rolname, rolsuper, rolbypassrls,
    (SELECT count(*) FROM pg_class c WHERE c.relowner = r.oid AND c.relkind IN ('r', 'p')
        AND c.relnamespace = 'public'::regnamespace)
    FROM pg_roles r WHERE rolname = current_user"""
# Migrations make the policy and force it together: a table with the one and without the other was changed by hand.
_GUARDED = """SELECT DISTINCT c.relname, c.relrowsecurity AND c.relforcerowsecurity FROM pg_policy p
    JOIN pg_class c ON c.oid = p.polrelid WHERE c.relnamespace = 'public'::regnamespace ORDER BY 1"""
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
    early, late = before - at, at - timezone.now()
    return float(max(early.total_seconds(), late.total_seconds(), 0.0))


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
        mend = f"Connect as {APP_ROLE}, or a role in it that is none of this (docs/operations.md)."
        return [broken("role", f"{name} {' and '.join(faults)}, so teams are kept apart by queries alone", mend)]
    return [ok("role", f"{name} owns no table and obeys row-level security")]


def see_policies(_now: datetime) -> Sequence[Finding]:
    """Whether row-level security holds wherever there is a policy, for the owner too."""
    with connection.cursor() as cursor:
        cursor.execute(_GUARDED)
        tables = dict(cursor.fetchall())
    unguarded = [name for name, is_forced in tables.items() if not is_forced]
    if unguarded or not tables:
        mend = "Migrate again from the last backup: somebody switched it off by hand."
        return [broken("row-level security", f"is off for {', '.join(unguarded) or 'all tables'}", mend)]
    return [ok("row-level security", f"forced on {len(tables)} tables")]


def see_partitions(now: datetime) -> Sequence[Finding]:
    """Whether records of the coming days have a place."""
    with connection.cursor() as cursor:
        cursor.execute(_LAST_DAY)
        (last,) = cursor.fetchone()
    if last is None:
        return [caution("partitions", "there are none yet", "Start the worker and the beat: they make them.")]
    day = datetime.strptime(last, "%Y%m%d").replace(tzinfo=now.tzinfo).date()
    if day < now.date():
        mend = "See that worker and beat run: the task monitoring.tasks.make_partitions makes them a week ahead."
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
