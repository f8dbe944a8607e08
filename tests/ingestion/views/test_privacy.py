"""The pages of masking and usage: what is saved, tried, refused and shown, and to whom."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import ApiKey, AuditEvent, KeyDay, Team, TeamLimits, User
from accounts.tenancy import team_context
from ingestion import quotas
from ingestion.masking import forget_masking
from ingestion.models import CapturePolicy, RedactionRule, TeamStorage
from ingestion.services.storage import measure_storage
from ingestion.sources import forget_sources
from monitoring.models import Execution
from monitoring.store.rollups import fold_all
from tests.factories import ApiKeyFactory

pytestmark = pytest.mark.django_db
PAGE = "/t/harbour/settings/privacy/"
USAGE = "/t/harbour/settings/usage/"


@pytest.fixture(autouse=True)
def _nothing_remembered() -> Iterator[None]:
    forget_masking()
    forget_sources()
    quotas.forget_limits()
    yield
    forget_masking()
    quotas.forget_limits()


def report(key: str, **told: Any) -> None:
    body = json.dumps({"id": "e1", "workflow": "orders", "status": "succeeded", **told})
    answer = Client().post(
        "/api/v1/executions", body, content_type="application/json", headers={"authorization": f"Bearer {key}"}
    )
    assert answer.status_code == 200


def text(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def test_only_who_manages_privacy_sees_the_page(owner: User, member: User, stranger: User) -> None:
    for user, status in ((owner, 200), (member, 404), (stranger, 404)):
        client = Client()
        client.force_login(user)
        assert client.get(PAGE).status_code == status
    assert Client().get(PAGE).status_code == 302


def test_detectors_are_tried_and_saved(owner_client: Client, team: Team, api_key: str) -> None:
    report(api_key, input={"to": "ada@mail.example", "more": ["bob@mail.example"]})
    form = {"on-names": "1", "on-keys": "1", "on-email": "1", "becomes-email": "hash"}
    tried = owner_client.post(PAGE, {**form, "action": "try_detectors"})
    assert "would change <b>2</b> values in <b>1</b> of the last 1 payloads" in text(tried)
    assert "ada@mail" not in text(tried)
    assert "[email:" in text(tried)
    with team_context(team.id):
        assert not RedactionRule.objects.exists()
    assert owner_client.post(PAGE, {**form, "action": "save_detectors"}).status_code == 302
    with team_context(team.id):
        rows = dict(RedactionRule.objects.values_list("what", "is_on"))
        assert rows == {"email": True, "jwt": False, "private_key": False}
        assert set(AuditEvent.objects.values_list("action", flat=True)) == {"masking.tried", "redaction_rule.added"}


def test_a_rule_is_tried_added_and_removed(owner_client: Client, team: Team, api_key: str) -> None:
    report(api_key, input={"customer": {"email": "ada"}}, output={"customer": {"email": "bob"}})
    rule = {"kind": "field", "what": "input.customer.email", "becomes": "label", "label": "mail"}
    tried = owner_client.post(PAGE, {**rule, "action": "try_rule"})
    assert "would change <b>1</b> values" in text(tried)
    assert "input.customer.email" in text(tried)
    assert owner_client.post(PAGE, {**rule, "action": "add_rule"}).status_code == 302
    assert "is a rule already" in text(owner_client.post(PAGE, {**rule, "action": "add_rule"}))
    assert "field,input.customer.email,True,label,mail" in owner_client.get(f"{PAGE}?format=csv").getvalue().decode()
    with team_context(team.id):
        id = RedactionRule.objects.get().id
    assert owner_client.post(PAGE, {"action": "remove_rule", "id": id}).status_code == 302
    assert owner_client.post(PAGE, {"action": "remove_rule", "id": id}).status_code == 404


def test_a_pattern_that_masks_everything_is_refused_with_the_reason(owner_client: Client) -> None:
    answer = owner_client.post(PAGE, {"action": "add_rule", "kind": "pattern", "what": ".*", "becomes": "label"})
    assert answer.status_code == 422
    assert "finds the empty text, so it would mask everything" in text(answer)


def test_capture_is_set_changed_and_removed_and_replay_says_why(owner_client: Client, team: Team, api_key: str) -> None:
    told = {"action": "set_policy", "workflow": "orders", "environment": ""}
    owner_client.post(PAGE, {**told, "capture": "off"})
    owner_client.post(PAGE, {**told, "capture": "metadata"})
    with team_context(team.id):
        assert [one.capture for one in CapturePolicy.objects.all()] == ["metadata"]
        id = CapturePolicy.objects.get().id
    report(api_key, input={"a": "b"})
    with team_context(team.id):
        execution = Execution.objects.get()
    replay = owner_client.get(f"/t/harbour/executions/{execution.id}/")
    assert "Not captured (metadata: by the rule of workflow orders in all environments)." in text(replay)
    assert owner_client.post(PAGE, {"action": "remove_policy", "id": id}).status_code == 302
    assert owner_client.post(PAGE, {**told, "capture": "some"}).status_code == 422


def test_usage_shows_the_month_against_limits_and_warns(owner_client: Client, team: Team, api_key: str) -> None:
    for number in range(4):
        report(api_key, id=str(number))
    fold_all(timezone.now(), team_id=team.id)
    assert measure_storage(timezone.now()) == 1
    TeamLimits.objects.create(team=team, monthly_executions=5, storage_bytes=10**12, requests_per_second=3)
    with team_context(team.id):
        assert TeamStorage.objects.get().storage_bytes > 0
    page = text(owner_client.get(USAGE))
    assert "Executions this month: 80.0% of 5 used." in page
    assert "REST" in page
    assert "no limit" in page
    days = owner_client.get(f"{USAGE}?format=csv").getvalue().decode()
    assert days.splitlines()[1].endswith(",4")
    assert ",4," in owner_client.get(f"{USAGE}?format=csv&of=sources").getvalue().decode()


def test_usage_says_when_a_limit_is_reached_and_what_each_key_used(
    owner_client: Client, team: Team, api_key: str
) -> None:
    report(api_key, id="1")
    fold_all(timezone.now(), team_id=team.id)
    TeamLimits.objects.create(team=team, monthly_executions=1)
    key = ApiKey.objects.get(team=team)
    with team_context(team.id):
        KeyDay.objects.create(key_id=key.id, day=timezone.now().date(), read_count=41, refused_count=6)
    page = text(owner_client.get(USAGE))
    assert "Executions this month: 100% of 1 used. Reports are refused with 429 now." in page
    assert f"{key.name} ({key.prefix})" in page
    rows = owner_client.get(f"{USAGE}?format=csv&of=keys").getvalue().decode().splitlines()
    assert rows[1].startswith(f"{key.name} ({key.prefix}),1,1,41,6,")


def test_usage_asks_as_little_for_twenty_keys_as_for_one(owner_client: Client, team: Team, api_key: str) -> None:
    def asked() -> int:
        with CaptureQueriesContext(connection) as found:
            assert owner_client.get(USAGE).status_code == 200
        return len(found)

    report(api_key, id="1")
    asked()
    one = asked()
    for number in range(19):
        report(ApiKeyFactory(team=team).text, id=f"more {number}")  # type: ignore[attr-defined]
    assert asked() == one


def test_usage_is_for_members_only(member: User, stranger: User) -> None:
    for user, status in ((member, 200), (stranger, 404)):
        client = Client()
        client.force_login(user)
        assert client.get(USAGE).status_code == status


def test_nothing_is_captured_less_without_a_choice(owner_client: Client, team: Team) -> None:
    # The first choice was to keep no payloads: a click on "Save" of the empty form said so for the whole team.
    page = text(owner_client.get(PAGE))
    assert "choose how much" in page
    answer = owner_client.post(PAGE, {"action": "set_policy", "workflow": "", "environment": "", "capture": ""})
    assert answer.status_code == 422
    with team_context(team.id):
        assert not CapturePolicy.objects.exists()


def test_a_refused_rule_names_its_field_as_the_page_does(owner_client: Client) -> None:
    answer = owner_client.post(PAGE, {"action": "add_rule", "kind": "pattern", "what": "(", "becomes": "label"})
    assert "the name, path or pattern is no pattern" in text(answer)
