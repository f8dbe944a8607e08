"""A team in which everything is called what nobody should be able to call anything: filled by the API and by forms."""

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.test import Client
from django.utils import timezone
from django.utils.module_loading import import_string

from accounts.models import Membership, Scope, Team, User
from accounts.permissions import Role
from alerts.channels.webhook import new_secret
from config.beat_schedule import BEAT_SCHEDULE
from monitoring.store.rollups import fold_all
from tests.factories import ApiKeyFactory
from tests.fuzz.forms import LEFT_ALONE, Form, Visitor
from tests.fuzz.texts import STORABLE

# The workflow that everything is about, and what runs in it.
MAIN = '"><img src=x onerror=alert(1)>{{ 7*7 }} שלום \u202egnissecorp =1+1'
NODE = "</script><script>alert(2)</script> مرحبا"
TOOL, SYSTEM = "=cmd|' /C calc'!A0", "\u2067crm'\"<b>.example"
_RUNS = 14
_REMOVING = ("remove", "revoke", "delete", "end_", "take", "leave", "switch", "rotate", "again", "close", "reopen")


@dataclass(slots=True)
class World:
    """The team, its owner's browser, a key with all scopes, and what was refused on the way."""

    team: Team
    client: Client
    key: str
    texts: Iterator[str] = field(default_factory=lambda: itertools.cycle(STORABLE))
    refused: list[tuple[str, int, str]] = field(default_factory=list)

    def call(self, method: str, path: str, told: Any = None) -> Any:
        """The API's answer."""
        more = {} if told is None else {"data": json.dumps(told), "content_type": "application/json"}
        answer = Client().generic(method, f"/api/v1/{path}", headers={"authorization": f"Bearer {self.key}"}, **more)
        assert answer.status_code < 500, (path, told, answer.content)
        if answer.status_code >= 400:
            self.refused.append((path, answer.status_code, answer.content.decode()[:300]))
        return answer

    def first(self, path: str) -> str:
        """The id of the first of a list; empty where there is none."""
        rows = self.call("GET", path).json()
        rows = rows["results"] if isinstance(rows, dict) else rows
        return str(rows[0]["id"]) if rows else ""


def run_of(number: int, now: datetime, workflow: str, text: str) -> dict[str, Any]:
    """A run with everything told, each as hostile as it may be; every third fails."""
    started = now - timedelta(minutes=20 * number + 5)
    has_failed = number % 3 == 0
    error = {"error": {"type": text, "message": f"{text} of {SYSTEM}", "stack": text}} if has_failed else {}
    ask = {"node": NODE, "kind": "llm", "provider": text, "model": text, "tokens": {"input": 820, "output": 95}}
    call = {"node": text, "kind": "tool", "tool": TOOL, "external_system": SYSTEM, **error}
    timed = {"started_at": started.isoformat(), "duration_ms": 900 + 100 * number}
    return {
        **{"id": f"{number} {text}"[:256], "workflow": workflow, "release": STORABLE[number % 5], "commit": "a<b"},
        **{"environment": "production", "trigger": text, "input_type": text, "session": text, "user": text},
        **{"status": "failed" if has_failed else "succeeded", "started_at": started.isoformat()},
        **{"finished_at": (started + timedelta(seconds=3)).isoformat(), **error},
        **{"input": {text: text, "plan": text}, "output": [text], "tags": {text: text, "team": text}},
        **{"attributes": {text: text}, "feedback": {"key": text, "score": 1, "comment": text}},
        "url": "https://n8n.example/?<script>alert(1)</script>",
        "logs": [{"message": text, "at": started.isoformat(), "level": "error"}],
        "steps": [
            {"id": "1", "status": "succeeded", "input": text, "output": {text: text}, **timed, **ask},
            {"id": "2", "parent_id": "1", "status": "failed" if has_failed else "succeeded", **timed, **call},
        ],
    }


# Tasks that only take away what is old, that talk to other servers, or that start processes.
_SKIPPED = (
    "remove_",
    "drop_",
    "erase_",
    "make_partitions",
    "send_",
    "push_",
    "tidy_",
    "run_exports",
    "measure_storage",
)


def settle() -> None:
    """What the beat does, once: figures, diagnoses, findings, incidents, costs."""
    fold_all(timezone.now())
    for entry in BEAT_SCHEDULE.values():
        if not entry["task"].rpartition(".")[2].startswith(_SKIPPED):
            import_string(entry["task"])()


def _report(world: World, texts: tuple[str, ...]) -> None:
    now = timezone.now()
    runs = [run_of(number, now, MAIN, texts[number % len(texts)]) for number in range(_RUNS)]
    runs += [run_of(number, now, text, text) for number, text in enumerate(texts)]
    answer = world.call("POST", "executions", runs)
    assert answer.json()["rejected"] == [], answer.json()


