"""What a rehearsal found, in words: for the page and the API."""

from datetime import timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from alerts.analysis.rule_words import length_words, limit_words
from alerts.models import AlertRule
from alerts.services.rehearsal import LENGTH, Rehearsal
from alerts.services.rehearsal_courses import Looked
from monitoring import wording
from monitoring.templatetags.display import when_text
from monitoring.windows import MINUTE


def length_ms_words(length: timedelta) -> str:
    """A length of time with the two units that matter: `12 min 4 s`."""
    return wording.duration_ms(length / timedelta(milliseconds=1)) if length else _("0 min")


def answer(found: Rehearsal) -> str:
    """What it would have done, in one sentence."""
    if found.why_not:
        return found.why_not
    if found.was_slow and not found.looked:
        return _("Reading its runs took too long: it could not be rehearsed.")
    if not found.tracks and not found.is_whole:
        none = _("Nothing was reported in the last {days} days that it could be rehearsed on.")
        return none.format(days=LENGTH.days)
    if not found.firings:
        return _("It would not have fired in the last {days} days.").format(days=LENGTH.days)
    number, notices = len(found.firings), found.notices
    words = ngettext(
        "It would have fired once in the last {days} days, for {length}, and sent {notices} to each channel.",
        "It would have fired {count} times in the last {days} days, for {length} in all, and sent {notices} to each"
        " channel.",
        number,
    )
    sent = ngettext("{count} notice", "{count} notices", notices).format(count=wording.count(notices))
    told = {"count": wording.count(number), "days": LENGTH.days, "length": length_ms_words(found.fired)}
    return words.format(**told, notices=sent)


def advice_words(rule: AlertRule, found: Rehearsal) -> str:
    """Which threshold gives about one incident a week."""
    advised = found.advised
    if advised is None:
        return ""
    number = advised.firings
    words = ngettext(
        "No threshold gives about one a week. The nearest: {limit} would have fired once in {days} days.",
        "No threshold gives about one a week. The nearest: {limit} would have fired {count} times in {days} days.",
        number,
    )
    if advised.is_fitting:
        words = ngettext(
            "About one a week: {limit} would have fired once in {days} days.",
            "About one a week: {limit} would have fired {count} times in {days} days.",
            number,
        )
    limit = limit_words(rule.comparison, rule.metric, advised.threshold)
    return words.format(limit=limit, count=wording.count(number), days=LENGTH.days)


def looked_words(found: Rehearsal) -> list[str]:
    """How finely each part of the past was looked at, and what was left out."""
    lines = [_looked(one) for one in found.looked]
    if found.was_slow and found.looked:
        lines.append(_("Reading all of it by the minute took too long: older parts were read by the hour."))
    if found.is_cut:
        cut = ngettext(
            "It looks at more than {count}: those with most runs were rehearsed.",
            "It looks at more than {count}: those with most runs were rehearsed.",
            len(found.tracks),
        )
        lines.append(cut.format(count=wording.count(len(found.tracks))))
    return lines


def _looked(one: Looked) -> str:
    told = {"start": when_text(one.start), "end": when_text(one.end)}
    if not one.window:
        words = _(
            "{start} to {end}: budgets from figures by the hour, looked at each hour; windows of less are a whole one."
        )
        if one.grain == MINUTE:
            words = _("{start} to {end}: single runs, budgets or failure groups, looked at each minute.")
        return words.format(**told)
    words = _("{start} to {end}: figures by the hour, windows of {window}, one every {step}.")
    if one.grain == MINUTE:
        words = _("{start} to {end}: figures by the minute, windows of {window}, one every {step}.")
    window, step = (length_words(length.total_seconds()) for length in (one.window, one.step))
    return words.format(**told, window=window, step=step)
