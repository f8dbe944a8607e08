"""The first run: who lands on it, what a key made there looks like and where it stays, and what waiting tells."""

import re
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import ApiKey, Membership, Scope, Team, User
from accounts.permissions import Role
from accounts.tenancy import team_context
from ingestion.kinds import SourceKind
from ingestion.models import Source, SourceRejection
from ingestion.services.sources import create_source
from ingestion.snippets.first import FIRST
from monitoring.models import Execution, Workflow
from tests.factories import report, send
from tests.people import PASSWORD


def address(team: Team, part: str = "") -> str:
    return f"/t/{team.slug}/start/{part}"


def page(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200
    return " ".join(unescape(response.content.decode()).split())


def viewer_client(team: Team) -> Client:
    user = User.objects.create_user("viewer@harbour.test", PASSWORD)
    Membership.objects.create(team=team, user=user, role=Role.VIEWER)
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.parametrize("role", list(Role))
def test_a_team_without_executions_opens_with_the_first_steps_whatever_the_role(team: Team, role: Role) -> None:
    user = User.objects.create_user("somebody@harbour.test", PASSWORD)
    Membership.objects.create(team=team, user=user, role=role, start_page="cost")
    client = Client()
    client.force_login(user)
    for url in ("/", f"/t/{team.slug}/"):
        assert client.get(url).headers["Location"] == address(team)
    with team_context(team.id):
        send(team, report())
    assert client.get("/").headers["Location"] == f"/t/{team.slug}/cost/"


@pytest.mark.parametrize("name", ["operations", "workflows", "executions", "development", "executive", "cost", "tail"])
def test_pages_of_an_empty_team_lead_to_the_first_steps(owner_client: Client, team: Team, name: str) -> None:
    assert f'href="{address(team)}"' in page(owner_client, f"/t/{team.slug}/{name}/").split("<main")[1]
    with team_context(team.id):
        send(team, report())
    assert f'href="{address(team)}"' not in page(owner_client, f"/t/{team.slug}/{name}/").split("<main")[1]


def test_who_signed_up_names_the_team_and_lands_here(db: None) -> None:
    user = User.objects.create_user("new@example.test", PASSWORD)
    client = Client()
    client.force_login(user)
    assert 'action="/teams/new/"' in page(client, "/")
    answer = client.post("/teams/new/", {"name": "Harbour & Sons"}, follow=True)
    assert answer.redirect_chain[-1][0] == "/t/harbour-sons/start/"
    assert "Send your first execution" in answer.content.decode()


def test_a_key_is_shown_once_and_stands_in_the_snippets(member_client: Client, team: Team) -> None:
    before = page(member_client, address(team))
    assert "<your key>" in before
    answer = member_client.post(address(team, "key/"), {"client": "curl"})
    text = answer.content.decode()
    key = re.search(r"sr_[A-Za-z0-9]+_[A-Za-z0-9]+", text)
    assert key
    assert text.count(key[0]) == 7
    assert "no-store" in answer["Cache-Control"]
    assert "<your key>" not in unescape(text)
    made = ApiKey.objects.get(team=team, name="First key", created_by__email="member@harbour.test")
    assert made.scopes == [Scope.INGEST]
    assert key[0].split("_")[1] == made.prefix
    # Nowhere else, and not again.
    assert key[0] not in page(member_client, address(team))
    assert "<your key>" in page(member_client, address(team))


def test_every_client_has_a_tab_that_is_a_link_to_its_panel(member_client: Client, team: Team) -> None:
    text = page(member_client, address(team))
    for slug, label in FIRST.items():
        assert re.search(rf'<a href="#{slug}" data-panel-tab[^>]*>{re.escape(label)}</a>', text)
        assert f'id="{slug}"' in text


def test_a_webhook_gets_its_address_by_one_button(member_client: Client, team: Team) -> None:
    text = unescape(member_client.post(address(team, "key/"), {"client": "github"}).content.decode())
    with team_context(team.id):
        source = Source.objects.get()
    assert (source.kind, source.name) == (SourceKind.GITHUB, "GitHub Actions")
    assert f"/hooks/{source.address}" in text
    assert '"secret": "<your secret>"' not in text
    assert "the secret is shown this once" in text
    assert source.address not in page(member_client, address(team))


@pytest.mark.parametrize("client", ["fluent-bit", "nobody", ""])
def test_other_clients_are_not_offered(member_client: Client, team: Team, client: str) -> None:
    assert member_client.post(address(team, "key/"), {"client": client}).status_code == 404


def test_who_may_not_make_keys_is_told_whom_to_ask(team: Team, owner: User, member: User) -> None:
    client = viewer_client(team)
    text = page(client, address(team))
    assert "Your role does not make keys" in text
    assert text.index(owner.email) < text.index(member.email)
    assert "Make a key</button>" not in text
    assert "Make the address of" not in text
    assert client.post(address(team, "key/"), {"client": "curl"}).status_code == 404


def test_strangers_find_nothing(stranger_client: Client, team: Team) -> None:
    for part in ("", "waiting/"):
        assert stranger_client.get(address(team, part)).status_code == 404
    assert Client().get(address(team)).status_code == 302


def seen(text: str) -> str:
    found = re.search(r"waiting/\?seen=([^\"]*)", text)
    assert found
    return found[1]


def test_waiting_says_nothing_until_there_is_news_and_then_why_it_was_refused(
    member_client: Client, team: Team, api_key: str
) -> None:
    told = seen(page(member_client, address(team)))
    assert member_client.get(address(team, f"waiting/?seen={told}")).status_code == 204
    sent = {"id": "1", "workflow": "w", "status": "succeeded", "started_at": "yesterday"}
    answer = Client().post(
        "/api/v1/executions", sent, content_type="application/json", headers={"Authorization": f"Bearer {api_key}"}
    )
    assert answer.status_code == 422
    news = page(member_client, address(team, f"waiting/?seen={told}"))
    assert "1 report by" in news
    assert "field <code>started_at</code>:" in news
    assert member_client.get(address(team, f"waiting/?seen={seen(news)}")).status_code == 204
    with team_context(team.id):
        SourceRejection.objects.update(reason="<script>alert(1)</script>")
    assert "<script>alert" not in member_client.get(address(team)).content.decode()


def test_log_lines_alone_are_told_and_are_no_execution(member_client: Client, team: Team, api_key: str) -> None:
    Client().post(
        "/api/v1/logs",
        {"message": "hello", "timestamp": timezone.now().isoformat()},
        content_type="application/json",
        headers={"Authorization": f"Bearer {api_key}"},
    )
    assert "Log lines of" in page(member_client, address(team, "waiting/"))


def test_the_first_own_execution_ends_the_waiting(member_client: Client, team: Team) -> None:
    with team_context(team.id):
        send(team, report(id="of-the-sample", workflow="Build (sample)"))
        Workflow.objects.update(is_sample=True)
    assert "Waiting for the first report" in page(member_client, address(team))
    with team_context(team.id):
        send(team, report(id="own", workflow="Own"))
        own = Execution.objects.get(external_id="own")
    replay = f"/t/{team.slug}/executions/{own.id}/"
    assert member_client.get(address(team, "waiting/")).headers["HX-Redirect"] == replay
    assert replay in page(member_client, address(team))


def test_an_execution_without_a_workflow_is_one_too(member_client: Client, team: Team) -> None:
    with team_context(team.id):
        send(team, report(id="own", workflow=None))
    assert "HX-Redirect" in member_client.get(address(team, "waiting/")).headers


def test_refusals_of_many_sources_cost_no_more_queries(member_client: Client, team: Team) -> None:
    counts = []
    for number in (1, 20):
        with team_context(team.id):
            for one in range(number):
                source = create_source(team=team, kind=SourceKind.REST, name=f"S{number}-{one}").source
                now = timezone.now()
                SourceRejection.objects.create(
                    team=team, source_id=source.id, day=now.date(), field="f", reason="r", item_count=1, last_at=now
                )
        member_client.get(address(team))
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert member_client.get(address(team)).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]
