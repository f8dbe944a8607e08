"""What a rehearsal found, in words: for the page and the API."""

from datetime import timedelta

from accounts import formats
from alerts.analysis.rule_words import length_words, threshold_words
from alerts.models import AlertRule
from alerts.services.rehearsal import LENGTH, Rehearsal
from monitoring import wording
from monitoring.templatetags.display import when_text
from monitoring.windows import MINUTE


def length_ms_words(length: timedelta) -> str:
    """A length of time with the two units that matter: `12 min 4 s`."""
    return wording.duration_ms(length / timedelta(milliseconds=1)) if length else "0 min"


def answer(found: Rehearsal) -> str:
    """What it would have done, in one sentence."""
    if found.why_not:
        return found.why_not
    if found.was_slow and not found.looked:
        return "Reading its runs took too long: it could not be rehearsed."
    if not found.tracks and not found.is_whole:
        return f"Nothing was reported in the last {LENGTH.days} days that it could be rehearsed on."
    if not found.firings:
        return f"It would not have fired in the last {LENGTH.days} days."
    number, notices = len(found.firings), found.notices
    times = "once" if number == 1 else f"{wording.count(number)} times"
    sent = f"{wording.count(notices)} {'notice' if notices == 1 else 'notices'}"
    lasted = f"for {length_ms_words(found.fired)}{' in all' if number > 1 else ''}"
    return f"It would have fired {times} in the last {LENGTH.days} days, {lasted}, and sent {sent} to each channel."


def advice_words(rule: AlertRule, found: Rehearsal) -> str:
    """Which threshold gives about one incident a week."""
    advised = found.advised
    if advised is None:
        return ""
    times = "once" if advised.firings == 1 else f"{wording.count(advised.firings)} times"
    limit = f"{rule.comparison} {threshold_words(rule.metric, advised.threshold)}"
    if advised.is_fitting:
        return f"About one a week: {limit} would have fired {times} in {LENGTH.days} days."
    return f"No threshold gives about one a week. The nearest: {limit} would have fired {times} in {LENGTH.days} days."


def looked_words(found: Rehearsal) -> list[str]:
    """How finely each part of the past was looked at, and what was left out."""
    lines = []
    for one in found.looked:
        grain = "minute" if one.grain == MINUTE else "hour"
        when = f"{when_text(one.start)} to {when_text(one.end)}"
        if not one.window:
            what = "single runs, budgets or failure groups, looked at each minute"
            by_hour = "budgets from figures by the hour, looked at each hour; windows of less are a whole one"
            lines.append(f"{when}: {what if one.grain == MINUTE else by_hour}.")
            continue
        window, step = (length_words(length.total_seconds()) for length in (one.window, one.step))
        lines.append(f"{when}: figures by the {grain}, windows of {window}, one every {step}.")
    if found.was_slow and found.looked:
        lines.append("Reading all of it by the minute took too long: older parts were read by the hour.")
    if found.is_cut:
        lines.append(f"It looks at more than {formats.count(len(found.tracks))}: those with most runs were rehearsed.")
    return lines