def _alerts(world: World) -> None:
    named = world.texts
    hook = {"kind": "webhook", "name": next(named), "settings": {"url": "https://example.com/<b>"}}
    channel = world.call("POST", "channels/", {**hook, "secrets": {"secret": new_secret()}}).json().get("id")
    for _ in range(2):
        world.call("POST", "alert-rules/", {"name": next(named), "metric": "failures", "threshold": 0.5})
        steps = [{"channel_id": channel}]
        world.call("POST", "alert-routes/", {"name": next(named), "steps": steps, "matchers": {"workflow": [MAIN]}})
        ends = (timezone.now() + timedelta(hours=1)).isoformat()
        world.call("POST", "silences/", {"reason": next(named), "ends_at": ends, "matchers": {"workflow": ["=1+1"]}})


def _costs(world: World) -> None:
    named, today = world.texts, timezone.now().date()
    for _ in range(2):
        rates = {"input": "1.25", "output": "10"}
        price = {"provider": "", "model": next(named), "rates": rates, "note": next(named)}
        world.call("POST", "costs/prices/", price)
        discount = {"provider": next(named), "model": "", "percent": "5", "starts_on": f"{today}", "note": next(named)}
        world.call("POST", "costs/discounts/", discount)
        entry = {"entry": "credit", "amount": "-1.5", "day": f"{today}", "reason": next(named), "key": next(named)}
        world.call("POST", "costs/entries/", entry)
        rate = {"name": next(named), "kind": "compute", "unit": "minute", "amount": "0.008", "note": next(named)}
        world.call("POST", "costs/resources/", {**rate, "provider": next(named), "starts_on": f"{today}"})
        thresholds = [{"on": "actual", "percent": 80}]
        world.call("POST", "costs/budgets/", {"name": next(named), "amount": "0.01", "thresholds": thresholds})
    world.call("POST", "costs/exchange-rates/", {"currency": "EUR", "date": f"{date(today.year, 1, 1)}", "usd": "1.1"})
    for table in ("lines", "chargeback", "focus"):
        for form in ("csv", "csv-machine", "xlsx", "parquet"):
            world.call("POST", "costs/exports/", {"table": table, "format": form})


def _flow(world: World) -> None:
    named = world.texts
    for _ in range(2):
        fields = {"workflow": MAIN, "title": next(named), "kind": "prompt", "metric": "error_rate", "text": next(named)}
        improvement = world.call("POST", "improvements/", fields).json().get("id")
        world.call("POST", f"improvements/{improvement}/comments/", {"text": next(named)})
        told = {"workflow": MAIN, "name": next(named), "commit": "a'b", "url": "https://ci.test/7", "note": next(named)}
        world.call("POST", "releases", told)
    world.call("POST", "keys/", {"name": next(named), "scopes": ["read"]})
    if run := world.first("executions/?status=failed"):
        world.call("PUT", f"executions/{run}/hold/", {"reason": next(named)})
        told = {"cause": "external dependency", "note": next(named)}
        world.call("POST", f"executions/{run}/classification/", told)
    if incident := world.first("incidents/"):
        world.call("POST", f"incidents/{incident}/notes/", {"text": next(named)})
        world.call("POST", f"incidents/{incident}/acknowledge/", {"text": next(named)})


def fill(team: Team, owner: User, texts: tuple[str, ...] = STORABLE) -> World:
    """Fills a team by the API. Each answer below 500; what is refused is noted."""
    Team.objects.filter(id=team.id).update(name=MAIN[:80])
    User.objects.filter(id=owner.id).update(name=MAIN[:80])
    friend = User.objects.create_user("o'hara+<b>@harbour.test".replace("<b>", "b"), "password", name=NODE[:80])
    Membership.objects.create(team=team, user=friend, role=Role.DEVELOPER)
    client = Client()
    client.force_login(owner)
    world = World(team, client, ApiKeyFactory(team=team, name=TOOL, scopes=list(Scope.values)).text)
    _report(world, texts)
    settle()
    _costs(world)
    _alerts(world)
    settle()
    _flow(world)
    return world


def fill_forms(world: World) -> None:
    """Fills in each form that the pages have: first all its texts, then only those that are told in words."""
    visitor = Visitor(world.client, world.team.slug, most=1)
    visitor.visit_all([visitor.start], lambda _address, _answer: None)
    for form in list(visitor.forms.values()):
        if form.route in LEFT_ALONE or any(word in form.route for word in _REMOVING):
            continue
        _submit(world, visitor, form)


def _submit(world: World, visitor: Visitor, form: Form) -> None:
    """Sends a form with a hostile text in each field, and if that is refused in those of words alone."""
    for choose in (lambda _name: next(world.texts), lambda name: words_for(form.fields[name][0], name, world)):
        answer = visitor.submit(form, choose)
        assert answer.status_code < 500, (form, answer.content[:500])
        if answer.status_code in (200, 302):
            return
        world.refused.append((form.route, answer.status_code, ""))


_WORDS = ("name", "title", "note", "reason", "why", "comment", "text", "label", "message", "words", "about")


def words_for(value: str, name: str, world: World) -> str:
    """A hostile text for a field of words; of another one what it has, or what most of them take."""
    if any(word in name for word in _WORDS):
        return next(world.texts)
    return value or "1"
