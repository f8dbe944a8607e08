"""Channels and deliveries by API: never a secret."""

from uuid import uuid4

import pytest
from django.test import Client

from accounts.models import Scope
from accounts.tenancy import team_context
from alerts.channels.webhook import new_secret
from alerts.models import AlertDelivery
from tests.alerts.telling import channel, send
from tests.factories import ApiKeyFactory
from tests.receivers import Answer

pytestmark = pytest.mark.django_db


class Api:
    """A client with a key of the team."""

    def __init__(self, key: str) -> None:
        self.client, self.headers = Client(), {"authorization": f"Bearer {key}"}

    def __getattr__(self, method: str):
        def call(address: str, told: object = None):
            more = {"data": told, "content_type": "application/json"} if told is not None else {}
            return getattr(self.client, method)(f"/api/v1/{address}", headers=self.headers, **more)

        return call


@pytest.fixture
def api(team) -> Api:
    return Api(ApiKeyFactory(team=team, scopes=[Scope.READ, Scope.ALERT]).text)


def hook(receiver, **more: object) -> dict:
    return {"kind": "webhook", "name": "Hook", "settings": {"url": receiver.url}, **more}


def test_a_channel_is_made_read_changed_tried_and_removed(api, receiver) -> None:
    secret = new_secret()
    made = api.post("channels/", hook(receiver, secrets={"secret": secret}))
    assert made.status_code == 201, made.content
    told = made.json()
    assert (told["state"], told["secrets_set"], told["place"]) == ("new", ["secret"], receiver.url.split("//")[1])
    page = f"channels/{told['id']}/"
    tried = api.post(f"{page}test/", {})
    assert tried.json() == {"arrived": True, "answer_status": 200, "reason": ""}
    receiver.answer = lambda received, number: Answer(500, secret.encode())
    assert api.post(f"{page}test/", {}).json()["reason"] == "It answered 500: [secret]"
    changed = api.patch(page, {"name": "Renamed", "is_active": False})
    assert (changed.json()["name"], changed.json()["state"]) == ("Renamed", "off")
    for answer in (made, tried, changed, api.get("channels/"), api.get(page), api.get("alert-deliveries/")):
        assert secret not in answer.content.decode()
    assert api.delete(page).status_code == 204
    assert api.get(page).status_code == 404


def test_another_host_clears_the_secrets_and_null_takes_one_away(api, receiver) -> None:
    told = {"kind": "alertmanager", "name": "AM", "settings": {"url": receiver.url}, "secrets": {"token": "a-token"}}
    page = f"channels/{api.post('channels/', told).json()['id']}/"
    assert api.patch(page, {"secrets": {"token": None}}).json()["secrets_set"] == []
    api.patch(page, {"secrets": {"token": "a-token"}})
    assert api.patch(page, {"settings": {"url": "http://127.0.0.1:1/"}}).json()["secrets_set"] == []


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"kind": "pigeon", "name": "x"}, "kind"),
        ({"kind": "webhook", "name": "x", "settings": {"url": "https://x.example"}}, "secrets.secret"),
        ({"kind": "telegram", "name": "x", "settings": {"chat": "1"}}, "settings.chat"),
        ({"kind": "telegram", "name": "x", "settings": {"chat_id": 1}}, "settings.chat_id"),
        ({"kind": "email", "name": "x", "settings": {"addresses": "a@x.test"}}, "settings.addresses"),
        ({"kind": "telegram", "name": "x", "secrets": {"key": "1"}}, "secrets.key"),
        ({"kind": "telegram", "name": "x", "settings": {"chat_id": "1"}}, "token"),
        ({"kind": "webhook", "name": "x", "settings": {"url": "http://10.0.0.8"}, "secrets": {"secret": "x"}}, "url"),
    ],
)
def test_what_cannot_be_meant_is_refused_by_field(api, told, field) -> None:
    answer = api.post("channels/", told)
    assert answer.status_code == 400
    assert field in [one["field"] for one in answer.json()["errors"]]


def test_deliveries_are_read_filtered_and_sent_again(api, team) -> None:
    with team_context(team.id):
        one = channel(team)
    ids = [send(team, one) for _ in range(60)]
    with team_context(team.id):
        AlertDelivery.objects.filter(id=ids[0]).update(status="failed")
    found = api.get(f"alert-deliveries/?channel={one.id}").json()
    assert len(found["results"]) == 50
    following = api.get(found["next"].split("/api/v1/")[1]).json()
    assert (len(following["results"]), following["next"]) == (10, None)
    failed = api.get("alert-deliveries/?status=failed").json()["results"]
    assert [row["id"] for row in failed] == [str(ids[0])]
    assert api.get(f"alert-deliveries/{ids[0]}/").json()["notice"]["what"] == "Error rate 12.4% of checkout"
    assert api.post(f"alert-deliveries/{ids[0]}/send-again/", {}).json()["status"] == "waiting"
    assert api.get("alert-deliveries/?status=lost").status_code == 400
    assert api.get(f"alert-deliveries/{uuid4()}/").status_code == 404


def test_scopes_and_teams_are_kept_apart(team, other_team, receiver) -> None:
    with team_context(team.id):
        one = channel(team)
    id = send(team, one)
    reader = Api(ApiKeyFactory(team=team, scopes=[Scope.READ]).text)
    changer = Api(ApiKeyFactory(team=team, scopes=[Scope.ALERT]).text)
    stranger = Api(ApiKeyFactory(team=other_team.team, scopes=[Scope.READ, Scope.ALERT]).text)
    assert reader.get("channels/").status_code == 200
    assert changer.get("channels/").status_code == 403
    assert Client().get("/api/v1/channels/").status_code == 401
    for address in (f"channels/{one.id}/test/", f"alert-deliveries/{id}/send-again/"):
        assert reader.post(address, {}).status_code == 403
        assert stranger.post(address, {}).status_code == 404
    assert reader.post("channels/", hook(receiver)).status_code == 403
    assert reader.delete(f"channels/{one.id}/").status_code == 403
    assert stranger.delete(f"channels/{one.id}/").status_code == 404
    assert stranger.get(f"channels/{one.id}/").status_code == 404
    assert stranger.get(f"alert-deliveries/{id}/").status_code == 404
    assert stranger.get("channels/").json()["results"] == []
