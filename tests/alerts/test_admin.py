"""Alerts in the administration: one team at a time, only looked at, never a secret."""

import json
from datetime import timedelta
from uuid import uuid4

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.encryption import encrypt
from accounts.models import User
from accounts.tenancy import team_context
from accounts.tenant_admin import TenantAdmin
from alerts.models import AlertDelivery, AlertRule, AlertState, Channel, Incident, Route, Silence
from config import urls  # noqa: F401 - it looks for what the apps bring to the administration
from tests.alerts.opening import breach, opened, route, rule, workflow
from tests.alerts.telling import channel, event, notice
from tests.architecture.test_code import INLINE
from tests.factories import TeamFactory

pytestmark = pytest.mark.django_db
MODELS = (AlertRule, AlertState, Incident, Channel, Route, Silence, AlertDelivery)
SECRET = "xoxb-not-to-be-seen"
HOUR = timedelta(hours=1)


@pytest.fixture
def staff(db) -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root@harbour.test", "correct horse battery"))
    return client


def page(model) -> str:
    return f"/admin/alerts/{model._meta.model_name}/"


def fill(team, count: int, start: str) -> None:
    """So many rows of each model."""
    now = timezone.now()
    with team_context(team.id):
        hidden = {
            "kind": "slack",
            "settings": {"channel": "#alerts"},
            "secrets": encrypt(json.dumps({"token": SECRET})),
        }
        for number in range(count):
            name = f"{start}{number}"
            of, about, hook = (
                rule(team, name=f"rule {name}"),
                workflow(team, f"flow {name}"),
                channel(team, name, **hidden),
            )
            AlertState.objects.create(
                team=team, rule=of, workflow_id=about.id, state="firing", since=now, at=now, value=0.2
            )
            (incident,) = opened(team, breach(of, about), now=now)
            route(team, (hook, 0), (hook, 15), name=f"route {name}", matchers={"workflow": [about.slug]})
            Silence.objects.create(team=team, reason=f"silence {name}", starts_at=now, ends_at=now + HOUR)
            AlertDelivery.objects.create(
                team=team, channel=hook, incident=incident, event=event(incident), kind="opened", created_at=now,
                notice=notice().as_document(), status="failed", last_error=f"refused {name}",
            )  # fmt: skip


def newest(team, model) -> object:
    with team_context(team.id):
        return model.objects.order_by("id").first()


def test_every_tenant_model_is_registered_as_one() -> None:
    registered = {model for model in apps.get_app_config("alerts").get_models() if admin.site.is_registered(model)}
    assert registered == set(MODELS)
    for model in MODELS:
        assert isinstance(admin.site.get_model_admin(model), TenantAdmin)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_the_team_is_chosen_first_and_kept(staff, team, other_team, model) -> None:
    fill(team, 1, "mine ")
    fill(other_team.team, 1, "theirs ")
    choice = staff.get(page(model))
    text = choice.content.decode()
    assert choice.status_code == 200
    assert "of which team?" in text
    assert f'href="{page(model)}?team={team.id}"' in text
    assert "mine" not in text
    listing = staff.get(page(model), {"team": team.id}).content.decode()
    assert f"of {team.name}" in listing
    assert "theirs" not in listing
    assert "mine" in listing
    one = newest(team, model)
    assert f"{page(model)}{one.pk}/change/?_changelist_filters=team%3D{team.id}" in listing
    # The team that was chosen last is kept; another one is chosen by its name.
    assert staff.get(page(model)).content.decode().count("theirs") == 0
    assert "of which team?" in staff.get(page(model), {"choose_team": ""}).content.decode()
    assert "theirs" in staff.get(page(model), {"team": other_team.team.id}).content.decode()


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_a_row_is_shown_and_cannot_be_changed(staff, team, other_team, model) -> None:
    fill(team, 1, "mine ")
    one, chosen = newest(team, model), {"team": team.id}
    # What the content security policy would hold back is not there.
    assert INLINE.search(staff.get(page(model), chosen).content.decode()) is None
    shown = staff.get(f"{page(model)}{one.pk}/change/", chosen)
    assert shown.status_code == 200
    text = shown.content.decode()
    assert str(one.pk) in text
    assert "mine" in text
    assert 'name="_save"' not in text
    assert "deletelink" not in text
    assert INLINE.search(text) is None
    assert staff.get(f"{page(model)}{one.pk}/history/", chosen).status_code == 200
    assert staff.post(f"{page(model)}{one.pk}/change/?team={team.id}", {"name": "x"}).status_code == 403
    assert staff.get(f"{page(model)}{one.pk}/delete/", chosen).status_code == 403
    assert staff.post(f"{page(model)}{one.pk}/delete/?team={team.id}", {"post": "yes"}).status_code == 403
    assert staff.get(f"{page(model)}add/", chosen).status_code == 403
    # Of another team it is not there.
    assert staff.get(f"{page(model)}{one.pk}/change/", {"team": other_team.team.id}).status_code == 302
    assert staff.get(f"{page(model)}{uuid4()}/change/", chosen).status_code == 302


