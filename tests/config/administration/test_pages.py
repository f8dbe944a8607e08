"""The pages of the administration: no payloads, no secrets, no inline code, and as cheap for 20 rows as for 1."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.admin_forms import Exported
from accounts.audit import record, record_for_installation
from accounts.models import InstallationEvent, Membership, Team, TeamLimits, User
from accounts.tenancy import TenantModel, team_context
from config import urls  # noqa: F401 - it looks for what the apps bring to the administration
from tests.architecture.test_code import INLINE
from tests.config.administration.filling import MARK, fill, with_execution

pytestmark = pytest.mark.django_db


@pytest.fixture
def root(db: None) -> User:
    """A superuser."""
    return User.objects.create_superuser("root@host.test", "correct horse battery")


@pytest.fixture
def staff(root: User) -> Client:
    """The superuser, signed in."""
    client = Client()
    client.force_login(root)
    return client


def row_of(model: Any, team: Team) -> Any:
    if issubclass(model, TenantModel):
        with team_context(team.id):
            return model.objects.order_by("pk").first()
    return model.objects.order_by("pk").first()


def lists() -> list[str]:
    return sorted(model._meta.label_lower for model in admin.site._registry)


def addresses(team: Team) -> Iterator[str]:
    """Every page of the administration that can be looked at."""
    yield from (
        one + told for one in (reverse("admin:index"), reverse("admin:given_up")) for told in ("", "?format=csv")
    )
    for model, about in admin.site._registry.items():
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        yield reverse("admin:app_list", args=[model._meta.app_label])
        listed = reverse(f"{name}_changelist") + (f"?team={team.id}" if issubclass(model, TenantModel) else "?")
        yield listed
        # Groups of staff are Django's own list.
        yield from [f"{listed}&format=csv"] if isinstance(about, Exported) else []
        if (row := row_of(model, team)) is not None:
            yield f"{reverse(f'{name}_change', args=[row.pk])}?team={team.id}"
            yield f"{reverse(f'{name}_history', args=[row.pk])}?team={team.id}"
            for act, what in getattr(about, "acts", {}).items():
                if what.fits(row):
                    yield reverse(f"{name}_act", args=[row.pk, act])
    one = Membership.objects.filter(team=team, user__is_staff=False).first()
    yield f"{reverse('admin:accounts_impersonation_add')}?membership={one.id if one else ''}"


def test_no_page_shows_a_payload_a_body_or_a_secret_or_has_inline_code(staff: Client, root: User, team: Team) -> None:
    TeamLimits.objects.create(team=team, burst=5)
    fill(team, root, 2, "n")
    with_execution(team)
    seen = 0
    for address in dict.fromkeys(addresses(team)):
        answer = staff.get(address)
        assert answer.status_code == 200, address
        text = (b"".join(answer) if answer.streaming else answer.content).decode()  # type: ignore[call-overload]
        assert MARK not in text, address
        assert INLINE.search(text) is None, address
        seen += 1
    assert seen > 60


def test_every_model_that_is_shown_is_of_our_apps(staff: Client) -> None:
    labels = {model._meta.app_label for model in admin.site._registry}
    assert labels == {"accounts", "alerts", "auth", "billing", "ingestion", "monitoring"}
    # Secrets of second factors and of providers stand in tables of the sign-in packages.
    assert not any(admin.site.is_registered(model) for model in apps.get_app_config("mfa").get_models())


@pytest.mark.parametrize("label", lists())
def test_the_number_of_queries_does_not_grow(staff: Client, root: User, team: Team, label: str) -> None:
    model = apps.get_model(label)
    about = {"team": str(team.id)} if issubclass(model, TenantModel) else {}
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")

    def queries(**more: str) -> int:
        staff.get(address, {**about, **more})
        with CaptureQueriesContext(connection) as told:
            assert staff.get(address, {**about, **more}).status_code == 200
        return len(told)

    fill(team, root, 1, "a")
    few = queries(), queries(q="a")
    fill(team, root, 19, "b")
    assert (queries(), queries(q="a")) == few


def test_no_search_reads_a_whole_table(staff: Client, root: User, team: Team) -> None:
    """What is searched is compared with the beginning of an indexed column."""
    wrong = [
        (about.opts.label_lower, name)
        for about in admin.site._registry.values()
        for name in getattr(about, "starts", ())
        if not _is_indexed(about.model, name)
    ]
    assert wrong == []


def _is_indexed(model: Any, path: str) -> bool:
    """Whether a column has an index that finds by the beginning (`LIKE 'x%'`)."""
    field: Any = None
    for part in path.split("__"):
        field = model._meta.get_field(part)
        model = field.related_model or model
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM pg_indexes WHERE tablename = %s AND indexdef LIKE %s",
            [model._meta.db_table, f"%({field.column} varchar_pattern_ops)%"],
        )
        return cursor.fetchone() is not None


def test_a_list_is_exported_as_it_is_filtered(staff: Client, team: Team, member: User) -> None:
    page = staff.get("/admin/accounts/user/", {"q": "member@"}).content.decode()
    assert 'href="?q=member%40&amp;format=csv"' in page
    answer = staff.get("/admin/accounts/user/", {"q": "member@", "format": "csv"})
    lines = b"".join(answer).decode().splitlines()  # type: ignore[call-overload]
    assert lines[0] == "email,name,is_active,is_staff,has_second_factor,last_login"
    assert [line.split(",")[0] for line in lines[1:]] == [member.email]
    assert InstallationEvent.objects.get(action="export.downloaded").after == {"rows": 1}


def test_a_search_finds_by_how_it_begins(staff: Client, team: Team, member: User) -> None:
    def found(address: str, q: str) -> str:
        return staff.get(f"/admin/{address}/", {"q": q}).content.decode().split('id="changelist-form"')[-1]

    assert "member@harbour.test" in found("accounts/user", "MEMBER@")
    assert "member@harbour.test" not in found("accounts/user", "arbour")
    assert "Harbour" in found("accounts/team", "harb")
    assert "Harbour" not in found("accounts/team", "bour")
    assert "member@harbour.test" in found("accounts/membership", "member@")


def test_the_logs_are_searched_by_person_key_id_and_action(staff: Client, team: Team, owner: User) -> None:
    with team_context(team.id):
        record("budget.changed", ("budget", 1, "Budget one"))
        record("membership.added", ("member", owner.id, "Budget two"))

    def found(q: str) -> str:
        answer = staff.get("/admin/accounts/auditevent/", {"team": str(team.id), "q": q})
        return answer.content.decode().split('id="changelist-form"')[-1]

    assert "Budget one" in found("budget.")
    assert "Budget two" not in found("budget.")
    assert "Budget" not in found(owner.email)
    assert "Budget" not in found(str(owner.id))
    assert "Budget one" in found("")
    record_for_installation("user.signed_out", ("user", owner.id, "Signed one"))
    text = staff.get("/admin/accounts/installationevent/", {"q": "user.signed"}).content.decode()
    assert "Signed one" in text
