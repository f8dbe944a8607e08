"""Changing what a team masks and captures, and trying a change on what was reported lately before it counts."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from accounts import formats
from ingestion.capture import Capture
from ingestion.detectors import KINDS, Detector
from ingestion.masking import forget_masking, redactor_of
from ingestion.models import CapturePolicy, RedactionRule
from ingestion.redaction import Rule, RuleRefused, check_path, check_pattern
from ingestion.rules import Becomes, RuleKind
from monitoring.models import Execution, Payload
from monitoring.store.payloads import merge_chunks

MAX_RULES = 100
MAX_POLICIES = 100
TRIED = 200
MAX_EXAMPLES = 10
MAX_LABEL = 30


class PrivacyRefused(Exception):
    """The change cannot be made; reasons by field."""

    def __init__(self, reasons: dict[str, str]) -> None:
        super().__init__(reasons)
        self.reasons = reasons


@dataclass(frozen=True, slots=True)
class Example:
    """A value that would change: where it stands, its first letters, and what it would become."""

    path: str
    before: str
    after: str


@dataclass(slots=True)
class Trial:
    """What rules would change in the payloads of the last executions."""

    payloads: int = 0
    changed_payloads: int = 0
    changed_values: int = 0
    examples: list[Example] = field(default_factory=list)


def rules_of() -> list[RedactionRule]:
    """The rules of the team in force, those that it wrote last first."""
    return list(RedactionRule.objects.exclude(kind=RuleKind.DETECTOR).order_by("-created_at", "id"))


def detectors_of() -> list[Rule]:
    """Each detector as the team has it."""
    told = {row.what: row for row in RedactionRule.objects.filter(kind=RuleKind.DETECTOR).order_by("what")}
    return [
        Rule(
            RuleKind.DETECTOR,
            one.value,
            told[one].is_on if one in told else kind.is_on,
            Becomes(told[one].becomes) if one in told else Becomes.LABEL,
            kind.label,
        )
        for one, kind in KINDS.items()
    ]


def set_detectors(chosen: dict[Detector, tuple[bool, Becomes]]) -> None:
    """Switches detectors; those that stay as they are are not written."""
    known = {rule.what: rule for rule in detectors_of()}
    rows = {row.what: row for row in RedactionRule.objects.filter(kind=RuleKind.DETECTOR)}
    for detector, (is_on, becomes) in chosen.items():
        rule = known[detector.value]
        if (rule.is_on, rule.becomes) == (is_on, becomes):
            continue
        row = rows.get(detector.value) or RedactionRule(kind=RuleKind.DETECTOR, what=detector.value, label=rule.label)
        row.is_on, row.becomes = is_on, becomes
        row.save()
    forget_masking()


def read_rule(kind: str, what: str, label: str, becomes: str) -> Rule:
    """A rule of fields or a pattern as somebody wrote it. Raises `PrivacyRefused`."""
    what, label = what.strip(), label.strip().lower() or "redacted"
    reasons: dict[str, str] = {}
    if kind not in (RuleKind.FIELD, RuleKind.PATTERN):
        reasons["kind"] = _("must be field or pattern")
    if becomes not in list(Becomes):
        reasons["becomes"] = _("must be label, hash or removed")
    if len(label) > MAX_LABEL or not label.replace(" ", "").isalnum() or not label.isascii():
        reasons["label"] = _("must be 1 to {most} letters a to z, digits and spaces").format(most=MAX_LABEL)
    try:
        (check_pattern if kind == RuleKind.PATTERN else check_path)(what)
    except RuleRefused as refused:
        reasons["what"] = str(refused)
    if "\x00" in what:
        reasons["what"] = _("must not hold NUL")
    if reasons:
        raise PrivacyRefused(reasons)
    return Rule(RuleKind(kind), what, True, Becomes(becomes), label)


def add_rule(rule: Rule) -> RedactionRule:
    """Keeps a rule that `read_rule` read; it counts for what is reported from now on. Raises `PrivacyRefused`."""
    if RedactionRule.objects.filter(kind=rule.kind, what=rule.what).exists():
        raise PrivacyRefused({"what": _("is a rule already")})
    if RedactionRule.objects.count() >= MAX_RULES:
        told = _("cannot be added: a team may have {count} rules")
        raise PrivacyRefused({"what": told.format(count=MAX_RULES)})
    row = RedactionRule(kind=rule.kind, what=rule.what, becomes=rule.becomes, label=rule.label)
    row.save()
    forget_masking()
    return row


def remove_rule(rule_id: UUID) -> bool:
    """Removes a rule of fields or a pattern; whether it was there."""
    row = RedactionRule.objects.exclude(kind=RuleKind.DETECTOR).filter(id=rule_id).first()
    if row is None:
        return False
    row.delete()
    forget_masking()
    return True


def set_policy(workflow: str, environment: str, capture: str, now: datetime) -> CapturePolicy:
    """Sets how much is kept of a workflow in an environment; empty is all. Raises `PrivacyRefused`."""
    told = {"workflow": workflow.strip(), "environment": environment.strip()}
    reasons = {
        name: _("must have at most 200 letters, no NUL")
        for name, text in told.items()
        if len(text) > 200 or "\0" in text
    }
    if capture not in list(Capture):
        reasons["capture"] = _("must be full, metadata or off")
    known = CapturePolicy.objects.filter(**told).first() if not reasons else None
    if known is None and not reasons and CapturePolicy.objects.count() >= MAX_POLICIES:
        limit = _("cannot be added: a team may have {count} rules of capture")
        reasons["workflow"] = limit.format(count=MAX_POLICIES)
    if reasons:
        raise PrivacyRefused(reasons)
    row = known or CapturePolicy(**told, created_at=now)
    row.capture = capture
    row.save()
    forget_masking()
    return row


def remove_policy(policy_id: UUID) -> bool:
    """Removes a rule of capture; whether it was there."""
    row = CapturePolicy.objects.filter(id=policy_id).first()
    if row is None:
        return False
    row.delete()
    forget_masking()
    return True


def try_rules(team_id: UUID, rules: Sequence[Rule], count: int = TRIED) -> Trial:
    """What these rules alone would change in the payloads of the last executions; nothing is changed."""
    told = {rule.what for rule in rules}
    off = [Rule(RuleKind.DETECTOR, one.value, is_on=False) for one in Detector if one.value not in told]
    redactor, trial = redactor_of(team_id, [*off, *rules]), Trial()
    for scopes in _recent(team_id, count):
        trial.payloads += 1
        changes = [one for scope in scopes for one in _changes(scope, _masked(redactor, scope), "")]
        trial.changed_values += len(changes)
        trial.changed_payloads += bool(changes)
        trial.examples += changes[: MAX_EXAMPLES - len(trial.examples)]
    return trial


def _masked(redactor: Any, scope: dict[str, Any]) -> dict[str, Any]:
    return {name: redactor.value(value, (name,)) for name, value in scope.items()}


def _recent(team_id: UUID, count: int) -> Iterator[list[dict[str, Any]]]:
    """What the last executions and their steps carried, an execution at a time."""
    last = Execution.objects.filter(team_id=team_id).order_by("-counted_at", "-id")[:count]
    for execution_id, day in last.values_list("id", "anchor_day"):
        own = Payload.objects.filter(team_id=team_id, execution_id=execution_id, anchor_day=day)
        bodies = [bytes(body) for body in own.order_by("digest").values_list("body", flat=True)]
        if bodies:
            merged = merge_chunks(execution_id, bodies)
            yield [merged.execution, *merged.steps.values()]


def _changes(before: Any, after: Any, path: str) -> Iterator[Example]:
    if isinstance(before, dict) and isinstance(after, dict):
        after_names = list(after)
        for name, value in before.items():
            at = f"{path}.{name}" if path else str(name)
            if name in after:
                yield from _changes(value, after[name], at)
            elif len(after_names) == len(before):
                yield Example(path, _cut(str(name)), _("a name that is masked"))
            else:
                yield Example(at[:200], _cut(value), _("nothing: the field is removed"))
    elif isinstance(before, list) and isinstance(after, list):
        for one, other in zip(before, after, strict=False):
            yield from _changes(one, other, path)
    elif before != after:
        yield Example(path[:200], _cut(before), _after(after))


def _after(value: Any) -> str:
    """What a value becomes, where that is all that is left of it: the rest of a text is not shown."""
    text = str(value)
    return text if text.startswith("[") and text.endswith("]") and len(text) < 60 else _("a text with it masked")


def _cut(value: Any) -> str:
    """The first letters of a value and its length: an example shows no secret."""
    text = str(value)
    return _("{start}… ({count} letters)").format(start=text[:2], count=formats.count(len(text)))
