"""Hostile calls of every operation of the API and of a directory, and every form, with a filled team."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode
from uuid import uuid4

import pytest
import requests
import schemathesis
from django.db import transaction
from django.test import Client
from drf_spectacular.generators import SchemaGenerator
from hypothesis import given
from hypothesis import strategies as st
from pytest_django import DjangoDbBlocker
from schemathesis import GenerationMode

from accounts.models import User
from accounts.services.teams import create_team_with_owner
from ingestion.sources import forget_sources
from monitoring.store.labels import forget_names
from monitoring.store.partitions import forget_partitions
from tests.fuzz.conftest import Watch
from tests.fuzz.counting import IS_WHOLE, bounded, count
from tests.fuzz.forms import LEFT_ALONE, ORIGIN, Visitor, read
from tests.fuzz.mutating import mutated, to_bytes
from tests.fuzz.texts import ALL, STORABLE
from tests.fuzz.world import MAIN, World, fill
from tests.people import PASSWORD

HOST = "http://testserver"
STRANGE_NUMBERS = ("-1", "0", "1", "99999999999999999999", "1e9", "NaN", "2026-13", "2026-08", "now-7d", "x")


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[World]:
    """A filled team for all tests of this file; nothing of it is left."""
    with django_db_blocker.unblock(), transaction.atomic():
        made = create_team_with_owner(name="Harbour", email="owner@harbour.test", password=PASSWORD)
        yield fill(made.team, made.owner, STORABLE[::6])
        transaction.set_rollback(True)
    forget_everything()


def forget_everything() -> None:
    """What processes remember of rows that a rollback took away."""
    forget_names()
    forget_partitions()
    forget_sources()


def operations() -> list[Any]:
    """All operations of the description, as it is served."""
    described = json.loads(json.dumps(SchemaGenerator().get_schema(request=None, public=True), default=str))
    schema = schemathesis.openapi.from_dict(described)
    return [found.ok() for found in schema.get_all_operations()]


class Ids:
    """What is really there, for the parameters of paths: read from the list above each."""

    def __init__(self, world: World) -> None:
        self._world, self._known = world, {}

    def of(self, path: str, name: str) -> list[str]:
        """Values for the parameter `name` of `path`."""
        above = path.partition("{" + name + "}")[0]
        if "{" in above:
            return []
        if above not in self._known:
            answer = self._world.call("GET", above.removeprefix("/api/v1/"))
            rows = answer.json() if answer.status_code == 200 else []
            rows = rows.get("results", []) if isinstance(rows, dict) else rows
            self._known[above] = [
                str(row[key])
                for row in rows[:4]
                for key in ("id", "slug", "name", "month")
                if isinstance(row, dict) and row.get(key)
            ]
        return self._known[above]


def named(world: World) -> dict[str, list[Any]]:
    """What is really there, for fields of bodies and parameters of queries that name something."""
    channel, group = world.first("channels/"), world.first("groups/")
    return {
        "workflow": [MAIN, "1-1", "nobody"],
        "channel_id": [channel, str(uuid4())],
        "channel": [channel],
        "failure_group_id": [group],
        "finding_id": [world.first("findings/")],
        "improvement_id": [world.first("improvements/")],
        "groups": [[group], [group, group], [str(uuid4())]],
        "into": [group],
        "owner": ["owner@harbour.test"],
        "assignee": ["owner@harbour.test", "nobody"],
        "provider": ["", "openai"],
        "environment": ["production"],
        "after": ["", "x", "MTIz", "%00"],
        "cursor": ["", "x", "%00", "cD0yMDI2"],
        "from": ["now-7d", "now", "now-99999999999d", "2026-13-01"],
    }


def _named_fields(value: Any, known: dict[str, list[Any]], data: st.DataObject) -> Any:
    """The value with fields that name something naming what is there, sometimes."""
    if isinstance(value, list):
        return [_named_fields(one, known, data) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        name: data.draw(st.sampled_from(known[name]))
        if name in known and data.draw(st.booleans())
        else _named_fields(child, known, data)
        for name, child in value.items()
    }


def _path(case: Any, ids: Ids, data: st.DataObject) -> str:
    """The path, its parameters mostly those of something that is there, at times hostile."""
    parts = {}
    for name, told in (case.path_parameters or {}).items():
        real = ids.of(case.operation.path, name)
        which = data.draw(st.integers(0, 9))
        value = data.draw(st.sampled_from(real)) if real and which < 7 else told
        parts[name] = data.draw(st.sampled_from(ALL)) if which == 9 else value
    path = case.operation.path
    for name, value in parts.items():
        path = path.replace("{" + name + "}", quote(str(value), safe="", errors="surrogatepass") or "-")
    return path


def send(case: Any, world: World, ids: Ids, known: dict[str, list[Any]], data: st.DataObject) -> Any:
    """Makes the call of a case; the body at times further from what is described."""
    if isinstance(case.body, dict | list):
        case.body = _named_fields(case.body, known, data)
    if isinstance(case.query, dict):
        case.query = _named_fields(case.query, known, data)
    told = case.as_transport_kwargs(base_url=HOST)
    told = {name: told[name] for name in ("method", "url", "params", "data", "json", "files") if name in told}
    ready = requests.Request(**told).prepare()
    body = ready.body or b""
    body = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body
    if isinstance(case.body, dict | list) and data.draw(st.integers(0, 3)) == 0:
        body = to_bytes(data.draw(mutated([case.body])))
    content_type = ready.headers.get("Content-Type") or case.media_type or "application/json"
    query = ready.url.partition("?")[2]
    path = _path(case, ids, data) + (f"?{query}" if query else "")
    headers = {"authorization": f"Bearer {world.key}"}
    client = Client(raise_request_exception=True)
    return path, body, client.generic(case.method, path, body, content_type=content_type, headers=headers)


def test_no_call_makes_a_server_error(world: World, in_time: Watch) -> None:
    ids, known, failures = Ids(world), named(world), []
    # Making up cases costs more than the calls: the share takes every third operation.
    for operation in operations()[:: 1 if IS_WHOLE else 3]:
        modes = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
        cases = st.one_of([operation.as_strategy(generation_mode=mode) for mode in modes])

        @bounded(20, 1)
        @given(cases, st.data())
        def call(case: Any, data: st.DataObject) -> None:
            count("API, all operations of the description")
            with in_time(), transaction.atomic():
                path, body, answer = send(case, world, ids, known, data)
                transaction.set_rollback(True)
            forget_everything()
            assert answer.status_code < 500, (case.method, path, body, answer.content)

        try:
            call()
        except Exception as error:
            failures.append(f"{operation.label}: {error!r:.1500}")
    assert failures == [], "\n\n".join(failures)


PERSON = {
    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
    "userName": "new@harbour.test",
    "externalId": "e-1",
    "displayName": "New",
    "active": True,
    "name": {"givenName": "N", "familyName": "P"},
    "emails": [{"value": "new@harbour.test", "primary": True}],
}
CHANGE = {"schemas": ["x"], "Operations": [{"op": "Replace", "path": "active", "value": False}, {"op": "add"}]}
FILTERS = (
    'userName eq "a"',
    "userName eq",
    'externalId eq "\\ud800"',
    "x" * 5_000,
    '(((a eq "b")))',
    'userName eq "\0"',
)


def test_no_call_of_a_directory_makes_a_server_error(world: World, in_time: Watch) -> None:
    client = Client(headers={"authorization": f"Bearer {world.key}"})
    member = User.objects.exclude(email="owner@harbour.test").order_by("email")[0]
    paths = ["Users", f"Users/{member.id}", f"Users/{uuid4()}", "Users/x", "ServiceProviderConfig", "Groups"]

    @bounded(300, 30)
    @given(st.data())
    def call(data: st.DataObject) -> None:
        count("SCIM")
        method = data.draw(st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE"]))
        query = data.draw(st.sampled_from(["filter", "startIndex", "count"]))
        value = quote(data.draw(st.sampled_from([*FILTERS, *ALL])), errors="surrogatepass")
        body = to_bytes(data.draw(mutated([PERSON, CHANGE])))
        address = f"/scim/v2/{data.draw(st.sampled_from(paths))}?{query}={value}"
        with in_time(), transaction.atomic():
            answer = client.generic(method, address, body, content_type="application/scim+json")
            transaction.set_rollback(True)
        assert answer.status_code < 500, (method, address, body, answer.content)

    call()


def test_no_form_makes_a_server_error(world: World, in_time: Watch) -> None:
    visitor = Visitor(world.client, world.team.slug, most=1)
    visitor.visit_all([visitor.start, "/account/", "/account/sessions/", "/teams/new/"], lambda *_: None)
    public = Visitor(Client(), world.team.slug, most=1)
    public.visit_all(["/sign-in/", "/sign-up/", "/account/password/forgotten/", "/sign-in/company/"], lambda *_: None)
    forms = [(visitor, one) for one in visitor.forms.values() if one.route not in LEFT_ALONE]
    forms += [(public, one) for one in public.forms.values()]
    assert len(forms) > 60

    @bounded(1_000, 60)
    @given(st.data())
    def post(data: st.DataObject) -> None:
        count("pages: forms")
        who, form = data.draw(st.sampled_from(forms))
        fields = dict(form.fields)
        for name in data.draw(st.lists(st.sampled_from(sorted(fields)), max_size=4)) if fields else []:
            fields[name] = data.draw(st.lists(st.sampled_from([*ALL, *STRANGE_NUMBERS, "x" * 1_000_000]), max_size=2))
        content = urlencode(fields, doseq=True, errors="surrogatepass")
        path = form.action.removeprefix(ORIGIN)
        with in_time(), transaction.atomic():
            answer = who.client.post(path, content, content_type="application/x-www-form-urlencoded")
            body = read(answer)
            transaction.set_rollback(True)
        forget_everything()
        assert answer.status_code < 500, (path, str(fields)[:1000], body[:500])

    post()
