"""Controls of direction on pages: none of what was told comes through, and nothing else is changed."""

import json
import re

import pytest
from django.test import Client
from django.utils.html import json_script

from accounts.models import Team
from config.turning import without_turning
from tests.factories import report, store

CONTROLS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


@pytest.mark.parametrize("control", CONTROLS)
def test_each_control_becomes_a_sign(control: str) -> None:
    assert without_turning(f"<p>a{control}b</p>".encode()).decode() == "<p>a\ufffdb</p>"
    script = str(json_script({"name": f"a{control}b"}, "data"))
    found = re.search(">(.*)<", without_turning(script.encode()).decode())
    assert found is not None
    assert json.loads(found[1]) == {"name": "a\ufffdb"}


def test_everything_else_stays() -> None:
    page = "<p>שלום – “quoted” … \u200e\u200f \\u202e</p>".encode()
    assert without_turning(page) == page


@pytest.mark.django_db
def test_a_name_does_not_turn_a_page_and_stays_in_files(team: Team, owner_client: Client) -> None:
    name = "a\u202eexe.txt"
    store(team, report(workflow=name))
    address = f"/t/{team.slug}/workflows/?from=2026-08-11&to=2026-08-13"
    page = owner_client.get(address)
    assert page.status_code == 200
    assert "a\ufffdexe.txt" in page.content.decode()
    assert "\u202e" not in page.content.decode()
