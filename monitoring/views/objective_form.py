"""The form in which people set the objective of a workflow, and how it is shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django import forms
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from monitoring import wording
from monitoring.analysis.objectives import Proposal
from monitoring.reads.baselines import Proposals
from monitoring.views.number_field import NumberField
from monitoring.views.shell import Scope

HOUR_MS = 3_600_000


class ObjectiveForm(forms.Form):
    """Success rate in percent, p95 in seconds, freshness in hours; an empty field takes the objective away."""

    success_rate = NumberField(
        required=False,
        min_value=1,
        max_value=100,
        error_messages={
            "invalid": gettext_lazy("The success rate is a number of percent, such as 97 or 99.5."),
            "min_value": gettext_lazy("The success rate is at least 1%%."),
            "max_value": gettext_lazy("The success rate is at most 100%%."),
        },
    )
    p95_seconds = NumberField(
        required=False,
        min_value=0.001,
        max_value=10_000_000,
        error_messages={
            "invalid": gettext_lazy("The latency is a number of seconds, such as 30 or 0.5."),
            "min_value": gettext_lazy("The latency is at least 0.001 seconds."),
            "max_value": gettext_lazy("The latency is at most 10,000,000 seconds."),
        },
    )

    freshness_hours = NumberField(
        required=False,
        min_value=0.01,
        max_value=100_000,
        error_messages={
            "invalid": gettext_lazy("The age of the last success is a number of hours, such as 24 or 0.5."),
            "min_value": gettext_lazy("The age of the last success is at least 0.01 hours."),
            "max_value": gettext_lazy("The age of the last success is at most 100,000 hours."),
        },
    )

    @property
    def share(self) -> float | None:
        """The success rate as a share of 1."""
        percent = self.cleaned_data["success_rate"]
        return None if percent is None else percent / 100

    @property
    def p95_ms(self) -> float | None:
        """The latency in milliseconds."""
        seconds = self.cleaned_data["p95_seconds"]
        return None if seconds is None else seconds * 1000

    @property
    def freshness_ms(self) -> float | None:
        """The age that the last success may have, in milliseconds."""
        hours = self.cleaned_data["freshness_hours"]
        return None if hours is None else hours * HOUR_MS


@dataclass(frozen=True, slots=True)
class Proposed:
    """A proposal that may be taken over: the name of the objective and the arithmetic behind it."""

    name: str
    title: str
    words: str


@dataclass(frozen=True, slots=True)
class Objective:
    """The objective as the page shows it; `href` takes the form, `use_href` a proposal (parameter `use`).

    `notes` say why there is no proposal for an objective that is not set.
    """

    words: str
    href: str
    use_href: str
    rate_text: str
    p95_text: str
    freshness_text: str
    may_set: bool
    environment: str
    proposals: Sequence[Proposed]
    notes: Sequence[str]


def objective_context(scope: Scope, proposals: Proposals, *, may_set: bool) -> Objective:
    """The objective of the scope's workflow in words, and as the fields show it."""
    workflow = scope.workflow
    rate = workflow.objective_success_rate if workflow else None
    p95 = workflow.objective_p95_ms if workflow else None
    freshness = workflow.objective_freshness_ms if workflow else None
    told = {"success_rate": rate, "p95_ms": p95, "freshness_ms": freshness}
    open_ones = [(name, proposals.of(name)) for name, value in told.items() if value is None]
    offered = [(name, one) for name, one in open_ones if one is not None and one.value is not None]
    args = [scope.team.slug, workflow.slug if workflow else ""]
    return Objective(
        words=_summary(told, dict(offered), may_set=may_set),
        href=reverse("set_objective", args=args) + scope.filters.query(),
        use_href=reverse("use_proposal", args=args) + scope.filters.query(),
        rate_text=f"{float(f'{rate * 100:.4f}'):g}" if rate else "",
        p95_text=f"{p95 / 1000:g}" if p95 else "",
        freshness_text=f"{freshness / HOUR_MS:g}" if freshness else "",
        may_set=may_set,
        environment=scope.environment_words,
        proposals=[Proposed(name, _part(name, one.value or 0), one.words) for name, one in offered],
        notes=[
            _(_NO_PROPOSAL[name]).format(reason=one.words)
            for name, one in open_ones
            if one is not None and one.value is None
        ],
    )


_NO_PROPOSAL = {
    "success_rate": gettext_noop("Success rate: {reason}."),
    "p95_ms": gettext_noop("p95: {reason}."),
    "freshness_ms": gettext_noop("Last success: {reason}."),
}


def _part(name: str, value: float) -> str:
    if name == "success_rate":
        return _("{share} succeed").format(share=wording.plain_percent(value))
    limit = wording.plain_duration_ms(value)
    words = _("p95 under {limit}") if name == "p95_ms" else _("a success every {limit}")
    return words.format(limit=limit)


def _summary(told: Mapping[str, float | None], offered: Mapping[str, Proposal], *, may_set: bool) -> str:
    parts = [_part(name, value) for name, value in told.items() if value]
    if parts:
        return _("Objective: {parts}").format(parts=", ".join(parts))
    proposed = [_part(name, one.value) for name, one in offered.items() if one.value]
    if proposed:
        return _("Proposed objective: {parts}").format(parts=", ".join(proposed))
    return _("Set objective") if may_set else _("No objective set")
