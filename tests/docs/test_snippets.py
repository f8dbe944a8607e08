"""Every fenced block of the documentation does what it shows: run, sent, parsed, or named below with the reason."""

import csv
import io
import json
import re
import subprocess
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
import time_machine
import yaml
from cronsim import CronSim
from django.core.management import call_command, get_commands, load_command_class
from django.template import engines
from django.test import Client
from django.utils import timezone
from pytest_django.live_server_helper import LiveServer

from accounts.models import Team, User
from accounts.tenancy import team_context
from billing.services.exchange_rates import upload_rates
from monitoring.models import Execution
from monitoring.store.rollups import fold_all
from tests.docs.fences import FENCES, PATHS, ROOT, Fence
from tests.docs.snippet_world import NOW, World, make_world

# What nothing can run or read here, by page and first line.
NOT_RUN = {
    ("docs/translations.md", "from django.utils.translation import gettext as _, ngettext"): "inside Steadyrun only",
    ("docs/sources/logs.md", "[OUTPUT]"): "Fluent Bit is not in the tests",
    ("docs/sources/logs.md", "output {"): "Logstash is not in the tests",
    ("docs/sources/logs.md", 'loki.write "steadyrun" {'): "Grafana Alloy is not in the tests",
    ("docs/sources/logs.md", 'module(load="omelasticsearch")'): "rsyslog is not in the tests",
    ("docs/sources/logs.md", "destination steadyrun {"): "syslog-ng is not in the tests",
    ("docs/deployment.md", "sh deploy/make-secrets"): "no engine of containers in the tests (test_deployment.py)",
    ("docs/deployment.md", "install -D -m 0644 deploy/systemd/steadyrun.sysusers /etc/sysusers.d/steadyrun.conf"): (
        "systemd does not run in the tests (test_deployment.py)"
    ),
    ("docs/deployment.md", "upstream steadyrun {"): "nginx is not in the tests",
    ("docs/operations.md", "CREATE ROLE steadyrun_owner LOGIN PASSWORD '...';"): "roles of a whole server",
    (
        "docs/performance.md",
        'python -m bench --target otlp=http://127.0.0.1:4318/v1/traces --header "Authorization: Bearer KEY" --pid 1234',
    ): "measures another product (tests/bench/test_measuring.py)",
    ("docs/scaling.md", "CREATE ROLE steadyrun_owner LOGIN PASSWORD '...';"): "roles of a whole server",
    ("docs/scaling.md", "SELECT citus_set_coordinator_host('db0.example', 5432);"): "needs a cluster",
    ("docs/operations.md", "CREATE ROLE steadyrun_backup LOGIN BYPASSRLS PASSWORD '...';"): "roles of a whole server",
}
# What another test runs, with more than can be had here.
RUN_BY = {
    "docs/improve/gate.md": ("tests/monitoring/api/test_gate.py", {"sh", "yaml"}),
    "docs/alerts/channels.md": ("tests/docs/test_channels.py", {"http"}),
}
# Output and pictures: nothing to run.
PLAIN = {"text"}
# Languages that only their own program could read.
FOREIGN = {"ini", "nginx", "ruby", "alloy", "rsyslog", "syslog-ng", "sql"}
LIVE = ("sh", "console", "cron", "python", "json", "yaml", "csv")
# Commands that are quick enough to be run, too; of the others the options are looked at.
CHEAP = {"config", "export", "add_source", "import_usage"}
# Pages whose examples report executions.
REPORTING = {
    *("README.md", "docs/index.md", "docs/api.md"),
    *(f"docs/sources/{name}.md" for name in ("opentelemetry", "langsmith", "logs", "ping", "webhooks")),
}
# What an example uses that an earlier sentence speaks of, and what is looked at afterwards.
BEFORE = {"docs/api.md": 'executions = [{"id": "many-1", "workflow": "Answer a customer", "status": "succeeded"}]\n'}
AFTER = {
    "docs/sources/opentelemetry.md": """
trace.get_tracer("shop").start_span("order").end()
assert provider.force_flush()
""",
    "docs/security/audit.md": """
from datetime import datetime, UTC
from standardwebhooks import Webhook
secret, at = "whsec_" + base64.b64encode(b"k" * 32).decode(), datetime.now(UTC)
told = {"webhook-id": "1", "webhook-timestamp": str(int(at.timestamp()))}
assert is_ours(secret, told | {"webhook-signature": Webhook(secret).sign("1", at, "{}")}, b"{}")
assert not is_ours(secret, told | {"webhook-signature": Webhook(secret).sign("1", at, "{}")}, b"[]")
""",
}


