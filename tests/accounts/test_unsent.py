"""Forms that come too late or to nowhere: after the session ended, with an old token; what forms and doors say then."""

import pytest
from django.test import Client

from accounts.models import Team, User
from tests.people import PASSWORD

PAGE = "/t/harbour/settings/team/"


def test_a_form_of_an_ended_session_changes_nothing_and_leads_back_to_its_page(owner: User, team: Team) -> None:
    client = Client()
    told = {"name": "Other", "slug": "other"}
    answer = client.post(f"{PAGE}rename/", told, HTTP_REFERER=f"http://testserver{PAGE}?x=1")
    assert answer["Location"] == "/sign-in/?next=/t/harbour/settings/team/%3Fx%3D1&unsent=1"
    assert "nothing was changed" in client.get(answer["Location"]).content.decode()
    back = client.post(answer["Location"], {"login": owner.email, "password": PASSWORD}, follow=True)
    assert back.redirect_chain[-1][0] == f"{PAGE}?x=1"
    assert back.status_code == 200
    team.refresh_from_db()
    assert team.name == "Harbour"


@pytest.mark.parametrize("told", ["", "https://elsewhere.test/t/harbour/", "//elsewhere.test/", "nonsense"])
def test_a_form_from_elsewhere_leads_to_the_first_page(team: Team, told: str) -> None:
    answer = Client().post(f"{PAGE}rename/", HTTP_REFERER=told)
    assert answer["Location"] in ("/sign-in/?next=/&unsent=1", "/sign-in/?next=nonsense&unsent=1")


def test_a_page_that_was_asked_for_says_nothing_of_forms(team: Team) -> None:
    answer = Client().get(f"{PAGE}?x=1")
    assert answer["Location"] == f"/sign-in/?next={PAGE}%3Fx%3D1"


@pytest.mark.parametrize(
    ("address", "page"),
    [
        ("settings/team/rename/", "Team settings"),
        ("settings/invitations/", "Members"),
        ("settings/keys/2fd74b56-b22f-4b16-bd14-c18cc6c7d506/revoke/", "API keys"),
    ],
)
def test_an_address_that_only_takes_forms_says_so(owner_client: Client, address: str, page: str) -> None:
    answer = owner_client.get(f"/t/harbour/{address}")
    assert (answer.status_code, answer["Allow"]) == (405, "POST")
    assert f"Open {page}" in answer.content.decode()


def test_a_form_that_is_too_old_says_so(owner: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner)
    answer = client.post("/teams/new/", {"name": "Another"})
    assert answer.status_code == 403
    assert "This form is too old" in answer.content.decode()


def test_each_field_of_signing_in_says_what_is_wrong(db: None) -> None:
    page = Client().post("/sign-in/", {"login": "x" * 300, "password": ""}).content.decode()
    assert page.count('role="alert"') >= 2


def test_a_new_password_is_asked_for_in_our_words(owner_client: Client) -> None:
    page = owner_client.get("/account/password/").content.decode()
    assert "New password (at least 10 characters)" in page
    assert "placeholder" not in page


def test_an_invitation_that_ended_leads_on(owner_client: Client) -> None:
    for client, word in ((owner_client, "To your team"), (Client(), "Sign in")):
        answer = client.get("/invitation/nothing/")
        assert answer.status_code == 404
        assert word in answer.content.decode()


@pytest.mark.parametrize("told", ["", "no dots", "a@b.c", "x" * 5000])
def test_a_domain_that_is_none_is_refused_in_words(sure_client: Client, team: Team, told: str) -> None:
    answer = sure_client.post("/t/harbour/settings/sign-in/", {"do": "add_domain", "name": told})
    assert answer.status_code == 422
    assert "Write a domain like acme.example: letters a to z" in answer.content.decode()
