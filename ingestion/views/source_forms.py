"""The forms in which sources are added and changed."""

import base64
import secrets
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from ingestion.adapters.webhooks.standard_keys import FORM_OF_KEYS, PRIVATE, PUBLIC, SECRET, Secret, read_key
from ingestion.kinds import KINDS, Completeness, CostRule, SourceKind
from ingestion.reads.sources import SourceFacts
from ingestion.services.sources import declared

MAX_SECRET = 2_000
# What messages call the fields of the forms of sources and destinations.
_FIELDS = {
    "name": gettext_noop("Name"),
    "environment": gettext_noop("Environment"),
    "workflow": gettext_noop("Workflow"),
    "completeness": gettext_noop("Completeness"),
    "sample_rate": gettext_noop("Sample rate"),
    "cost_rule": gettext_noop("Cost rule"),
    "secret": gettext_noop("Secret"),
    "unsigned": gettext_noop("Unsigned"),
    "url": gettext_noop("Url"),
    "headers": gettext_noop("Headers"),
    "resource": gettext_noop("Resource"),
    "index": gettext_noop("Index"),
    "payloads": gettext_noop("Payloads"),
    "lines": gettext_noop("Lines"),
    "metrics": gettext_noop("Metrics"),
    "pushes_metrics": gettext_noop("Pushes metrics"),
}
AUTOMATIC = {
    Completeness.COMPLETE: gettext_lazy("Automatic: complete, unless the reports themselves say that they are sampled"),
    Completeness.FAILURES_ONLY: gettext_lazy("Automatic: failures only, as all sources of this kind"),
}
COMPLETENESS = (
    (Completeness.COMPLETE.value, gettext_lazy("Complete: every execution is reported")),
    (Completeness.FAILURES_ONLY.value, gettext_lazy("Failures only: no success rate and no verdict")),
    (Completeness.SAMPLED.value, gettext_lazy("Sampled: one in N executions is reported")),
)
COST_RULES = (
    (
        CostRule.TOLD.value,
        gettext_lazy("The cost that it tells; where it tells none, the one computed from the price book"),
    ),
    (
        CostRule.COMPUTED.value,
        gettext_lazy("The cost computed from the price book; where no price is known, the one that it tells"),
    ),
)


def make_secret(kind: SourceKind) -> str:
    """A fresh secret in the form that senders of this kind take."""
    if kind == SourceKind.STANDARD_WEBHOOKS:
        return "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()
    return secrets.token_urlsafe(24)


def check_secret(kind: SourceKind, text: str) -> str:
    """The secrets of a source, one a line. Raises `ValidationError` where one cannot be used."""
    for line in (one.strip() for one in text.splitlines()):
        if kind == SourceKind.STANDARD_WEBHOOKS or line.startswith((PUBLIC, PRIVATE)):
            _check_standard(line)
        if len(line) < 8:
            raise forms.ValidationError(_("A secret has at least 8 characters."))
    return text


def _check_standard(line: str) -> None:
    try:
        key = read_key(line)
    except ValueError as error:
        raise forms.ValidationError(_(str(error))) from error
    if isinstance(key, Secret) and not line.startswith(SECRET):
        raise forms.ValidationError(_(FORM_OF_KEYS))


class SourceForm(forms.Form):
    """What a source is called, what it fills in, and how whole its reports are."""

    name = forms.CharField(max_length=120, error_messages={"required": gettext_lazy("Give the source a name.")})
    environment = forms.CharField(max_length=200, required=False)
    workflow = forms.CharField(max_length=200, required=False)
    completeness = forms.ChoiceField(choices=COMPLETENESS, required=False)
    sample_rate = forms.IntegerField(
        required=False,
        min_value=2,
        max_value=1_000_000,
        error_messages={
            "invalid": gettext_lazy("Sampled at one in N: N is a whole number."),
            "min_value": gettext_lazy("Sampled at one in N: N is at least 2."),
            "max_value": gettext_lazy("Sampled at one in N: N is at most 1,000,000."),
        },
    )

    cost_rule = forms.ChoiceField(choices=COST_RULES, required=False)

    def __init__(self, *args: Any, kind: SourceKind, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind = kind
        automatic = AUTOMATIC[KINDS[kind].completeness]
        self.fields["completeness"].choices = (("", automatic), *COMPLETENESS)  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Sampled sources say at how many."""
        told = super().clean() or {}
        is_sampled = told.get("completeness") == Completeness.SAMPLED
        if is_sampled and not told.get("sample_rate") and "sample_rate" not in self.errors:
            self.add_error("sample_rate", _("A sampled source needs N: one in how many executions is reported."))
        return told

    @property
    def columns(self) -> dict[str, Any]:
        """The columns of the source."""
        told = self.cleaned_data
        whole = declared(told["completeness"], told["sample_rate"])
        rule = told["cost_rule"] or CostRule.TOLD.value
        names = ("name", "environment", "workflow")
        return {**{name: told[name] for name in names}, **whole, "cost_rule": rule}


class AddForm(SourceForm):
    """A new source; without a secret of the sender's own one is made, unless reports shall need none."""

    secret = forms.CharField(max_length=MAX_SECRET, required=False)
    unsigned = forms.BooleanField(required=False)

    def clean_secret(self) -> str:
        """A secret that can be used."""
        return check_secret(self.kind, self.cleaned_data["secret"])

    @property
    def secret_to_set(self) -> str | None:
        """The secret told, else a fresh one; None where reports are taken without."""
        return None if self.cleaned_data["unsigned"] else self.cleaned_data["secret"] or make_secret(self.kind)

    @property
    def has_public_key(self) -> bool:
        """Whether what verifies reports is the sender's public key, with which nobody can sign."""
        return bool(self.cleaned_data["secret"].startswith(PUBLIC))


class SecretForm(forms.Form):
    """A secret to set; empty takes it away."""

    secret = forms.CharField(max_length=MAX_SECRET, required=False)

    def __init__(self, *args: Any, kind: SourceKind, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind = kind

    def clean_secret(self) -> str:
        """A secret that can be used."""
        return check_secret(self.kind, self.cleaned_data["secret"])


def initial_of(facts: SourceFacts) -> dict[str, Any]:
    """What the form of a source shows first."""
    return {
        "name": facts.name,
        "environment": facts.environment,
        "workflow": facts.workflow,
        "completeness": facts.completeness.value if facts.is_declared else "",
        "sample_rate": facts.sample_rate or "",
        "cost_rule": facts.cost_rule,
    }


def initial_for(label: str) -> dict[str, Any]:
    """What the form of a new source shows first."""
    return {"name": label, "completeness": "", "sample_rate": "", "cost_rule": CostRule.TOLD.value}


def errors_of(form: forms.Form) -> list[str]:
    """All messages of a form, each with the name of its field."""
    return [
        f"{_(_FIELDS[name])}: {text}" if name in form.fields else text
        for name, messages in form.errors.items()
        for text in map(str, messages)
    ]
