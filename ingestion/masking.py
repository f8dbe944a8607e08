"""A team's rules of masking and capture, ready to use: compiled once per team and process, looked at every few seconds.

What was compiled holds as long as the rows are the same. A change made in this process counts at once here, and within
`REMEMBERED_SECONDS` in the others.
"""

import hashlib
import time
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings

from accounts.statements import run_prepared
from accounts.tenancy import team_context
from ingestion import capture
from ingestion.capture import Capture, CaptureRule
from ingestion.detectors import KINDS
from ingestion.masked_reports import mask_report
from ingestion.records import ExecutionReport
from ingestion.redaction import Redactor, Rule
from ingestion.rules import Becomes, RuleKind

REMEMBERED_SECONDS = 5.0
MAX_TEAMS = 512

_RULES = "SELECT kind, what, is_on, becomes, label FROM redaction_rule WHERE team_id = %s ORDER BY kind, what"
_POLICIES = "SELECT workflow, environment, capture FROM capture_policy WHERE team_id = %s ORDER BY 1, 2"
_Row = tuple[object, ...]


@dataclass(slots=True)
class Masking:
    """What is masked and captured for a team, with the rows that it was made from."""

    rows: tuple[list[_Row], list[_Row]]
    redactor: Redactor
    captures: list[CaptureRule]
    checked_until: float = 0.0

    def apply(self, report: ExecutionReport) -> None:
        """Takes out of a report, in place, what must not be kept."""
        if self.captures:
            capture.apply(self.captures, report)
        mask_report(self.redactor, report)


_remembered: dict[UUID, Masking] = {}


def forget_masking() -> None:
    """Empties what this process remembers: after a rule was changed here, and for tests."""
    _remembered.clear()


def masking_of(team_id: UUID) -> Masking:
    """The rules of the team."""
    known = _remembered.get(team_id)
    if known is not None and known.checked_until > time.monotonic():
        return known
    with team_context(team_id):
        rows = run_prepared(_RULES, [team_id]), run_prepared(_POLICIES, [team_id])
    if known is None or known.rows != rows:
        if len(_remembered) >= MAX_TEAMS:
            _remembered.clear()
        rules = [Rule(RuleKind(k), what, is_on, Becomes(b), label) for k, what, is_on, b, label in rows[0]]
        captures = [CaptureRule(workflow, where, Capture(how)) for workflow, where, how in rows[1]]
        known = _remembered[team_id] = Masking(rows, redactor_of(team_id, rules), captures)
    known.checked_until = time.monotonic() + REMEMBERED_SECONDS
    return known


def redactor_of(team_id: UUID, rules: Iterable[Rule]) -> Redactor:
    """A redactor with these rules, and the detectors that nobody decided about as the installation has them."""
    told = list(rules)
    decided = {rule.what for rule in told if rule.kind == RuleKind.DETECTOR}
    default = [
        Rule(RuleKind.DETECTOR, detector.value, kind.is_on, Becomes.LABEL, kind.label)
        for detector, kind in KINDS.items()
        if detector not in decided
    ]
    return Redactor([*default, *told], _key(team_id))


def _key(team_id: UUID) -> bytes:
    """The key of a team's hashes: derived, so that it is nowhere in the database; another `SECRET_KEY` is another."""
    return hashlib.blake2b(
        team_id.bytes, key=hashlib.sha256(settings.SECRET_KEY.encode()).digest(), person=b"redaction"
    ).digest()
