"""Signing in and out, and where it leads."""

from django.test import Client
from django.urls import reverse

from accounts.models import Membership, Team, User
from accounts.tenancy import team_context
from tests.factories import report, send
from tests.people import PASSWORD


def test_a_member_signs_in_by_address_in_any_case_and_lands_on_the_page_of_the_role(owner: User, team: Team) -> None:
    with team_context(team.id):
        send(team, report())
    client = Client()
    answer = client.post("/sign-in/", {"login": owner.email.upper(), "password": PASSWORD}, follow=True)
    assert answer.redirect_chain[-1][0] == reverse("operations", kwargs={"team": team.slug})
    assert answer.status_code == 200
    assert "signed in as" not in answer.content.decode().lower()


def test_a_wrong_password_says_so(owner: User) -> None:
    answer = Client().post("/sign-in/", {"login": owner.email, "password": "no"})
    assert answer.status_code == 200
    assert "do not belong together" in answer.content.decode()


def test_signing_out_ends_the_session(owner_client: Client, team: Team) -> None:
    owner_client.post("/sign-out/")
    answer = owner_client.get(reverse("workflows", kwargs={"team": team.slug}))
    assert answer.status_code == 302
    assert answer["Location"].startswith("/sign-in/?next=")


def test_signing_out_by_a_link_is_refused(owner_client: Client) -> None:
    assert owner_client.get("/sign-out/").status_code == 405


def test_somebody_without_a_team_is_told(owner: User, team: Team) -> None:
    Membership.objects.all().delete()
    client = Client()
    client.force_login(owner)
    answer = client.get("/")
    assert answer.status_code == 200
    assert owner.email in answer.content.decode()


def test_the_time_zone_is_kept_and_an_unknown_one_is_not(owner: User, owner_client: Client) -> None:
    owner_client.post("/preferences/time-zone/", {"zone": "Europe/Lisbon", "next": "/"})
    answer = owner_client.post("/preferences/time-zone/", {"zone": "Moon/Base", "next": "https://elsewhere.test/"})
    owner.refresh_from_db()
    assert owner.time_zone == "Europe/Lisbon"
    assert answer["Location"] == "/"


def test_the_time_zone_leads_back_to_any_address_of_ours_and_no_other(owner_client: Client) -> None:
    # A word that is no address of a page was looked up among their names, and ended in an error.
    for told, found in (("word", "word"), ("/teams/new/", "/teams/new/"), ("https://elsewhere.test/", "/")):
        answer = owner_client.post("/preferences/time-zone/", {"zone": "Europe/Vienna", "next": told})
        assert (answer.status_code, answer["Location"]) == (302, found)
