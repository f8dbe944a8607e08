"""The pages of releases: the table, the form, two side by side; what a reader sees, and who may see it."""

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Membership, Team, User
from accounts.permissions import Role
from accounts.tenancy import team_context
from monitoring.models import Release
from tests.factories import NOW, report, store
from tests.monitoring.released import HOUR, store_release

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOW)


@pytest.fixture
def two(team: Team) -> Team:
    """`v1` with 5 % failures until two days ago, then `v2` with 30 %."""
    store_release(team, "v1", 200, 10, ago=48 * HOUR)
    store_release(team, "v2", 100, 30)
    return team


def address(team: Team, part: str = "") -> str:
    return f"/t/{team.slug}/workflows/nightly/releases/{part}"


def words(response: Any) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", response.content.decode())).split())


def text_of(client: Client, url: str) -> str:
    response = client.get(url)
    assert response.status_code == 200
    return words(response)


def csv_of(client: Client, url: str) -> list[list[str]]:
    response = client.get(url)
    return [line.split(",") for line in b"".join(response).decode().splitlines()]  # type: ignore[arg-type]


def test_the_table_says_what_each_release_did(member_client: Client, two: Team) -> None:
    text = text_of(member_client, address(two))
    assert "Release v2 succeeds less often than v1" in text
    assert "70.0% of 100 runs succeed, before it were 95.0% of 200: −25.0 points" in text
    assert re.search(r"v2 seen in executions 10 Aug, 12:\d\d UTC 100 70\.0% .* −25\.0 points", text)
    head, newest, oldest = csv_of(member_client, address(two, "?format=csv"))
    cells = dict(zip(head, newest, strict=True))
    assert (cells["Release"], cells["Runs"], cells["New failure groups"]) == ("v2", "100", "1")
    assert (float(cells["Success rate"]), cells["Compared with"]) == (0.7, "v1")
    assert float(cells["Change 95% to"]) < 0
    assert float(cells["Cost a run USD"]) == pytest.approx(0.022)
    assert dict(zip(head, oldest, strict=True))["Change"] == ""


def test_the_pages_of_a_workflow_lead_there(member_client: Client, two: Team) -> None:
    html = member_client.get(f"/t/{two.slug}/workflows/nightly/").content.decode()
    assert f'href="{address(two)}"' in html
    page = member_client.get(address(two)).content.decode()
    assert f'href="{address(two, "compare/?a=v1&amp;b=v2")}"' in page


def test_charts_mark_when_a_release_went_live_as_announced(member_client: Client, two: Team) -> None:
    told = {"name": "v2", "released_at": "2026-08-11 06:30"}
    member_client.post(address(two), told)
    window = "?from=2026-08-10T00:00Z&to=2026-08-12T12:00Z"
    at = round(datetime(2026, 8, 11, 6, 30, tzinfo=UTC).timestamp() * 1000)
    for page in ("", "failures/"):
        html = member_client.get(f"/t/{two.slug}/workflows/nightly/{page}{window}").content.decode()
        assert f'{{"at": {at}, "label": "Release v2"}}' in html
        assert '<th scope="col" class="r">Marked</th>' in html
    rows = csv_of(member_client, f"/t/{two.slug}/workflows/nightly/{window}&format=csv&table=outcomes")
    assert rows[0][-1] == "releases"
    assert [row[0] for row in rows[1:] if row[-1] == "v2"] == ["2026-08-11T06:00:00+00:00"]


def test_a_release_is_announced_and_corrected_by_hand(member_client: Client, two: Team) -> None:
    told = {
        "name": "v3",
        "released_at": "2026-08-12 11:30",
        "commit": "3f2a1c",
        "url": "https://ci.test/3",
        "note": "x",
    }
    response = member_client.post(address(two), told)
    assert response["Location"] == address(two)
    text = text_of(member_client, address(two))
    assert "Release v3 announced." in text
    assert "v3 announced by member@harbour.test, no execution yet. x 12 Aug, 11:30 UTC 3f2a1c 0 not told" in text
    form = member_client.get(address(two, "?release=v3")).content.decode()
    assert 'value="2026-08-12 11:30"' in form
    member_client.post(address(two), {**told, "commit": "", "released_at": "2026-08-12 11:00"})
    with team_context(two.id):
        row = Release.objects.get(name="v3")
    assert (row.commit, row.live_at) == ("", NOW - HOUR)
    assert "Release v3 saved." in text_of(member_client, address(two))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"name": ""}, "the name is missing"),
        ({"released_at": "soon"}, "the time cannot be read: write it like 2026-08-12 14:30"),
        ({"released_at": "2026-08-20"}, "is more than a day ahead"),
        ({"url": "ftp://x"}, "the address must start with http:// or https://"),
    ],
)
def test_what_cannot_be_kept_is_refused_and_stays_in_the_form(
    member_client: Client, two: Team, changes: dict[str, str], reason: str
) -> None:
    response = member_client.post(address(two), {"name": "v3", "note": "kept text", **changes})
    assert response.status_code == 422
    assert reason in words(response)
    assert "kept text" in words(response)