def is_run_elsewhere(fence: Fence) -> bool:
    return fence.page in RUN_BY and fence.language in RUN_BY[fence.page][1]


def is_run_here(fence: Fence) -> bool:
    return fence.language in LIVE and fence.key not in NOT_RUN and not is_run_elsewhere(fence)


PAGES = {page: list(found) for page, found in groupby(filter(is_run_here, FENCES), lambda fence: fence.page)}


def of(language: str) -> list[Fence]:
    return [fence for fence in FENCES if fence.language == language]


def test_every_block_has_a_language_that_a_test_knows() -> None:
    marks = sum(len(re.findall(r"^ *```", path.read_text(), re.MULTILINE)) for path in PATHS)
    assert marks == 2 * len(FENCES), "a block is not closed, or stands inside a list"
    known = {*LIVE, *PLAIN, "django", "regex"}
    strange = [f"{one}" for one in FENCES if one.language not in known | FOREIGN and not is_run_elsewhere(one)]
    strange += [f"{one}: name it in NOT_RUN" for one in FENCES if one.language in FOREIGN and one.key not in NOT_RUN]
    assert strange == []


def test_what_is_named_as_not_run_is_there() -> None:
    assert set(NOT_RUN) - {fence.key for fence in FENCES} == set()
    for page, (test, languages) in RUN_BY.items():
        assert languages <= {fence.language for fence in FENCES if fence.page == page}
        assert Path(page).name in (ROOT / test).read_text(), f"{test} runs nothing of {page}"


def test_templates_are_templates_and_include_what_exists() -> None:
    assert of("django")
    for fence in of("django"):
        engines["django"].from_string(fence.text)
        named = re.findall(r"{% (?:include|extends) \"([^\"]+)\"", fence.text)
        assert named
        assert [name for name in named if not (ROOT / "templates" / name).is_file()] == []


def test_patterns_find_what_they_are_for(api_key: str) -> None:
    (fence,) = of("regex")
    assert re.findall(fence.text.strip(), f"key: {api_key}\n") == [api_key]


@pytest.fixture
def world(team: Team, owner: User, live_server: LiveServer, tmp_path: Path, monkeypatch: Any) -> Iterator[World]:
    """The team of the examples; the clock goes on from their week."""
    monkeypatch.chdir(tmp_path)
    with time_machine.travel(NOW, tick=True):
        yield make_world(team, owner, live_server.url, tmp_path)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("document", PAGES)
def test_a_page_does_what_it_shows(document: str, world: World, team: Team) -> None:
    before = executions(team)
    ran = {"sh": shell, "console": console, "cron": cron, "json": parse_json, "yaml": read_yaml, "csv": rates}
    for fence in PAGES[document]:
        if fence.language in ran:
            ran[fence.language](fence, world, team)
        elif fence is next(one for one in PAGES[document] if one.language == "python"):
            program(document, world)
        fold_all(timezone.now())
    if document in REPORTING:
        assert executions(team) > before, "its examples report nothing"


def executions(team: Team) -> int:
    """How many there are."""
    with team_context(team.id):
        return Execution.objects.count()


def shell(fence: Fence, world: World, team: Team, text: str = "") -> None:
    """Runs a script: each request is answered well, each report taken, each command known."""
    script = text or fence.filled(world.meant)
    ran = world.shell(script)
    assert [one for one in ran.statuses if one[0] >= 400] == [], f"{fence}\n{ran.output}"
    assert len(ran.statuses) >= len(re.findall(r"^\s*curl ", script, re.MULTILINE)), f"{fence}\n{ran.output}"
    assert '"rejected": [{' not in ran.output, f"{fence}\n{ran.output}"
    for called in ran.called:
        command(fence, called, team)


