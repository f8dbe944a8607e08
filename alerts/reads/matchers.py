"""What routes and silences may be about: the values that each matcher may have, and matchers in words."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.models import MemberGroup
from alerts.analysis.catalogue import METRICS
from alerts.analysis.conditions import Severity, severity_word
from alerts.analysis.matchers import NAMES, Matchers
from alerts.reads.incidents import rules_of
from alerts.wording import either
from monitoring.identity import PRODUCTION
from monitoring.models import Workflow
from monitoring.reads.environments import environments_of
from monitoring.reads.improvements import members
from monitoring.reads.workflows import names

LABELS = {
    "workflow": gettext_noop("Workflow"),
    "environment": gettext_noop("Environment"),
    "severity": gettext_noop("Severity"),
    "metric": gettext_noop("Metric"),
    "rule": gettext_noop("Rule"),
    "owner": gettext_noop("Owner"),
    "group": gettext_noop("Owning group"),
    "tag": gettext_noop("Tag"),
}
# The same where matchers are told as a phrase.
_PHRASES = {
    "workflow": gettext_noop("workflow {values}"),
    "environment": gettext_noop("environment {values}"),
    "severity": gettext_noop("severity {values}"),
    "metric": gettext_noop("metric {values}"),
    "rule": gettext_noop("rule {values}"),
    "owner": gettext_noop("owner {values}"),
    "group": gettext_noop("owning group {values}"),
    "tag": gettext_noop("tag {values}"),
}
# Their labels are unique in a team, so somebody who writes may say them in the place of slug or id.
_LABELLED = ("workflow", "owner", "group")
# What a rule or workflow may be given later is no mistake yet.
_FREE = ("tag",)

Options = Mapping[str, Sequence[tuple[str, str]]]
"""Pairs of value and label, by the name of the matcher."""


def options_of(team_id: UUID, wanted: Iterable[str] = NAMES) -> dict[str, list[tuple[str, str]]]:
    """What each of these matchers may be. Six queries at most."""
    told = set(wanted)
    return {name: _READERS[name](team_id) for name in NAMES if name in told}


def _severities(_team_id: UUID) -> list[tuple[str, str]]:
    return [(one.value, severity_word(one)) for one in (Severity.CRITICAL, Severity.WARNING, Severity.INFO)]


def _metrics(_team_id: UUID) -> list[tuple[str, str]]:
    return [(name, metric.title) for name, metric in METRICS.items()]


def _environments(team_id: UUID) -> list[tuple[str, str]]:
    return [(name, name) for name in environments_of(team_id, None)]


def _owners(team_id: UUID) -> list[tuple[str, str]]:
    return [(str(user.id), user.email) for user in members(team_id)]


def _groups(team_id: UUID) -> list[tuple[str, str]]:
    found = MemberGroup.objects.filter(team_id=team_id).order_by("name", "id")
    return [(str(id), name) for id, name in found.values_list("id", "name")]


def _tags(team_id: UUID) -> list[tuple[str, str]]:
    found = Workflow.objects.filter(team_id=team_id).values_list("tags", flat=True)
    return [(tag, tag) for tag in sorted({tag for tags in found for tag in tags})]


_READERS: dict[str, Callable[[UUID], list[tuple[str, str]]]] = {
    "workflow": names,
    "environment": _environments,
    "severity": _severities,
    "metric": _metrics,
    "rule": rules_of,
    "owner": _owners,
    "group": _groups,
    "tag": _tags,
}


def with_values(team_id: UUID, told: Mapping[str, object]) -> dict[str, object]:
    """The same matchers with slugs and ids in the place of names and e-mails. What is none of both stays."""
    options = options_of(team_id, [name for name in _LABELLED if told.get(name)])
    return {name: _values(values, options.get(name, ())) for name, values in told.items()}


def _values(values: object, options: Sequence[tuple[str, str]]) -> object:
    if not options or not isinstance(values, list):
        return values
    known, by_label = {value for value, _label in options}, {label: value for value, label in options}
    return [one if one in known or not isinstance(one, str) else by_label.get(one, one) for one in values]


def unknown_values(team_id: UUID, matchers: Matchers, kept: Matchers) -> dict[str, str]:
    """What the team does not have, by matcher. A kept value may stay although it has vanished since."""
    new = {name: sorted(set(values) - set(kept.get(name, ()))) for name, values in matchers.items()}
    options = options_of(team_id, [name for name, values in new.items() if values and name not in _FREE])
    found = {}
    for name, pairs in options.items():
        known = {value for value, _label in pairs} | ({PRODUCTION} if name == "environment" else set())
        if missing := [value for value in new[name] if value not in known]:
            found[name] = _("has a value that is not known: {value}").format(value=missing[0][:100])
    return found


def matcher_words(matchers: Matchers, options: Options) -> str:
    """Matchers as a phrase: `severity critical or warning, workflow checkout`; `everything` without any."""
    parts = []
    for name in NAMES:
        if values := matchers.get(name):
            labels = dict(options.get(name, ()))
            words = either([labels.get(value, value) for value in values])
            parts.append(_(_PHRASES[name]).format(values=words))
    return ", ".join(parts) or _("everything")
