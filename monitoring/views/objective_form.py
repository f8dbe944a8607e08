"""The form in which people set the objective of a workflow, and how it is shown."""

from dataclasses import dataclass

from django import forms
from django.urls import reverse

from monitoring import wording
from monitoring.views.shell import Scope


class ObjectiveForm(forms.Form):
    """Success rate in percent and p95 in seconds; an empty field takes the objective away."""

    success_rate = forms.FloatField(
        required=False,
        min_value=1,
        max_value=100,
        error_messages={
            "invalid": "The success rate is a number of percent, such as 97 or 99.5.",
            "min_value": "The success rate is at least 1%%.",
            "max_value": "The success rate is at most 100%%.",
        },
    )
    p95_seconds = forms.FloatField(
        required=False,
        min_value=0.001,
        max_value=10_000_000,
        error_messages={
            "invalid": "The latency is a number of seconds, such as 30 or 0.5.",
            "min_value": "The latency is at least 0.001 seconds.",
            "max_value": "The latency is at most 10,000,000 seconds.",
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


@dataclass(frozen=True, slots=True)
class Objective:
    """The objective as the page shows it; `href` takes the form."""

    words: str
    href: str
    rate_text: str
    p95_text: str
    may_set: bool


def objective_context(scope: Scope, *, may_set: bool) -> Objective:
    """The objective of the scope's workflow in words, and as the fields show it."""
    workflow = scope.workflow
    rate = workflow.objective_success_rate if workflow else None
    p95 = workflow.objective_p95_ms if workflow else None
    parts = [
        f"{wording.plain_percent(rate)} succeed" if rate else "",
        f"p95 under {wording.plain_duration_ms(p95)}" if p95 else "",
    ]
    told = ", ".join(part for part in parts if part)
    args = [scope.team.slug, workflow.slug if workflow else ""]
    return Objective(
        words=f"Objective: {told}" if told else "Set objective" if may_set else "No objective set",
        href=reverse("set_objective", args=args) + scope.filters.query(),
        rate_text=wording.plain_percent(rate).removesuffix("%") if rate else "",
        p95_text=f"{p95 / 1000:g}" if p95 else "",
        may_set=may_set,
    )