def command(fence: Fence, called: list[str], team: Team) -> None:
    """A command exists and takes these options; quick ones are run for the team of the tests."""
    name, *words = called
    if name == "make":
        targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
        assert words, f"{fence}: make of nothing"
        assert [word for word in words if "=" not in word and word not in targets] == [], f"{fence}"
    words = words[words[:1] == ["manage.py"] :] if name == "python" else words
    if name in ("python", "manage.py"):
        own = load_command_class(get_commands()[words[0]], words[0])
        own.create_parser("manage.py", words[0]).parse_args(words[1:])
        if words[0] in CHEAP:
            call_command(words[0], *[team.slug if word in ("acme", "harbour") else word for word in words[1:]])


def console(fence: Fence, world: World, team: Team) -> None:
    """Runs the lines behind a prompt; the others are what is printed."""
    asked = [line.removeprefix("$ ") for line in fence.filled(world.meant).splitlines() if line.startswith("$ ")]
    assert asked, f"{fence} asks nothing"
    shell(fence, world, team, "\n".join(asked))


def cron(fence: Fence, world: World, team: Team) -> None:
    """A crontab: times that are some, and commands that a shell can read; those that need nothing more are run."""
    for line in fence.filled(world.meant).splitlines():
        *times, asked = line.split(None, 5)
        assert next(CronSim(" ".join(times), NOW)) > NOW
        # cron reads % as the end of a line.
        asked = asked.replace("\\%", "%")
        subprocess.run(["sh", "-n", "-c", asked], check=True)
        if "make " not in asked:
            shell(fence, world, team, asked)
        for target in re.findall(r"\bmake (\w+)", asked):
            command(fence, ["make", target], team)


def program(page: str, world: World) -> None:
    """Runs the Python of a page as one program, with what its scripts export."""
    told = {**world.meant, "$BASE_URL": world.told["BASE"], "$KEY": world.told["KEY"]}
    scripts = "".join(fence.filled(told) for fence in PAGES[page] if fence.language == "sh")
    exported = dict(re.findall(r"^export (\w+)=\"?([^\s\"]+)", scripts, re.MULTILINE))
    parts = [fence.filled(told) for fence in PAGES[page] if fence.language == "python"]
    # What names come from earlier blocks stands before the last one that needs them.
    world.python("\n".join([BEFORE.get(page, ""), *parts, AFTER.get(page, "")]), **exported)


def parse_json(fence: Fence, world: World, team: Team) -> None:
    """JSON is JSON; the body of a webhook is taken."""
    told = json.loads(fence.text)
    if "dag_id" in told:
        path = world.told["AIRFLOW_URL"].removeprefix(world.told["BASE"])
        answer = Client().post(path, fence.text, content_type="application/json")
        assert answer.status_code == 200, answer.content
        assert answer.json()["stored"] == 1, answer.content


def read_yaml(fence: Fence, world: World, team: Team) -> None:
    """YAML is YAML; settings are applied, and applied again change nothing."""
    told = yaml.safe_load(fence.text)
    assert told
    if "version" in told:
        (world.folder / "told.yaml").write_text(fence.text)
        call_command("config", "apply", "told.yaml", "--team", team.slug)
        out = io.StringIO()
        call_command("config", "apply", "told.yaml", "--team", team.slug, "--dry-run", "--json", stdout=out)
        assert json.loads(out.getvalue())["changes"] == []


def rates(fence: Fence, world: World, team: Team) -> None:
    """A file of exchange rates is taken."""
    wanted = len(list(csv.DictReader(io.StringIO(fence.text))))
    with team_context(team.id):
        told = {"content": fence.text.encode(), "source": "ecb.csv", "now": timezone.now()}
        assert upload_rates(team_id=team.id, by=User.objects.get(email="owner@harbour.test"), **told) == wanted
