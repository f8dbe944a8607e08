"""Usage files by the page: a preview first, the import then, and refusals before anything is read."""

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import Team
from accounts.tenancy import team_context
from ingestion.history import uploads
from monitoring.models import Execution

pytestmark = pytest.mark.django_db

PAGE = "/t/harbour/cost/import/"
FILE = Path(__file__).parents[1] / "history" / "files" / "azure_llm_code.csv"
MAPPING = "time=TIMESTAMP\nworkflow:=code\ninput_tokens=ContextTokens\noutput_tokens=GeneratedTokens"


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.UPLOADS_FOLDER = tmp_path
    return tmp_path


def send(client: Client, body: bytes, **told: str) -> Any:
    return client.post(PAGE, {"file": SimpleUploadedFile("x.csv", body), **told})


def kept(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.is_file()]


def stored(team: Team) -> int:
    with team_context(team.id):
        return Execution.objects.count()


def test_a_file_is_shown_first_and_imported_then(owner_client: Client, team: Team, folder: Path) -> None:
    page = send(owner_client, FILE.read_bytes(), mapping=MAPPING).content.decode()
    assert "Import 12 rows" in page
    assert "31,868" in page
    assert "not told" in page, "the cost of no row is told"
    assert stored(team) == 0
    (name,) = kept(folder)
    response = owner_client.post(PAGE, {"kept": name, "mapping": MAPPING, "do": "import"}, follow=True)
    assert "12 rows were imported" in response.content.decode()
    assert stored(team) == 12
    assert kept(folder) == []


def test_a_file_whose_name_does_not_end_in_csv_is_not_kept(owner_client: Client, folder: Path) -> None:
    named = SimpleUploadedFile("usage.xlsx", FILE.read_bytes())
    response = owner_client.post(PAGE, {"file": named, "mapping": MAPPING})
    assert response.status_code == 422
    assert "The name of the file must end in .csv" in response.content.decode()
    assert kept(folder) == []
    assert (
        "Import 12 rows"
        in owner_client.post(
            PAGE, {"file": SimpleUploadedFile("USAGE.CSV", FILE.read_bytes()), "mapping": MAPPING}
        ).content.decode()
    )


def test_columns_are_guessed(owner_client: Client) -> None:
    page = send(owner_client, FILE.read_bytes()).content.decode()
    assert "time=TIMESTAMP\ninput_tokens=ContextTokens\noutput_tokens=GeneratedTokens" in page


def test_a_bad_row_is_named_and_nothing_is_imported(owner_client: Client, team: Team) -> None:
    response = send(owner_client, b'time,cost\n2026-08-12,1\n2026-08-13,"1,5"\n', do="import")
    assert response.status_code == 422
    assert "Line 3, column <b>cost</b>: must be written with a point" in response.content.decode()
    assert stored(team) == 0


def test_a_mapping_is_mended_without_uploading_again(owner_client: Client, folder: Path) -> None:
    response = send(owner_client, FILE.read_bytes(), mapping="time=when\ninput_tokens=ContextTokens")
    assert response.status_code == 422
    assert "has no column when" in response.content.decode()
    (name,) = kept(folder)
    assert "Import 12 rows" in owner_client.post(PAGE, {"kept": name, "mapping": MAPPING}).content.decode()


@pytest.mark.parametrize("size", [uploads.MAX_BYTES + 100_000, 10 * 1024**3])
def test_what_is_too_large_is_refused_unread(owner_client: Client, folder: Path, size: int) -> None:
    response = owner_client.generic("POST", PAGE, b"x", "multipart/form-data; boundary=x", CONTENT_LENGTH=str(size))
    assert response.status_code == 413
    assert "Use manage.py import_usage" in response.content.decode()
    assert kept(folder) == []


def test_the_form_needs_its_token(owner: Any) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner)
    assert client.get(PAGE).status_code == 200
    assert send(client, FILE.read_bytes()).status_code == 403


def test_who_may(owner_client: Client, member_client: Client, stranger_client: Client, folder: Path) -> None:
    assert owner_client.get(PAGE).status_code == 200
    assert owner_client.put(PAGE).status_code == 405
    for client in (member_client, stranger_client):
        assert client.get(PAGE).status_code == 404
        assert send(client, FILE.read_bytes()).status_code == 404
    assert Client().get(PAGE).status_code == 302
    assert kept(folder) == []


def test_a_file_of_another_team_is_not_found(owner_client: Client, stranger_client: Client, folder: Path) -> None:
    send(owner_client, FILE.read_bytes(), mapping=MAPPING)
    (name,) = kept(folder)
    other = "/t/mountain/cost/import/"
    for guess in (name, "../" + name, ""):
        response = stranger_client.post(other, {"kept": guess, "mapping": MAPPING, "do": "import"})
        assert "Choose a file" in response.content.decode()


def test_files_that_were_left_go(owner_client: Client, folder: Path, monkeypatch: Any) -> None:
    send(owner_client, b"time,cost\n")
    monkeypatch.setattr(uploads, "KEPT_S", -1)
    send(owner_client, b"time,cost\n")
    assert len(kept(folder)) == 1
