"""Every address is guarded, or stands in the short list of those that are public on purpose."""

from collections.abc import Iterator

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from rest_framework.permissions import IsAuthenticated

from accounts.authentication import (
    CanAlert,
    CanAudit,
    CanClassify,
    CanIngest,
    CanManage,
    CanRead,
    CanReadOrAlert,
    CanReadOrClassify,
    CanReadOrCost,
    CanRelease,
)
from accounts.models import Scope
from accounts.permissions import Permission
from ingestion.kinds import SourceKind

PUBLIC = {"api/schema/", "healthz", "readyz"} | {
    # Led to by a signed token in an e-mail, without signing in.
    "review/unsubscribe/<str:token>/",
    # Led to by a signed token in a notice, without signing in.
    "acknowledge/<str:token>/",
    # Led to by a secret token; a new person has no account yet.
    "invitation/<str:token>/",
    # Splunk's own clients and load balancers ask these without a key; nothing of a team is told.
    "services/collector/health",
    "services/collector/health/1.0",
    "services/collector/ack",
}
ALLOWED = {
    *(CanAlert, CanAudit, CanClassify, CanIngest, CanManage, CanRead, CanReadOrAlert, CanReadOrClassify, CanReadOrCost),
    CanRelease,
}
SIGNED_IN = {"", "preferences/time-zone/", "preferences/formats/", "preferences/single-keys/", "teams/new/"}
# Ways in, allauth's and ours; what stands below asks for a session itself (tested with each page).
SIGNING_IN = ("sign-in/", "sign-up/", "sign-out/", "account/")


def patterns(resolver: URLResolver, start: str = "") -> Iterator[tuple[str, URLPattern]]:
    """All addresses below a resolver, with their text."""
    for entry in resolver.url_patterns:
        text = start + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from patterns(entry, text)
        else:
            yield text, entry


ALL = [(text, entry) for text, entry in patterns(get_resolver()) if not text.startswith("admin/")]


@pytest.mark.parametrize(("text", "entry"), ALL, ids=[text or "/" for text, _ in ALL])
def test_address_is_guarded(text: str, entry: URLPattern) -> None:
    if text.startswith("t/<slug:team>/"):
        assert isinstance(getattr(entry.callback, "team_permission", None), Permission)
    elif kind := getattr(entry.callback, "way_in", None):
        assert kind in SourceKind
    elif getattr(entry.callback, "is_internal", False):
        assert text.startswith("internal/")
    elif scope := getattr(entry.callback, "api_scope", None):
        assert scope in Scope
    elif text.startswith("api/v1/"):
        permissions = set(entry.callback.cls.permission_classes)
        assert permissions & ALLOWED, permissions
        assert IsAuthenticated not in permissions or len(permissions) > 1
    else:
        assert text in PUBLIC | SIGNED_IN or text.lstrip("^").startswith(SIGNING_IN)


def test_tenant_addresses_exist() -> None:
    assert sum(text.startswith("t/<slug:team>/") for text, _ in ALL) >= 6