def test_secrets_are_never_shown(staff, team) -> None:
    fill(team, 1, "mine ")
    one = newest(team, Channel)
    kept = bytes(one.secrets).decode()
    for model in MODELS:
        id = newest(team, model).pk
        for address in (page(model), f"{page(model)}{id}/change/"):
            text = staff.get(address, {"team": team.id}).content.decode()
            assert SECRET not in text
            assert kept not in text
            assert kept[:40] not in text
    shown = staff.get(f"{page(Channel)}{one.pk}/change/", {"team": team.id}).content.decode()
    assert "token" in shown
    assert "#alerts" in shown


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_the_number_of_queries_does_not_grow(staff, team, model) -> None:
    def queries(address: str) -> int:
        staff.get(address, {"team": team.id})
        with CaptureQueriesContext(connection) as told:
            assert staff.get(address, {"team": team.id}).status_code == 200
        return len(told)

    fill(team, 1, "a")
    change = f"{page(model)}{newest(team, model).pk}/change/"
    few = queries(page(model)), queries(change)
    fill(team, 19, "b")
    assert (queries(page(model)), queries(change)) == few


def test_filters_and_search_find_dead_letters_and_others(staff, team) -> None:
    fill(team, 2, "n")
    now = timezone.now()
    with team_context(team.id):
        first = AlertDelivery.objects.order_by("created_at").first()
        AlertDelivery.objects.filter(id=first.id).update(status="sent", last_error="arrived")
        Silence.objects.create(team=team, reason="long over", starts_at=now - 2 * HOUR, ends_at=now - HOUR)
        Silence.objects.create(team=team, reason="not yet", starts_at=now + HOUR, ends_at=now + 2 * HOUR)

    def found(model, **told: object) -> str:
        answer = staff.get(page(model), {"team": team.id, **told})
        assert answer.status_code == 200
        return answer.content.decode().split('id="result_list"')[-1].split("</table>")[0]

    failed = found(AlertDelivery, status__exact="failed")
    assert "refused" in failed
    assert "arrived" not in failed
    assert "arrived" in found(AlertDelivery, q="arrived")
    assert "arrived" in found(AlertDelivery, q=str(first.id))
    assert "rule n1" not in found(AlertRule, q="rule n0")
    assert "flow n0" in found(Incident, status__exact="open", severity__exact="critical")
    assert "long over" in found(Silence, time="past")
    assert "silence n0" not in found(Silence, time="past")
    assert "not yet" in found(Silence, time="coming")
    assert "silence n0" in found(Silence, time="now")
    assert "firing" in found(AlertState, state__exact="firing").lower()
    channels = staff.get(page(Channel), {"team": team.id, "last_error__isempty": "1"}).content.decode()
    assert "2 channels" in channels


def test_teams_are_searched_and_cut(staff, monkeypatch) -> None:
    monkeypatch.setattr("accounts.tenant_admin.MAX_TEAMS", 2)
    for name in ("Alpha", "Beta", "Gamma"):
        TeamFactory(name=name, slug=name.lower())
    text = staff.get(page(Route), {"choose_team": ""}).content.decode()
    assert "Beta" in text
    assert "Gamma" not in text
    assert "The first 2 by name" in text
    assert "Gamma" in staff.get(page(Route), {"choose_team": "gam"}).content.decode()
    assert "No team is found" in staff.get(page(Route), {"choose_team": "zzz"}).content.decode()
    assert "of which team?" in staff.get(page(Route), {"team": "nonsense"}).content.decode()
    assert "of which team?" in staff.get(page(Route), {"team": uuid4()}).content.decode()


def test_members_are_no_staff_and_staff_needs_the_permission(owner_client, team) -> None:
    fill(team, 1, "n")
    address = f"{page(Channel)}?team={team.id}"
    assert owner_client.get(address).status_code == 302
    clerk = User.objects.create_user("clerk@harbour.test", "correct horse battery", is_staff=True)
    client = Client()
    client.force_login(clerk)
    assert client.get(address).status_code == 403
    clerk.user_permissions.add(Permission.objects.get(codename="view_channel"))
    assert client.get(address).status_code == 200
    assert client.get(f"{page(Route)}?team={team.id}").status_code == 403


def test_the_index_names_them(staff) -> None:
    text = staff.get("/admin/alerts/").content.decode()
    for words in ("Alert rules", "Alert states", "Incidents", "Channels", "Routes", "Silences", "Alert deliveries"):
        assert f">{words}<" in text
