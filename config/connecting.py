"""How processes connect to PostgreSQL: addresses of the environment as Django's settings.

`default` connects as the application's role, which owns nothing; `owner` is used by migrations alone.
"""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

APP_ROLE = "steadyrun_app"
DATABASE_URL = "postgresql://steadyrun_app@127.0.0.1:5432/steadyrun"
TLS_OPTIONS = ("sslmode", "sslrootcert", "sslcert", "sslkey")
# A pooler that gives a connection to the server for one transaction at a time (PgBouncer's `pool_mode = transaction`).
TRANSACTION = "transaction"
POOLERS = ("", TRANSACTION)
# A server that says nothing any more is given up within half a minute; the system alone would wait for a quarter of an
# hour where something was sent, and for hours where not. Seconds, the last one in ms.
SILENCE = {
    **{"connect_timeout": 5, "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3},
    "tcp_user_timeout": 30_000,
}
# A replica that does not answer must not hold a page for the minutes that the system allows.
REPLICA_SECONDS = 2
# How long somebody waits for a connection, and how long a pool tries to connect before it begins anew: it doubles its
# pauses, and would come back when an outage was over for as long as it had lasted, up to five minutes.
POOL_SECONDS, RECONNECT_SECONDS = 10, 2


def read_databases(environment: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Django's `DATABASES`. Raises `SystemExit` with one line where addresses and pooler do not fit together."""
    app = environment.get("DATABASE_URL") or DATABASE_URL
    owner = environment.get("DATABASE_OWNER_URL") or app
    pooler = environment.get("DATABASE_POOLER", "")
    size = int(environment.get("DATABASE_POOL_SIZE", "12"))
    if pooler not in POOLERS:
        raise SystemExit(f"DATABASE_POOLER is {pooler}: it takes {TRANSACTION}, which is safe for other modes too")
    if pooler and owner == app:
        raise SystemExit(
            "DATABASE_POOLER needs two addresses: DATABASE_URL as steadyrun_app through the pooler, and "
            "DATABASE_OWNER_URL as the owner, to PostgreSQL itself (docs/deployment.md)"
        )
    # Given only one address it is the owner's: the application then takes on its own role when it connects.
    role = APP_ROLE if owner == app else ""
    found = {
        "default": read_address(app, role=role, pool_size=size, pooler=pooler),
        "owner": read_address(owner),
    }
    if replica := environment.get("DATABASE_REPLICA_URL"):
        found["replica"] = read_address(replica, role=role, pool_size=size, pooler=pooler)
        found["replica"]["OPTIONS"]["connect_timeout"] = REPLICA_SECONDS
        # Also when its machine is gone, and says nothing any more (ms).
        found["replica"]["OPTIONS"]["tcp_user_timeout"] = REPLICA_SECONDS * 1000
        found["replica"]["OPTIONS"]["pool"]["timeout"] = REPLICA_SECONDS
    return found


def try_on(pool: Any) -> None:
    """Lets a pool that has given up begin anew where somebody waits: by itself it would with the next one who comes."""
    with pool._lock:
        if pool._waiting:
            pool._maybe_grow_pool()


def read_address(url: str, *, role: str = "", pool_size: int = 0, pooler: str = "") -> dict[str, Any]:
    """Django's settings for one `postgresql://` address; `role` is taken on at connect, a pool keeps connections."""
    parts = urlsplit(url)
    # Statements that are run past Django's cursor are prepared when they are first used; behind a pooler never, because
    # the next transaction may meet another connection of the server.
    options: dict[str, Any] = {"prepare_threshold": None if pooler else 0, **SILENCE}
    # `?sslmode=verify-full&sslrootcert=/path`: TLS to a server of one's own.
    options |= {name: value for name, value in parse_qsl(parts.query) if name in TLS_OPTIONS}
    if role:
        options["options"] = f"-c role={role}"
    if pool_size:
        options["pool"] = {
            "min_size": 1,
            "max_size": pool_size,
            "timeout": POOL_SECONDS,
            "reconnect_timeout": RECONNECT_SECONDS,
            "reconnect_failed": try_on,
        }
    return {
        "ENGINE": "accounts.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "OPTIONS": options,
        "CONN_HEALTH_CHECKS": False,
        # Read by accounts/postgresql.
        "TRANSACTION_POOLED": bool(pooler),
    }