def test_two_releases_stand_side_by_side(member_client: Client, two: Team) -> None:
    text = text_of(member_client, address(two, "compare/?a=v1&b=v2"))
    assert "Release v2 is worse than v1" in text
    assert "Worse: Success rate, Latency, p50, Latency, p95, Latency, average, Cost per run, Tokens per run." in text
    assert re.search(r"Success rate 95\.0% 70\.0% −25\.0 points −3\d\.\d points to −1\d\.\d points Worse", text)
    assert re.search(r"Latency, p99 1\d\.\d s 2\d\.\d s Cannot tell: too few runs of the earlier release", text)
    assert re.search(r"cache refused cache 0 of 200 30 of 100 under 0\.001 new", text)
    assert "cache 0% 100% only in v2" in text
    assert "fetch then store 100% 0% only in v1" in text
    for table, rows in (("figures", 10), ("groups", 3), ("nodes", 4), ("transitions", 3)):
        assert len(csv_of(member_client, address(two, f"compare/?a=v1&b=v2&format=csv&table={table}"))) == rows


def test_page_and_api_show_the_same_figures(member_client: Client, two: Team, api_key: str) -> None:
    api = Client(headers={"x-api-key": api_key})
    told = api.get("/api/v1/releases/compare", {"workflow": "nightly", "a": "v1", "b": "v2"}).json()["metrics"]
    head, *rows = csv_of(member_client, address(two, "compare/?a=v1&b=v2&format=csv&table=figures"))
    assert [row[0] for row in rows] == [one["metric"] for one in told]
    for row, one in zip(rows, told, strict=True):
        cells = dict(zip(head, row, strict=True))
        assert (float(cells["After"]) if cells["After"] else None) == one["after"]
        assert cells["Reading"] == one["reading"]


def test_bad_addresses_say_what_is_wrong(member_client: Client, two: Team) -> None:
    assert "No such release" in text_of(member_client, address(two, "compare/?a=v1&b=v9"))
    text = text_of(member_client, address(two, "compare/?a=v1&b=v2&b_from=soon"))
    assert "is no range of time for v2" in text
    assert member_client.get(address(two, "compare/?a=v1&b=v2&format=csv&table=x")).status_code == 404


def test_without_releases_it_says_how_to_tell_one(member_client: Client, team: Team) -> None:
    store(team, report())
    assert "No release is known" in text_of(member_client, address(team))
    assert "Nothing to compare yet" in text_of(member_client, address(team, "compare/"))


@pytest.mark.parametrize("part", ["", "compare/"])
def test_who_may_see_it(client: Client, stranger_client: Client, member_client: Client, two: Team, part: str) -> None:
    assert stranger_client.get(address(two, part)).status_code == 404
    assert client.get(address(two, part))["Location"].startswith("/sign-in/")
    assert member_client.put(address(two, part)).status_code == 405
    assert member_client.get(f"/t/{two.slug}/workflows/other/releases/{part}").status_code == 404


def test_a_viewer_reads_and_does_not_announce(client: Client, two: Team) -> None:
    user = User.objects.create_user("viewer@harbour.test", "x")
    Membership.objects.create(team=two, user=user, role=Role.VIEWER)
    client.force_login(user)
    assert "Announce a release" not in text_of(client, address(two))
    assert client.post(address(two), {"name": "v3"}).status_code == 404


def test_the_number_of_queries_does_not_grow(member_client: Client, two: Team) -> None:
    def queries(part: str) -> int:
        with CaptureQueriesContext(
            connection,
        ) as found:
            assert member_client.get(address(two, part)).status_code == 200
        return len(found)

    before = queries(""), queries("compare/?a=v1&b=v2")
    runs = (report(release=f"w{n}", finished_at=NOW - timedelta(minutes=n)) for n in range(1, 20))
    store(two, *runs)
    assert (queries(""), queries("compare/?a=v1&b=v2")) == before
