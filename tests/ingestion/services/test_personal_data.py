"""What a team keeps about somebody: found wherever it stands, exported whole, deleted for good; figures stay."""

import json
import zipfile
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Sum
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEvent, Team
from accounts.services.teams import NewTeam
from accounts.tenancy import team_context
from ingestion.kinds import SourceKind
from ingestion.models import Delivery, SourceLine
from ingestion.services.personal_data import TooShort, last, search
from ingestion.sources import add_source, forget_sources
from monitoring.models import Execution, LogLine, Payload, Rollup, Step
from monitoring.models.rollup import Dimension, Grain
from monitoring.store.rollups import fold_all

pytestmark = pytest.mark.django_db
WHO = "Ada.Lovelace"


def report(key: str, **told: Any) -> None:
    body = json.dumps({"workflow": "orders", "status": "failed", **told})
    answer = Client().post(
        "/api/v1/executions", body, content_type="application/json", headers={"authorization": f"Bearer {key}"}
    )
    assert answer.status_code == 200


@pytest.fixture
def filled(team: Team, api_key: str, other_team: NewTeam) -> Team:
    """Six runs, of which five hold the value in another place each; a delivery and a line; another team with it."""
    forget_sources()
    report(api_key, id="payload", input={"deep": [{"name": f"x {WHO.upper()} y"}]})
    report(api_key, id="step", steps=[{"id": "s", "output": WHO}])
    report(api_key, id="log", logs=[{"message": f"hello {WHO}"}])
    report(api_key, id="error", error={"message": f"no such {WHO}"})
    report(api_key, id="tag", tags={"customer": WHO})
    report(api_key, id="none", input="somebody else")
    report(other_team.api_key, id="payload", input=WHO)
    with team_context(team.id):
        hook = add_source(team_id=team.id, kind=SourceKind.GENERIC, name="Hook")
    Client().post(f"/hooks/{hook.address}", json.dumps({"n": WHO}), content_type="application/json")
    headers = {"authorization": f"Bearer {api_key}"}
    Client().post("/api/v1/logs", f"a line of {WHO}\n", content_type="text/plain", headers=headers)
    fold_all(timezone.now(), team_id=team.id)
    return team


def runs(team: Team) -> int:
    with team_context(team.id):
        month = Rollup.objects.filter(grain=Grain.MONTH, dimension=Dimension.NONE)
        return int(month.aggregate(runs=Sum("runs"))["runs"])


def test_a_value_is_found_wherever_it_stands_and_a_tag_only_as_a_tag(filled: Team) -> None:
    found = last(search(filled.id, WHO.lower()))
    assert (len(found.executions), len(found.deliveries), len(found.lines)) == (5, 1, 1)
    assert len(last(search(filled.id, WHO, tag="customer")).executions) == 1
    with pytest.raises(TooShort):
        last(search(filled.id, "a"))


def test_export_and_deletion_by_command(filled: Team, other_team: NewTeam, tmp_path: Path) -> None:
    before, path, out = runs(filled), tmp_path / "ada.zip", StringIO()
    call_command("personal_data", WHO, team="harbour", export=path, delete=True, confirm=5, verbosity=0, stdout=out)
    assert "5 executions, 1 deliveries, 1 loose lines" in out.getvalue()
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        assert len(names) == 7
        assert all(WHO.lower() in archive.read(name).decode().lower() for name in names)
    with team_context(filled.id):
        assert [one.external_id for one in Execution.objects.all()] == ["none"]
        assert {m.objects.count() for m in (Step, LogLine, Delivery, SourceLine)} == {0}
        assert Payload.objects.count() == 1
        told = list(AuditEvent.objects.order_by("at").values_list("action", "target_name"))
    assert told == [(f"personal_data.{what}", "Ad… (12 letters)") for what in ("exported", "deleted")]
    assert runs(filled) == before
    with team_context(other_team.team.id):
        assert Execution.objects.count() == 1


def test_nothing_is_deleted_without_the_right_number(filled: Team) -> None:
    with pytest.raises(CommandError, match="not confirmed: 5 executions"):
        call_command("personal_data", WHO, team="harbour", delete=True, confirm=4, verbosity=0, stdout=StringIO())
    with team_context(filled.id):
        assert Execution.objects.count() == 6
