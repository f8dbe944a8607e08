"""Hostile reports by every way in: no server error, nothing that hangs, nothing half stored."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Scope, Team
from accounts.tenancy import team_context
from ingestion.adapters.webhooks.recipes import RECIPES
from ingestion.kinds import KINDS, SourceKind
from ingestion.sources import add_source, forget_sources
from monitoring.store.labels import forget_names
from monitoring.store.partitions import forget_partitions
from tests.factories import ApiKeyFactory
from tests.fuzz.conftest import Watch
from tests.fuzz.counting import bounded, count
from tests.fuzz.mutating import CONTENT_TYPES, ENCODINGS, bodies, spoiled
from tests.fuzz.seeds import WAYS, Way
from tests.fuzz.texts import ALL

pytestmark = pytest.mark.django_db

RECORDS = ("execution", "step", "payload", "log_line", "facet", "source_line", "source_metric")
_COUNT = "SELECT " + ", ".join(f"(SELECT count(*) FROM {name})" for name in RECORDS)
_ORPHANS = " UNION ALL ".join(
    f"SELECT '{name}' FROM {name} one WHERE NOT EXISTS "
    "(SELECT FROM execution e WHERE e.team_id = one.team_id AND e.id = one.execution_id)"
    for name in ("step", "payload", "log_line", "facet")
)
# A value that the database refused: validation let it through.
_LET_THROUGH = b"the database does not take"


@pytest.fixture(autouse=True)
def _nothing_remembered() -> None:
    forget_sources()
    forget_names()
    forget_partitions()


@pytest.fixture
def addresses(team: Team) -> dict[SourceKind, str]:
    """The address of a source of each kind that has one."""
    found = {}
    with team_context(team.id):
        for kind, about in KINDS.items():
            if about.has_address:
                mapping = RECIPES["temporal"].mapping if kind is SourceKind.GENERIC else {}
                found[kind] = add_source(team_id=team.id, kind=kind, name=str(kind), mapping=mapping).address
    return found


def told_headers(data: st.DataObject, key: str) -> dict[str, str]:
    """The key, and headers that some protocols read."""
    headers = {"authorization": f"Bearer {key}"}
    encoding = data.draw(ENCODINGS)
    if encoding:
        headers["content-encoding"] = encoding
    text = data.draw(st.sampled_from(["", "{", "push", "workflow_run", "x" * 500, "é", "1", "\\u0000"]))
    if text:
        names = ["x-github-event", "webhook-id", "x-gitlab-event", "x-amz-firehose-common-attributes", "traceparent"]
        headers[data.draw(st.sampled_from(names))] = text
    return headers


def rows(team: Team) -> tuple[int, ...]:
    """How many records there are, table by table."""
    with team_context(team.id), connection.cursor() as cursor:
        cursor.execute(_COUNT)
        return tuple(cursor.fetchone())


def orphans(team: Team) -> list[Any]:
    """Tables with records of executions that are not there."""
    with team_context(team.id), connection.cursor() as cursor:
        cursor.execute(_ORPHANS)
        return cursor.fetchall()


def body_of(data: st.DataObject, way: Way) -> bytes:
    """A body for a way in, JSON or not."""
    if way.values and data.draw(st.integers(0, 9)):
        return data.draw(bodies(way.values))
    return data.draw(st.sampled_from(way.raw or [b"", b"null", b"[]"]).flatmap(spoiled) | st.binary(max_size=60))


@pytest.mark.parametrize("name", WAYS)
def test_no_report_makes_a_server_error(
    name: str, team: Team, addresses: dict[SourceKind, str], in_time: Watch
) -> None:
    way, client = WAYS[name], Client(raise_request_exception=True)
    key = ApiKeyFactory(team=team, scopes=list(Scope.values)).text
    path = way.path.format(address=addresses.get(way.kind, ""))

    @bounded(170, 8)
    @given(st.data())
    def report(data: st.DataObject) -> None:
        count("ways in: " + name)
        body, headers = body_of(data, way), told_headers(data, key)
        content_type = way.content_type if data.draw(st.integers(0, 5)) else data.draw(CONTENT_TYPES)
        target = path
        if way.kind is SourceKind.PING:
            ends = ["", "/start", "/fail", "/0", "/255", "/-1", "/x%00", "?rid=a", "?rid=%00", "?rid=%ff%fe", "/1?rid="]
            target += data.draw(st.sampled_from(ends))
        # Counting costs more than the report.
        before = rows(team) if data.draw(st.integers(0, 3)) == 0 else None
        with in_time():
            answer = client.generic(way.method, target, body, content_type=content_type, headers=headers)
        assert answer.status_code < 500, (target, content_type, headers, body, answer.content)
        assert _LET_THROUGH not in answer.content, (target, content_type, body, answer.content)
        is_whole = answer.status_code < 400 or way.kind in (SourceKind.LOKI, SourceKind.HEC)
        if before is not None and not is_whole:
            assert rows(team) == before, (target, body, answer.content)

    report()
    assert orphans(team) == []


@pytest.mark.parametrize("text", ALL, ids=ascii)
def test_a_hostile_text_as_every_name_is_stored_whole_or_refused(text: str, team: Team, api_key: str) -> None:
    count("ways in: each text as every name")
    names = ("id", "workflow", "release", "environment", "trigger", "input_type", "session", "user", "error")
    fields = ("node", "kind", "provider", "model", "tool", "external_system", "error", "input", "output")
    told = dict.fromkeys(names, text) | {"tags": {text: text}, "attributes": {text: text}, "logs": [text]}
    told["steps"] = [{"id": text, **dict.fromkeys(fields, text)}]
    answer = Client().post(
        "/api/v1/executions",
        told,
        content_type="application/json",
        headers={"authorization": f"Bearer {api_key}"},
    )
    assert answer.status_code in (200, 400, 422), answer.content
    assert _LET_THROUGH not in answer.content
    executions, steps, *_ = rows(team)
    assert executions == steps == int(answer.status_code == 200)
    assert orphans(team) == []


HUGE = "x" * 1_000_000
HUGE_FIELDS: dict[str, dict[str, Any]] = {
    **{name: {name: HUGE} for name in ("id", "workflow", "release", "environment", "trigger", "session", "url")},
    "tag": {"tags": {"a": HUGE}},
    "name of a tag": {"tags": {HUGE: "a"}},
    "name of an attribute": {"attributes": {HUGE: 1}},
    "error": {"error": HUGE, "status": "failed"},
    "input": {"input": {HUGE: HUGE}},
    "log": {"logs": [HUGE]},
    "node": {"steps": [{"id": "1", "node": HUGE}]},
    "model": {"steps": [{"id": "1", "model": HUGE, "provider": HUGE}]},
    "id of a step": {"steps": [{"id": HUGE}]},
}


@pytest.mark.parametrize("name", HUGE_FIELDS)
def test_a_text_of_a_megabyte_is_stored_or_refused_by_its_field(name: str, team: Team, api_key: str) -> None:
    count("ways in: texts of a megabyte")
    answer = Client().post(
        "/api/v1/executions",
        {"id": "e1", **HUGE_FIELDS[name]},
        content_type="application/json",
        headers={"authorization": f"Bearer {api_key}"},
    )
    assert answer.status_code in (200, 422), answer.content[:500]
    assert _LET_THROUGH not in answer.content
    assert len(answer.content) < 10_000
    if answer.status_code == 422:
        assert name.split(maxsplit=1)[0] in answer.json()["detail"] or answer.json()["rejected"][0]["field"]
        assert rows(team) == (0,) * len(RECORDS)
