"""How the states and severities of rules are shown: glyph, word and tone."""

from collections.abc import Callable

from django.utils.translation import gettext_noop, ngettext

from alerts.analysis.conditions import Severity, State
from alerts.models import AlertState
from alerts.reads.rules import ORDER, RuleRow
from monitoring import wording
from monitoring.templatetags.components import Sign

STATE_SIGNS: dict[State, Sign] = {
    State.FIRING: Sign("fail", gettext_noop("Firing"), "fail"),
    State.PENDING: Sign("clock", gettext_noop("Pending"), "warn"),
    State.NO_DATA: Sign("unknown", gettext_noop("No data"), "idle"),
    State.OK: Sign("ok", gettext_noop("OK"), "ok"),
}
OFF_SIGN = Sign("stop", gettext_noop("Off"), "idle")
NEW_SIGN = Sign("queued", gettext_noop("Not evaluated yet"), "idle")
SEVERITY_SIGNS: dict[str, Sign] = {
    Severity.CRITICAL: Sign("fail", gettext_noop("Critical"), "fail"),
    Severity.WARNING: Sign("warn", gettext_noop("Warning"), "warn"),
    Severity.INFO: Sign("flag", gettext_noop("Info"), "acc"),
}

_COUNTED: dict[State, Callable[[int], str]] = {
    State.FIRING: lambda number: ngettext("{count} firing", "{count} firing", number),
    State.PENDING: lambda number: ngettext("{count} pending", "{count} pending", number),
    State.NO_DATA: lambda number: ngettext("{count} no data", "{count} no data", number),
    State.OK: lambda number: ngettext("{count} ok", "{count} ok", number),
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
    told = ((_COUNTED[state], counts[state]) for state in ORDER if counts.get(state))
    return ", ".join(words(number).format(count=wording.count(number)) for words, number in told)
