"""A reader's formats: chosen in the menu, else those of the browser; on pages alone."""

from datetime import timedelta
from html import unescape

import pytest
from django.test import Client
from django.utils import timezone

from accounts import formats
from accounts.formats import NEUTRAL
from accounts.models import Team, User
from monitoring.statuses import Status
from tests.factories import report, store

pytestmark = pytest.mark.django_db
CHOICE = "/preferences/formats/"
TRENDS = "/t/harbour/workflows/nightly/"


@pytest.fixture
def history(team: Team) -> Team:
    """1,240 runs of today and yesterday, of which 62 failed; each took 36.2 s."""
    now = timezone.now().replace(minute=0, second=0, microsecond=0)
    runs = []
    for number in range(1_240):
        end = now - timedelta(minutes=number % 1_200 + 60)
        times = {"started_at": end - timedelta(seconds=36.2), "finished_at": end}
        status = Status.FAILED if number % 20 == 0 else Status.SUCCEEDED
        runs.append(report(id=f"run-{number}", status=status, **times))
    store(team, *runs, now=now)
    return team


def page(client: Client, address: str = TRENDS, accept: str = "") -> str:
    headers = {"Accept-Language": accept} if accept else {}
    answer = client.get(address, headers=headers)
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def test_a_page_is_written_as_the_browser_says(history: Team, member_client: Client) -> None:
    british, german = page(member_client), page(member_client, accept="de-DE,de;q=0.9,en;q=0.8")
    for written in ('data-formats="en-GB"', "1,240", "95.0%", "36.2 s"):
        assert written in british
    for written in ('data-formats="de-DE"', "1.240", "95,0\N{NO-BREAK SPACE}%", "36,2 s"):
        assert written in german
    assert "95.0%" not in german
    assert formats.in_force() is NEUTRAL


def test_a_choice_goes_before_the_browser(history: Team, member: User, member_client: Client) -> None:
    answer = member_client.post(CHOICE, {"formats": "fr-FR", "next": TRENDS})
    assert (answer.status_code, answer["Location"]) == (302, TRENDS)
    french = page(member_client, accept="de-DE")
    assert "1\N{NARROW NO-BREAK SPACE}240" in french
    assert (
        '<option value="fr-FR" selected translate="no">'
        "Français (France) · 1\N{NARROW NO-BREAK SPACE}234,5 · 19 Nov, 14:10" in french
    )
    assert '<option value="de-DE" translate="no">Deutsch (Deutschland) · 1.234,5 · 19. Nov, 14:10' in french
    member_client.post(CHOICE, {"formats": ""})
    assert "1.240" in page(member_client, accept="de-DE")


def test_american_readers_see_their_order_and_clock(history: Team, member: User, member_client: Client) -> None:
    User.objects.filter(pk=member.pk).update(formats="en-US")
    text = page(member_client, f"{TRENDS}?from=2026-02-03T13:00Z&to=2026-02-03T19:30Z")
    assert "Feb 3" in text
    assert "1:00 PM" in text


def test_what_is_not_offered_changes_nothing(member: User, member_client: Client) -> None:
    for told in ({"formats": "fa-IR"}, {"formats": "de"}, {"formats": "x" * 300}, {"formats": "\x00"}, {}):
        assert member_client.post(CHOICE, told)["Location"] == "/"
    member.refresh_from_db()
    assert member.formats == ""
    answer = member_client.post(CHOICE, {"formats": "de-CH", "next": "https://elsewhere.test/"})
    assert answer["Location"] == "/"
    member.refresh_from_db()
    assert member.formats == "de-CH"


def test_it_is_ones_own(team: Team, owner: User, member_client: Client, client: Client) -> None:
    member_client.post(CHOICE, {"formats": "de-DE"})
    owner.refresh_from_db()
    assert owner.formats == ""
    assert client.post(CHOICE, {"formats": "de-DE"})["Location"].startswith("/sign-in/")
    assert member_client.get(CHOICE).status_code == 405


def test_files_are_the_same_for_everybody(history: Team, member: User, member_client: Client) -> None:
    addresses = [
        f"{TRENDS}?format=csv&table=outcomes",
        f"{TRENDS}?format=csv&table=latency",
        "/t/harbour/workflows/?format=csv",
    ]

    def files(accept: str) -> list[bytes]:
        answers = [member_client.get(one, headers={"Accept-Language": accept}) for one in addresses]
        return [b"".join(answer.streaming_content) for answer in answers]

    british = files("en-GB")
    assert all(british)
    assert files("de-DE") == british
    User.objects.filter(pk=member.pk).update(formats="de-DE")
    assert files("") == british


def test_answers_say_that_they_follow_the_browser(team: Team, member: User, member_client: Client) -> None:
    address = "/t/harbour/workflows/"
    assert "Accept-Language" in member_client.get(address)["Vary"]
    User.objects.filter(pk=member.pk).update(formats="de-DE")
    assert "Accept-Language" not in member_client.get(address)["Vary"]


@pytest.mark.parametrize("accept", ["", "*", ";;q=", "de;q=x", "x" * 5_000, "de_DE", "ar-EG,fa;q=0.5", "-", "DE"])
def test_any_header_is_taken(team: Team, member_client: Client, accept: str) -> None:
    assert 'data-formats="' in page(member_client, "/t/harbour/workflows/", accept)
