"""The page of exports: what one would hold, making it, progress, files, and who may."""

import csv
import io
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Membership, Team, User
from accounts.permissions import Role
from accounts.tenancy import team_context
from billing.models import CostBasis, CostMailPlan, ExportJob
from billing.services import export_jobs, export_runs
from tests.billing.lines import add_line

pytestmark = pytest.mark.django_db

PAGE = "/t/harbour/cost/exports/"
AUGUST = {"from": "2026-08-01", "to": "2026-09-01"}


@pytest.fixture(autouse=True)
def _folder(settings: Any, tmp_path: Path) -> None:
    settings.EXPORTS_FOLDER = tmp_path


def body(response: Any) -> bytes:
    return b"".join(response.streaming_content)


def jobs(team: Team) -> list[ExportJob]:
    with team_context(team.id):
        return list(ExportJob.objects.order_by("created_at"))


def test_the_page_says_what_an_export_holds(owner_client: Client, team: Team) -> None:
    add_line(team)
    add_line(team, basis=CostBasis.UNPRICED, cost_usd=None, unpriced_tokens=1100)
    page = owner_client.get(PAGE, {**AUGUST, "table": "focus"}).content.decode()
    assert "<b>2</b> cost lines, <b>$0.25</b>" in page
    assert "1,100 tokens have no price" in page
    assert "their lines are left out and counted" in page
    assert "the file comes at once" in page
    assert "<b>0</b> cost lines" in owner_client.get(PAGE, {**AUGUST, "workflow": "nobody"}).content.decode()


def test_a_short_export_comes_at_once(owner_client: Client, team: Team) -> None:
    add_line(team)
    response = owner_client.post(f"{PAGE}make/", {**AUGUST, "table": "lines", "format": "csv"})
    assert response["Content-Disposition"] == 'attachment; filename="lines-2026-08-01-2026-09-01.csv"'
    rows = list(csv.DictReader(io.StringIO(body(response).decode("utf-8-sig"))))
    assert [row["cost_usd"] for row in rows] == ["0.25"]
    assert jobs(team) == []
    for table in ("focus", "chargeback"):
        response = owner_client.post(f"{PAGE}make/", {**AUGUST, "table": table, "format": "xlsx"})
        assert body(response).startswith(b"PK")


def test_a_long_one_is_written_behind_and_downloaded(owner_client: Client, team: Team, monkeypatch: Any) -> None:
    monkeypatch.setattr(export_jobs, "DIRECT_LINES", 0)
    add_line(team)
    response = owner_client.post(f"{PAGE}make/", {**AUGUST, "format": "csv-machine"}, follow=True)
    assert "Waiting" in response.content.decode()
    (job,) = jobs(team)
    address = f"{PAGE}{job.id}/file/"
    assert owner_client.get(address).status_code == 404
    assert "hx-trigger" in owner_client.get(PAGE, {"part": "jobs"}).content.decode()
    export_runs.run_due()
    part = owner_client.get(PAGE, {"part": "jobs"}).content.decode()
    assert "Ready" in part
    assert "hx-trigger" not in part
    assert body(owner_client.get(address)).startswith(b"line,entry,")
    listed = b"".join(owner_client.get(PAGE, {"list": "csv"})).decode()  # type: ignore[arg-type]
    assert jobs(team)[0].digest in listed


def test_files_are_of_their_team_only(owner_client: Client, stranger_client: Client, team: Team) -> None:
    owner_client.post(f"{PAGE}make/", {**AUGUST, "format": "parquet"})
    (job,) = jobs(team)
    export_runs.run_due()
    for address in (f"{PAGE}{job.id}/file/", PAGE, f"/t/mountain/cost/exports/{job.id}/file/"):
        assert stranger_client.get(address).status_code == 404
    assert Client().get(f"{PAGE}{job.id}/file/").status_code == 302
    assert owner_client.post(PAGE).status_code == 405


