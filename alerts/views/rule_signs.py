"""How the states and severities of rules are shown: glyph, word and tone."""

from alerts.analysis.conditions import Severity, State
from alerts.models import AlertState
from alerts.reads.rules import ORDER, RuleRow
from monitoring import wording
from monitoring.templatetags.components import Sign

STATE_SIGNS: dict[State, Sign] = {
    State.FIRING: Sign("fail", "Firing", "fail"),
    State.PENDING: Sign("clock", "Pending", "warn"),
    State.NO_DATA: Sign("unknown", "No data", "idle"),
    State.OK: Sign("ok", "OK", "ok"),
}
OFF_SIGN = Sign("stop", "Off", "idle")
NEW_SIGN = Sign("queued", "Not evaluated yet", "idle")
SEVERITY_SIGNS: dict[str, Sign] = {
    Severity.CRITICAL: Sign("fail", "Critical", "fail"),
    Severity.WARNING: Sign("warn", "Warning", "warn"),
    Severity.INFO: Sign("flag", "Info", "acc"),
}


def rule_sign(row: RuleRow) -> Sign:
    """Where a rule stands: as its worst subject does."""
    if not row.rule.is_active:
        return OFF_SIGN
    return STATE_SIGNS[row.state] if row.state else NEW_SIGN


def state_sign(state: AlertState) -> Sign:
    """Where a rule stands for one subject."""
    return STATE_SIGNS[State(state.state)]


def counts_words(counts: dict[State, int]) -> str:
    """`2 firing, 1 pending, 40 ok`: how many subjects stand where; empty where there is only one."""
    if sum(counts.values()) < 2:
        return ""
    return ", ".join(
        f"{wording.count(counts[state])} {STATE_SIGNS[state].word.lower()}" for state in ORDER if counts.get(state)
    )
