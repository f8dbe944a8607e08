"""`manage.py config`: what is exported and applied again changes nothing; a file is applied whole or not at all."""

import json
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.models import AuditEvent, Team, User
from accounts.tenancy import team_context
from alerts.models import AlertRule, Channel, Route, Silence
from billing.models import Budget
from config.as_code import Act, FileRefused, apply, export, read
from monitoring.models import SuccessCriterion, Workflow
from tests.factories import report, store

FILE = """
version: 1
workflows:
  lead:
    objectives: {success_rate: 0.99, p95_ms: 30000}
    criteria:
      - {name: Score told, expression: output.score}
budgets:
  - {name: All, amount: "250.00", thresholds: [{on: actual, percent: 80}]}
alert_rules:
  - name: Lead fails
    metric: error_rate
    workflow: lead
    threshold: 0.05
    severity: critical
  - {name: Slow, metric: duration_p95, threshold: 60000, window_s: 600}
routes:
  - name: Lead at night
    steps: [{channel: On call}]
    matchers: {workflow: [lead], rule: [Lead fails]}
  - name: Rest
    steps: [{channel: On call}, {channel: Everybody, after_s: 600}]
    is_final: false
silences:
  - reason: Migration of the CRM
    matchers: {workflow: [lead]}
    starts_at: "STARTS"
    ends_at: "ENDS"
"""


@pytest.fixture
def ready(team: Team, in_team: Team) -> Team:
    """The team with a workflow and two channels."""
    store(team, report(workflow="Lead"))
    for name in ("On call", "Everybody"):
        Channel.objects.create(team_id=team.id, kind="email", name=name, settings={}, created_at=timezone.now())
    return team


@pytest.fixture
def text() -> str:
    """The file, with a silence that is in force."""
    now = timezone.now().replace(microsecond=0)
    starts, ends = now - timedelta(hours=1), now + timedelta(days=2)
    return FILE.replace("STARTS", starts.isoformat()).replace("ENDS", ends.isoformat())


def done(team: Team, text: str, **how: bool) -> list[str]:
    """Applies a file; each change as a line."""
    changes = apply(team.id, read(text.encode()), timezone.now(), **how)
    return [f"{one.act} {one.section} {one.name}" for one in changes]


def test_a_file_is_applied_and_once_more_changes_nothing(ready: Team, text: str) -> None:
    assert done(ready, text) == [
        "change objectives lead",
        "add criteria lead: Score told",
        "add budgets All",
        "add alert_rules Lead fails",
        "add alert_rules Slow",
        "add routes Lead at night",
        "add routes Rest",
        "add silences Migration of the CRM",
    ]
    assert Workflow.objects.get(slug="lead").objective_p95_ms == 30_000
    assert SuccessCriterion.objects.get().expression == "output.score"
    assert str(Budget.objects.get().amount).startswith("250")
    rule = AlertRule.objects.get(name="Lead fails")
    assert (rule.workflow.slug if rule.workflow else None, rule.severity) == ("lead", "critical")
    assert Route.objects.get(name="Lead at night").matchers == {"workflow": ["lead"], "rule": [str(rule.id)]}
    assert Silence.objects.get().matchers == {"workflow": ["lead"]}
    assert done(ready, text) == []


def test_what_was_exported_changes_nothing_and_makes_another_team_the_same(
    ready: Team, text: str, stranger: User
) -> None:
    done(ready, text)
    written = export(ready.id)
    assert done(ready, written) == []
    assert str(ready.id) not in written
    with team_context(other := stranger.memberships.get().team_id):
        store(Team.objects.get(id=other), report(workflow="Lead"))
        for name in ("On call", "Everybody"):
            Channel.objects.create(team_id=other, kind="email", name=name, settings={}, created_at=timezone.now())
        apply(other, read(written.encode()), timezone.now())
        assert yaml.safe_load(export(other)) == yaml.safe_load(written)