def test_who_may_remove_what(owner_client: Client, member_client: Client, team: Team, owner: User) -> None:
    owner_client.post(f"{PAGE}make/", {**AUGUST, "format": "parquet"})
    (job,) = jobs(team)
    assert member_client.post(f"{PAGE}{job.id}/remove/").status_code == 404
    assert owner_client.post(f"{PAGE}{job.id}/remove/").status_code == 302
    assert jobs(team) == []
    member_client.post(f"{PAGE}make/", {**AUGUST, "format": "parquet"})
    assert member_client.post(f"{PAGE}{jobs(team)[0].id}/remove/").status_code == 302


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"from": "12.8.2026"}, "12.8.2026 is no day: write it as 2026-08-31."),
        ({"from": "2026-09-02", "to": "2026-09-01"}, "must be after 2026-09-02"),
        ({"from": "0001-01-01"}, "The day must be from 1990 to 2099."),
        ({"format": "pdf"}, "pdf is not known. Allowed: csv, csv-machine, xlsx, parquet."),
        ({"tag": "centre"}, "centre is no tag: write it as key=value."),
    ],
)
def test_what_cannot_be_read_is_said(owner_client: Client, told: dict[str, str], said: str) -> None:
    response = owner_client.get(PAGE, told)
    assert response.status_code == 422
    assert said in response.content.decode()
    assert owner_client.post(f"{PAGE}make/", told, follow=True).status_code == 422


def test_too_many_are_refused_in_words(owner_client: Client, team: Team) -> None:
    for _ in range(export_jobs.MOST_AT_WORK):
        owner_client.post(f"{PAGE}make/", {**AUGUST, "format": "parquet"})
    response = owner_client.post(f"{PAGE}make/", {**AUGUST, "format": "parquet"}, follow=True)
    assert "10 exports of this team wait already" in response.content.decode()


def test_the_list_takes_the_same_queries_with_one_and_many(
    owner_client: Client, team: Team, django_assert_max_num_queries: Any
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def count() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert owner_client.get(PAGE).status_code == 200
        return len(seen)

    with team_context(team.id):
        export_jobs_asked(team, 1)
    first = count()
    with team_context(team.id):
        export_jobs_asked(team, 9)
    assert count() == first


def export_jobs_asked(team: Team, count: int) -> None:
    from billing.exports.files import Format, Table
    from billing.reads.cost_lines import Chosen

    for _ in range(count):
        export_jobs.create(team.id, table=Table.LINES, format=Format.XLSX, chosen=Chosen(), now=timezone.now())


def test_finance_chooses_the_monthly_mail(team: Team, settings: Any) -> None:
    from accounts.mail import read_email_url

    settings.MAIL_SERVER = read_email_url("smtp://127.0.0.1:2525")
    user = User.objects.create_user("finance@harbour.test", "correct horse battery")
    Membership.objects.create(team=team, user=user, role=Role.FINANCE)
    client = Client()
    client.force_login(user)
    told = {"day": "5", "table": "focus", "format": "parquet"}
    page = client.post(f"{PAGE}mail/", told, follow=True).content.decode()
    assert "It is sent to <bdi>finance@harbour.test</bdi> on day 5 of the next month." in page
    assert CostMailPlan.objects.get().day == 5
    assert "Not saved" in client.post(f"{PAGE}mail/", {**told, "day": "31"}, follow=True).content.decode()
    assert "It is not sent to you." in client.post(f"{PAGE}mail/", {"wants": "no"}, follow=True).content.decode()


def test_a_developer_has_no_mail_to_choose(member_client: Client, team: Team) -> None:
    page = member_client.get(PAGE).content.decode()
    assert "Each month by e-mail" not in page
    assert "Import usage" not in page
    assert member_client.post(f"{PAGE}mail/", {"wants": "no"}).status_code == 404


def test_the_usual_days_are_those_of_the_month_that_ended(owner_client: Client, time_machine: Any) -> None:
    time_machine.move_to(datetime.fromisoformat("2026-03-15T12:00:00+00:00"))
    page = owner_client.get(PAGE).content.decode()
    assert 'value="2026-02-01"' in page
    assert 'value="2026-03-01"' in page
