"""Pages are compressed for who takes it; files and answers to programs are sent as they are."""

import gzip

import pytest
from django.test import Client

from accounts.models import Team
from tests.factories import report, store

pytestmark = pytest.mark.django_db
TAKES_GZIP = {"HTTP_ACCEPT_ENCODING": "gzip, br"}


def test_a_page_is_compressed_and_never_twice_of_one_length(team: Team, owner_client: Client) -> None:
    address = f"/t/{team.slug}/executions/"
    plain = owner_client.get(address)
    answers = [owner_client.get(address, **TAKES_GZIP) for _ in range(8)]
    assert "Content-Encoding" not in plain.headers
    assert {answer["Content-Encoding"] for answer in answers} == {"gzip"}
    assert {answer["Vary"].count("Accept-Encoding") for answer in answers} == {1}
    assert "<h1>Executions</h1>" in gzip.decompress(answers[0].content).decode()
    assert len(answers[0].content) < len(plain.content) / 3
    assert len({len(answer.content) for answer in answers}) > 1


def test_files_and_answers_to_programs_are_not(team: Team, owner_client: Client) -> None:
    store(team, *(report(id=f"run {number}") for number in range(30)))
    for address in (f"/t/{team.slug}/executions/?format=csv&env=*&from=now-90d", "/api/schema/"):
        answer = owner_client.get(address, **TAKES_GZIP)
        assert answer.status_code == 200
        assert "Content-Encoding" not in answer.headers