def test_a_change_tells_its_fields_before_and_after(ready: Team, text: str) -> None:
    done(ready, text)
    changed = text.replace("threshold: 60000", "threshold: 90000").replace("250.00", "300")
    budget, rule = apply(ready.id, read(changed.encode()), timezone.now())
    assert (budget.act, budget.fields) == (Act.CHANGE, {"amount": ("250.00", "300")})
    assert (rule.name, rule.fields) == ("Slow", {"threshold": (60_000.0, 90_000.0)})


def test_what_is_left_out_is_as_in_a_new_one(ready: Team, text: str) -> None:
    done(ready, text)
    done(ready, text.replace("    severity: critical\n", ""))
    assert AlertRule.objects.get(name="Lead fails").severity == "warning"


def test_routes_stand_in_the_order_of_the_file(ready: Team, text: str) -> None:
    done(ready, text)
    told = read(text.encode())
    told["routes"].reverse()
    assert done(ready, yaml.safe_dump({"version": 1, **told})) == ["change routes order"]
    assert list(Route.objects.order_by("position").values_list("name", flat=True)) == ["Rest", "Lead at night"]


def test_a_dry_run_says_the_same_and_changes_nothing(ready: Team, text: str) -> None:
    before = export(ready.id)
    events = AuditEvent.objects.count()
    said = done(ready, text, is_dry=True)
    assert len(said) == 8
    assert (export(ready.id), AuditEvent.objects.count()) == (before, events)
    assert done(ready, text) == said


def test_what_a_section_does_not_name_stays_unless_it_is_pruned(ready: Team, text: str) -> None:
    done(ready, text)
    less = "version: 1\nalert_rules:\n  - {name: Slow, metric: duration_p95, threshold: 60000, window_s: 600}\n"
    assert done(ready, less) == []
    assert done(ready, less, is_pruning=True) == ["remove alert_rules Lead fails"]
    assert Budget.objects.filter(removed_at__isnull=True).count() == 1
    empty = "version: 1\nworkflows: {}\nbudgets: []\nalert_rules: []\nroutes: []\nsilences: []\n"
    assert len(done(ready, empty, is_pruning=True)) == 7
    assert yaml.safe_load(export(ready.id)) == yaml.safe_load(empty)


FAULTS = [
    ("success_rate: 0.99", "success_rate: 99", "workflows, lead: objectives success_rate is from 0.01 to 1"),
    ("  lead:\n", "  nobody:\n", "workflows, nobody: workflow is not known: it must have reported once"),
    ("expression: output.score", "expression: 'output.['", "workflows, lead, criteria, item 1 (Score told): e"),
    ('amount: "250.00"', 'amount: "-1"', "budgets, item 1 (All): amount"),
    (
        "metric: error_rate",
        "metric: errors",
        'alert_rules, item 1 (Lead fails): metric "errors" is not a valid choice.',
    ),
    ("severity: critical", "severty: critical", "alert_rules, item 1 (Lead fails): severty is not known here"),
    (
        "workflow: lead\n    threshold",
        "workflow: no\n    threshold",
        "alert_rules, item 1 (Lead fails): workflow no is",
    ),
    ("name: Slow", "name: Lead fails", "alert_rules, item 2: name Lead fails is there twice"),
    ("{channel: Everybody", "{channel: Nobody", "routes, item 2 (Rest): steps there is no channel Nobody"),
    ("rule: [Lead fails]", "rule: [Other]", "routes, item 1 (Lead at night): rule has a value that is not known"),
    ("name: Rest", "name: ' Rest'", "routes, item 2: name must not begin or end with a blank"),
    ("reason: Migration of the CRM", "reason: ''", "silences, item 1: reason"),
    ("- {name: Score told, expression: output.score}", "- 7", "workflows, lead, criteria, item 1: name must be told"),
]


