"""The form of a mapping: its fields in groups, with words for each, and the trial on kept deliveries."""

from collections.abc import Mapping as Told
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from ingestion.adapters.webhooks.mapping import ITEMS, ONLY, STEP_FIELDS, STEPS, Mapping, MappingRefused
from ingestion.adapters.webhooks.trying import Tried, TriedItem, try_mapping
from ingestion.models import Delivery
from ingestion.services.deliveries import about_of, body_of
from ingestion.sources import SourceInfo
from monitoring.statuses import Status

# Starts the name of each field in the form, so that no field collides with the form's own.
START = "m."
_FIRST = ("id", "workflow", "status", "started_at", "finished_at", "duration_ms", "error.type", "error.message")
_MORE = (
    *("attempt", "retry_of", "trigger", "environment", "release", "input_type", "input", "output", "url", "cost_usd"),
    *("tokens.input", "tokens.output", "tokens.cache_read", "tokens.cache_write", "tokens.reasoning"),
    *("tokens.cache_write_1h", "tokens.input_audio", "tokens.input_image", "tokens.output_audio"),
    *(
        "tokens.output_image",
        "user",
        "session",
        "parent_execution",
        "workflow_type",
        "error.detail",
        "revision",
        "tags",
        "attributes",
    ),
)
_HINTS = {
    ITEMS: gettext_noop("The list of things that each become an execution. Empty: the whole body is one."),
    ONLY: gettext_noop("Keeps items for which this is true. Empty: all."),
    "id": gettext_noop("The sender's id of the run. Needed."),
    "workflow": gettext_noop("The name. Empty: the workflow set for this source."),
    "status": gettext_noop("Any usual word: success, failed, running, cancelled."),
    "started_at": gettext_noop("ISO 8601, or seconds or milliseconds since 1970."),
    "duration_ms": gettext_noop("Milliseconds; not needed with start and finish."),
    "retry_of": gettext_noop("The id of the first attempt."),
    "revision": gettext_noop("A number that grows with each event about the same run."),
    "tags": gettext_noop("An object of texts and numbers."),
    "attributes": gettext_noop("An object of anything else worth keeping."),
    STEPS: gettext_noop("The list of steps in an item."),
    "steps.id": gettext_noop("Needed with steps. Fields of the item are under _item."),
}
SIGNATURES = {
    "standard": gettext_noop("Standard Webhooks: webhook-signature with v1 or v1a"),
    "github": gettext_noop("GitHub: X-Hub-Signature-256"),
    "gitlab": gettext_noop("GitLab: X-Gitlab-Token"),
    "stripe": gettext_noop("Stripe style: Stripe-Signature with t and v1"),
    "slack": gettext_noop("Slack style: X-Slack-Signature with v0"),
    "hmac": gettext_noop("HMAC-SHA256 of the body as hex, in the header below"),
    "token": gettext_noop("The secret itself, as bearer, password or in the header below"),
}
_STATUSES = {
    Status.UNKNOWN: gettext_noop("unknown"),
    Status.QUEUED: gettext_noop("queued"),
    Status.RUNNING: gettext_noop("running"),
    Status.WAITING: gettext_noop("waiting"),
    Status.SKIPPED: gettext_noop("skipped"),
    Status.CANCELLED: gettext_noop("cancelled"),
    Status.SUCCEEDED: gettext_noop("succeeded"),
    Status.TIMED_OUT: gettext_noop("timed out"),
    Status.FAILED: gettext_noop("failed"),
}


@dataclass(frozen=True, slots=True)
class FormField:
    """One expression of the form."""

    name: str
    value: str
    hint: str
    error: str

    @property
    def html_id(self) -> str:
        """The id of its input."""
        return f"field-{self.name.replace('.', '-')}"


@dataclass(frozen=True, slots=True)
class Group:
    """Fields under one title; those that are rarely used start closed."""

    title: str
    fields: Sequence[FormField]
    is_open: bool


@dataclass(frozen=True, slots=True)
class Trial:
    """A kept delivery, and what a mapping makes of it."""

    delivery: Delivery
    tried: Tried
    words: str
    tone: str = "ok"
    more: int = field(default=0)


def document_of(form: QueryDict) -> dict[str, str]:
    """The mapping that was sent: fields that are not empty."""
    told = {name.removeprefix(START): str(value).strip() for name, value in form.items() if name.startswith(START)}
    return {name: value for name, value in told.items() if value}


def reasons_of(document: dict[str, str]) -> dict[str, str]:
    """Why a mapping cannot be used, by field; nothing for one that can."""
    try:
        Mapping(document)
    except MappingRefused as refused:
        return {field: _(reason) for field, reason in refused.reasons.items()}
    return {}


def groups_of(document: Told[str, str], reasons: Told[str, str]) -> list[Group]:
    """The form, filled."""

    def fields(*names: str) -> list[FormField]:
        return [
            FormField(name, str(document.get(name, "")), _(_HINTS.get(name, "")), reasons.get(name, ""))
            for name in names
        ]

    def group(title: str, names: Sequence[str], *, is_open: bool = False) -> Group:
        return Group(title, fields(*names), is_open or any(name in document or name in reasons for name in names))

    return [
        group(_("Which items"), (ITEMS, ONLY), is_open=True),
        group(_("Execution"), _FIRST, is_open=True),
        group(_("More of the execution"), _MORE),
        group(_("Steps"), (STEPS, *(f"{STEPS}.{name}" for name in STEP_FIELDS))),
    ]


def trials_of(document: dict[str, str], source: SourceInfo, kept: Sequence[Delivery]) -> list[Trial]:
    """What a mapping makes of kept deliveries. Raises `MappingRefused`."""
    mapping = Mapping(document)
    return [_trial(one, try_mapping(mapping, body_of(one), about_of(source, one))) for one in kept]


def _trial(delivery: Delivery, tried: Tried) -> Trial:
    if tried.refused:
        return Trial(delivery, tried, _("Rejected: {reason}").format(reason=tried.refused), "fail")
    made = [one for one in tried.items if one.report]
    refused = [one for one in tried.items if one.refused]
    if not tried.items:
        return Trial(delivery, tried, _("No items found"), "idle")
    more = tried.count - len(tried.items)
    if refused:
        return Trial(delivery, tried, _("Rejected: {reason}").format(reason=refused[0].refused), "fail", more)
    if not made:
        return Trial(delivery, tried, _("Left out by only"), "idle", more)
    return Trial(delivery, tried, _words(made, tried.count), "ok", more)


def _words(made: Sequence[TriedItem], count: int) -> str:
    if count > 1:
        return ngettext("{count} item", "{count} items", count).format(count=count)
    report: Any = made[0].report
    status = _(_STATUSES[report.status]) if report.status is not None else _("status not told")
    return f"{report.workflow or _('workflow not told')}, {status}"
