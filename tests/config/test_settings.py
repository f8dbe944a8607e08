"""Settings as the environment makes them, read by a process of their own."""

import os
import subprocess
import sys


def said(expression: str, **environment: str) -> str:
    """What the settings say in this environment."""
    told = f"from config import settings as s; print({expression})"
    own = {**os.environ, "SECRET_KEY": "k" * 50, **environment}
    return subprocess.run(
        [sys.executable, "-c", told], env=own, capture_output=True, text=True, check=True
    ).stdout.strip()


def test_cookies_are_bound_to_this_host_where_there_is_tls() -> None:
    names = "s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE"
    assert said(names, BASE_URL="https://runs.example") == "__Host-sessionid __Host-csrftoken True True"
    assert said(names, BASE_URL="http://127.0.0.1") == "sessionid csrftoken False False"


def test_tls_to_the_database_is_asked_for_in_its_address() -> None:
    url = "postgresql://app@db.example/x?sslmode=verify-full&sslrootcert=/ca.pem&options=-crole%3Dx"
    told = said("sorted(s.DATABASES['default']['OPTIONS'].items())", DATABASE_URL=url, DATABASE_OWNER_URL="")
    assert "('sslmode', 'verify-full'), ('sslrootcert', '/ca.pem')" in told
    assert "role=x" not in told


def test_people_are_led_to_tls_and_programs_are_not() -> None:
    told = said("s.SECURE_SSL_REDIRECT, s.SECURE_REDIRECT_EXEMPT", BASE_URL="https://runs.example", TRUSTED_PROXIES="1")
    assert told.startswith("True")
    assert "'^api/v1/'" in told
    assert "sign" not in told
