"""A team that has what the examples of the documentation name, and the programs that they call."""

import gzip
import json
import os
import re
import stat
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

from accounts.models import Membership, Scope, Team, User
from accounts.permissions import Role
from accounts.services.groups import save_group
from accounts.tenancy import team_context
from alerts.models import Channel, Route, Silence
from ingestion.kinds import KINDS, SourceKind
from ingestion.records import Failure
from ingestion.services.sources import create_source
from monitoring.models import FailureGroup, Workflow
from monitoring.services.improvements import Wanted, plan_improvement
from monitoring.statuses import Status
from tests.alerts import opening, telling
from tests.factories import ApiKeyFactory, report, send, step

# The week that the examples are of: what they report is neither too old nor in the future.
NOW = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)
USAGE = "TIMESTAMP,ContextTokens,GeneratedTokens\n2026-11-20T10:00:00Z,120,30\n"
STATEMENT = (
    "start_time,end_time,start_time_iso,end_time_iso,amount_value,amount_currency,quantity,line_item,project_id\n"
    '1794355200,1794441600,2026-11-11T00:00:00+00:00,2026-11-12T00:00:00+00:00,1.25,usd,,"gpt-4o, input",p\n'
)
# Says the status of each answer beside what the snippet asks for.
_CURL = r"""#!/bin/sh
exec /usr/bin/curl --no-progress-meter -w '%{stderr}\nSTATUS %{http_code} %{url_effective}\n' "$@"
"""
# Programs that are not run: what they are called with is noted, and looked at.
_NOTED = ("manage.py", "python", "make", "gh", "jq")
_NOTER = """#!{python}
import json, sys
with open({notes!r}, "a") as notes:
    notes.write(json.dumps([{name!r}, *sys.argv[1:]]) + "\\n")
"""


@dataclass(slots=True)
class Ran:
    """What a script printed, the status of each answer that it got, and the programs that it called."""

    output: str
    statuses: list[tuple[int, str]] = field(default_factory=list)
    called: list[list[str]] = field(default_factory=list)


@dataclass(slots=True)
class World:
    """Where snippets run: a folder, and the variables that they use."""

    folder: Path
    told: dict[str, str]

    @property
    def meant(self) -> Mapping[str, str]:
        """What addresses and keys of examples stand for."""
        url, key = self.told["BASE"], self.told["KEY"]
        return {
            "https://steadyrun.example/ping/KEY": self.told["PING_URL"],
            "https://steadyrun.example": url,
            "http://127.0.0.1:8000": url,
            "sr_your_key": key,
            "sr_...": key,
            "/usr/local/bin/backup.sh": "true",
        }

    def shell(self, script: str) -> Ran:
        """Runs a script, which must succeed."""
        notes = self.folder / "notes"
        notes.write_text("")
        done = self._run(["sh", "-e", "-c", script], {"PATH": f"{self.folder / 'bin'}:/usr/bin:/bin"})
        statuses = [(int(one), url) for one, url in re.findall(r"^STATUS (\d+) (.*)$", done.stderr, re.MULTILINE)]
        return Ran(done.stdout, statuses, [json.loads(line) for line in notes.read_text().splitlines()])

    def python(self, program: str, **more: str) -> str:
        """Runs a program, which must succeed, in the time of the examples: spans of now would be of their future."""
        at = datetime.now(UTC).timestamp()
        clock = f"import time_machine\ntime_machine.travel({at}, tick=True).start()\n"
        return self._run(
            [sys.executable, "-W", "error", "-c", clock + program], {"PATH": os.environ["PATH"], **more}
        ).stdout

    def _run(self, command: list[str], more: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        environment = {"HOME": str(self.folder), **self.told, **more}
        done = subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == 0, f"{command[-1]}\n{done.stdout}\n{done.stderr}"
        return done


def make_world(team: Team, owner: User, url: str, folder: Path) -> World:
    """Fills the team and the folder."""
    friend = User.objects.create_user("ada@example.com", "password")
    Membership.objects.create(team=team, user=friend, role=Role.DEVELOPER)
    _report(team)
    key = ApiKeyFactory(team=team, scopes=list(Scope.values)).text  # type: ignore[attr-defined]
    told = dict.fromkeys(("BASE", "BASE_URL", "STEADYRUN_URL"), url)
    told |= dict.fromkeys(("KEY", "API_KEY", "STEADYRUN_KEY"), key)
    told |= {"N8N": f"{url}/healthz?of=n8n&at=", "AIRFLOW": f"{url}/healthz?of=airflow&at="}
    told |= {"N8N_KEY": "k", "TOKEN": "t", "SECRET": "hush", "AFTER": "", "BOT_TOKEN": f"123456:{'A' * 35}"}
    told["ENDS"] = (NOW + timedelta(hours=4)).isoformat()
    with team_context(team.id):
        save_group(team_id=team.id, name="Payments", user_ids=[friend.id], now=NOW)
        told |= {name: str(id) for name, id in (_alerts(team) | _flow(team)).items()}
        for name, kind in (("PING_URL", SourceKind.PING), ("AIRFLOW_URL", SourceKind.AIRFLOW)):
            made = create_source(team=team, kind=kind, name=name)
            told[name] = url + KINDS[kind].path.format(address=made.source.address)
    _files(folder)
    return World(folder, told)


def _report(team: Team) -> None:
    failed = {"status": Status.FAILED, "error": Failure(message="payment refused")}
    start, end = NOW - timedelta(hours=2), NOW - timedelta(hours=1)
    names = ("nightly", "checkout", "lead-scoring", "Leads")
    steps = [step(started_at=start, ended_at=end, provider="openrouter", model="openai/gpt-4o", **failed)]
    runs = [
        report(workflow=name, release="42", started_at=start, finished_at=end, steps=steps, **failed) for name in names
    ]
    send(team, *runs, now=NOW)


def _alerts(team: Team) -> dict[str, UUID]:
    channel = telling.channel(team, "On call")
    Channel.objects.create(team=team, kind="email", name="Everybody", settings={}, created_at=NOW)
    incident = telling.incident(team)
    opening.route(team, (channel, 5), name="Everything")
    silence = Silence.objects.create(reason="Repair", starts_at=NOW, ends_at=NOW + timedelta(hours=4))
    return {
        "CHANNEL": channel.id,
        "INCIDENT": incident.id,
        "RULE": incident.rule_id,
        "ROUTE": Route.objects.get().id,
        "SILENCE": silence.id,
        "DELIVERY": telling.send(team, channel, about=incident),
    }


def _flow(team: Team) -> dict[str, UUID]:
    workflow = Workflow.objects.get(slug="nightly")
    group = FailureGroup.objects.get(workflow_id=workflow.id)
    wanted = Wanted(workflow.id, "node_design", "Handle it", "group_rate", failure_group_id=group.id)
    return {"GROUP": group.id, "ID": plan_improvement(team_id=team.id, wanted=wanted, by="a key", now=NOW).id}


def _files(folder: Path) -> None:
    (folder / "usage.csv").write_text(USAGE)
    (folder / "november.csv").write_text(STATEMENT)
    (folder / "runs.jsonl").write_text('{"id": "1", "workflow": "Old", "status": "succeeded"}\n')
    (folder / "more.jsonl.gz").write_bytes(gzip.compress(b'{"id": "2", "workflow": "Old", "status": "failed"}\n'))
    (folder / "bin").mkdir()
    programs = {name: _NOTER.format(python=sys.executable, notes=str(folder / "notes"), name=name) for name in _NOTED}
    for name, text in {"curl": _CURL, **programs}.items():
        path = folder / "bin" / name
        path.write_text(text)
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