@pytest.mark.parametrize(("what", "instead", "fault"), FAULTS)
def test_a_fault_is_told_by_its_place_and_nothing_is_changed(
    ready: Team, text: str, what: str, instead: str, fault: str
) -> None:
    before = export(ready.id)
    assert what in text
    with pytest.raises(FileRefused) as refused:
        done(ready, text.replace(what, instead, 1))
    assert any(one.startswith(fault) for one in refused.value.faults), refused.value.faults
    assert export(ready.id) == before


def test_all_faults_are_told_at_once(ready: Team, text: str) -> None:
    wrong = text.replace("success_rate: 0.99", "success_rate: 99").replace("metric: error_rate", "metric: errors")
    with pytest.raises(FileRefused) as refused:
        done(ready, wrong)
    assert len(refused.value.faults) == 3


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "the file: must be a mapping"),
        (b"- 1", "the file: must be a mapping"),
        (b"version: 2", "version: must be 1"),
        (b"version: 1\nrules: []", "rules: is no section"),
        (b"version: 1\nbudgets: [", "the file: is no YAML"),
        (b"a: &x [1]\nb: *x", "the file: anchors and aliases are not taken"),
        (b"version: 1\n\xff\xfe", "the file: is no YAML"),
        (b"version: !!python/object/apply:os.getcwd []", "the file: is no YAML"),
        (b"[" * 3_000, "the file: is no YAML"),
        (b"#" * 5_000_001, "the file: has 5,000,001 bytes, at most 5,000,000 are taken"),
    ],
)
def test_a_file_that_is_none_is_refused_in_words(content: bytes, fault: str) -> None:
    with pytest.raises(FileRefused) as refused:
        read(content)
    assert refused.value.faults[0].startswith(fault)


def test_two_rules_of_one_name_are_no_guess(ready: Team, text: str) -> None:
    done(ready, text)
    AlertRule.objects.create(team_id=ready.id, name="Slow", metric="failures", threshold=1)
    with pytest.raises(FileRefused, match="2 rules of the team are called so"):
        done(ready, text)


def asked(*arguments: str) -> str:
    """What the command says."""
    out = StringIO()
    call_command("config", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_writes_and_applies(ready: Team, text: str, tmp_path: Path) -> None:
    file = tmp_path / "steadyrun.yaml"
    file.write_text(text)
    said = asked("apply", str(file), "--team", ready.slug, "--dry-run")
    assert "add    alert_rules: Slow" in said
    assert said.endswith("8 would be changed.\n")
    told: dict[str, Any] = json.loads(asked("apply", str(file), "--team", ready.slug, "--json"))
    assert (told["is_applied"], len(told["changes"])) == (True, 8)
    assert asked("apply", str(file), "--team", ready.slug) == "Nothing to change: the team is as the file says.\n"
    file.write_text(text.replace("window_s: 600", "window_s: 900"))
    assert "         window_s: 600 -> 900" in asked("apply", str(file), "--team", ready.slug)
    event = AuditEvent.objects.filter(team_id=ready.id).order_by("-at").first()
    assert event is not None
    assert (event.actor_kind, event.actor_name) == ("command", "config apply")
    assert "name: Slow" in asked("export", "--team", ready.slug)
    asked("export", "--team", ready.slug, "--to", str(file))
    assert "name: Slow" in file.read_text()


def test_the_command_refuses_in_words(ready: Team, text: str, tmp_path: Path) -> None:
    file = tmp_path / "steadyrun.yaml"
    file.write_text(text.replace("metric: error_rate", "metric: errors"))
    with pytest.raises(CommandError, match=r"Nothing was changed:\n  alert_rules, item 1 \(Lead fails\)"):
        asked("apply", str(file), "--team", ready.slug)
    with pytest.raises(SystemExit):
        asked("apply", str(file), "--team", ready.slug, "--json")
    with pytest.raises(CommandError, match="there is no team nobody"):
        asked("export", "--team", "nobody")
    with pytest.raises(CommandError, match="No such file"):
        asked("apply", str(tmp_path / "none.yaml"), "--team", ready.slug)
