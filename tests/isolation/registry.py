"""What in a request names an object, and what does not: each name of a route, a query, a form and a document once.

A name that nobody wrote down here fails the matrix (`UnknownName`): whoever adds a page says what its names name.
"""

import random
import re
import uuid
from collections.abc import Mapping
from typing import Any

from tests.isolation.asking import NOBODYS, OTHER

# Kinds of objects by the names in addresses. A pair (start of the route, name) goes before the name alone.
PATHS: dict[str | tuple[str, str], str] = {
    "team": "team",
    ("t/<slug:team>/settings/groups/", "group"): "member group",
    ("t/<slug:team>/improvements/tracker/", "delivery"): "tracker delivery",
    ("t/<slug:team>/sources/", "delivery"): "delivery",
    ("t/<slug:team>/systems/", "name"): "system",
    ("t/<slug:team>/models/", "name"): "model",
    ("t/<slug:team>/tools/", "name"): "tool",
    ("api/v1/systems/", "name"): "system",
    ("api/v1/models/", "name"): "model",
    ("api/v1/tools/", "name"): "tool",
    ("scim/v2/Users/", "id"): "user",
    ("scim/v2/Groups/", "id"): "directory group",
    ("t/<slug:team>/settings/personal-data/", "job"): "personal data job",
    ("api/v1/personal-data/", "job"): "personal data job",
    ("api/v1/masking/rules/", "rule"): "redaction rule",
    ("api/v1/capture/", "rule"): "capture rule",
    ("t/<slug:team>/settings/team/export/", "export"): "team export",
    ("account/second-factor/", "pk"): "authenticator",
    ("t/<slug:team>/executions/", "other"): "execution",
    "view": "saved view",
    "member": "membership",
    "invitation": "invitation",
    ("t/<slug:team>/settings/keys/", "key"): "key",
    ("api/v1/keys/", "key"): "key",
    "event": "audit event",
    "finding": "finding",
    "workflow": "workflow",
    "criterion": "criterion",
    "execution": "execution",
    "step": "step",
    "group": "failure group",
    "improvement": "improvement",
    "incident": "incident",
    "route": "route",
    "silence": "silence",
    "channel": "channel",
    "delivery": "alert delivery",
    "rule": "rule",
    "change": "price change",
    "price": "price",
    "discount": "discount",
    "job": "export",
    "export": "export",
    "entry": "entry",
    "statement": "statement",
    "provider": "provider",
    "rate": "rate",
    "budget": "budget",
    "source": "source",
    "destination": "destination",
    "release": "release id",
    "run_id": "external execution",
    "uidb36": "account number",
}
# Names in addresses that name nothing of a team, with a value that is one.
PLAIN_PATHS: dict[str | tuple[str, str], str] = {
    "week": "2026-W32",
    "month": "2026-08",
    "kind": "webhook",
    "client": "n8n",
    "preset": "otlp",
    "dimension": "workflow",
    "told": "start",
    "index": "logs",
    "rest": "elsewhere",
    "id": "User",
}
# What opens a door to whoever holds it. Nobody guesses one, and whose it is does not matter.
CAPABILITIES = {"token": "in a link or a notice", "address": "of a webhook", "key": "of a link to confirm or reset"}
# Public before anybody has signed in: where a company signs in is told by the domain of an e-mail address.
PUBLIC = {"provider_id", "organization_slug"}

# Kinds of objects by the names in queries, forms and documents; a pair (name of the page, name) goes before.
FIELDS: dict[str | tuple[str, str], str] = {
    ("groups", "group"): "member group",
    ("groups", "member"): "user",
    ("transfer_team", "member"): "membership",
    ("set_owner", "owner"): "user option",
    ("new_budget", "owner"): "user option",
    ("edit_budget", "owner"): "user option",
    ("api_improvements", "owner"): "user email",
    ("api_improvement", "owner"): "user email",
    ("api_workflow_owner", "owner"): "user email",
    ("add_invitation", "email"): "user email",
    ("api_invitations", "email"): "user email",
    ("account_login", "login"): "user email",
    ("account_reset_password", "email"): "user email",
    ("account_signup", "email"): "user email",
    ("replay", "at"): "step",
    ("compare_with", "with"): "execution",
    ("replay_raw", "step"): "step",
    ("cost_new_price", "like"): "price",
    ("privacy", "id"): "redaction rule",
    "owner": "user",
    "workflow": "workflow",
    "env": "environment",
    "environment": "environment",
    "step": "node",
    "node": "node",
    "error": "error",
    "input": "input",
    "input_type": "input",
    "system": "system",
    "external_system": "system",
    "model": "model",
    "provider": "provider",
    "tool": "tool",
    "release": "release",
    "baseline": "release",
    "a": "release",
    "b": "release",
    "trigger": "trigger",
    "group": "failure group",
    "assignee": "user",
    "finding": "finding",
    "finding_id": "finding",
    "failure_group_id": "failure group",
    "improvement": "improvement",
    "improvement_id": "improvement",
    "incident": "incident",
    "rule": "rule",
    "channel": "channel",
    "channel_id": "channel",
    "owner_id": "user",
    "owner_group_id": "member group",
    "owner_group": "member group name",
    "into": "failure group",
    "members": "failure group",
    "groups": "failure group",
    "statement": "statement",
    "source": "source",
    "domain": "domain",
    "session": "session",
    "tag": "tag option",
    "filter": "filter",
    "execution": "execution",
    "list_price_id": "price",
    "old_price_id": "price",
    "new_price_id": "price",
}
# Fields that name no object of a team: texts, and numbers.
_TEXTS = """
    a_from a_to accept action actor after all b_from b_to back becomes billed bucket by capture cause class client
    client_id code commit comparison completeness confirm cost_rule credential cron currency debug_environments
    debug_workflow deletes_imported dimension do download endpoint entry events expected_effect expression field
    file for_metric formats header headers held_by id index is_active is_final issuer kept key label lines links list
    mapping metric metrics model_key name next next_release no_data note of oldpassword on order outcome page part
    password password1 password2 payloads period personal process pushes_metrics rate reason recipe refit refused
    region rehearse remember reporting_currency required resource retried rid role rows schedule schedule_zone scope
    scopes secret secrets seen settings severities severity show signature slug source_kinds steps tab table tags
    tail target text tier title tracker_url type unit unsigned url usage use value wants what who why words
    workflow_type zone rates pending tokens reconciled over unpriced
    attributes excludedAttributes from_start shows_payloads
    basis date earlier released_at max_runs_per_hour min_runs_per_hour state sources passwordless
"""
_NUMBERS = """
    actual after_s amount audit_days budget_usd burst clear_threshold context_over context_up_to costlier count days
    debug_days delay_s delivery_days duration_s for_s forecast freshness_hours grace_minutes grace_s hour hours
    keep_firing_s level limit max_failure_rate max_p95_increase metrics_days min_runs min_samples minutes
    p95_seconds payload_days percent period_s position production_days reduction requests_per_second sample_rate
    slower startIndex success_rate threshold usd window_s within_minutes
"""
# With a value that may stand in them.
PLAIN_FIELDS: dict[str | tuple[str, str], str] = {
    **dict.fromkeys(_TEXTS.split(), "x"),
    **dict.fromkeys(_NUMBERS.split(), "5"),
    # A provider is public by the domain of an address: whoever signs in there has to find it.
    ("company_sign_in", "email"): "somebody@example.test",
    "other": "1",
    ("account_login", "unsent"): "1",
    "from": "now-7d",
    "to": "now",
    "format": "json",
    "q": "refused",
    "sort": "time",
    "status": "failed",
    "email": "somebody@example.test",
    "kind": "rest",
    "month": "2026-08",
    "at": "2026-08",
    "day": "2026-08-05",
    "starts_on": "2026-08-05",
    "ends_on": "2026-08-05",
    "start": "2026-08-05",
    "end": "2026-08-05",
    "booked_on": "2026-08-05",
    "starts": "2026-08-12T14:00",
    "ends": "2026-08-12T14:00",
    "until": "2026-08-12T14:00",
    "since": "2026-08-12T14:00",
    "starts_at": "2026-08-12T14:00",
    "ends_at": "2026-08-12T14:00",
    "week": "2026-W32",
    ("change_hold", "action"): "release",
    ("change_view", "action"): "default",
    ("selected_executions", "do"): "hold",
    ("saved_views", "page"): "failures",
    "in": "logs",
    "query": "status=failed",
    "shared": "on",
    "default": "on",
    ("triage_group", "action"): "reopen",
    ("triage_groups", "action"): "reopen",
    ("privacy", "action"): "remove_rule",
    ("sign_in_settings", "do"): "enforce",
    ("start_key", "client"): "curl",
    ("move_improvement", "status"): "rejected",
}
# So begin names of fields that a page has one of for each detector, kind of tokens, or part of a time.
PLAIN_STARTS = ("becomes-", "on-", "rate_", "quiet_", "clear-")
# Of several values in a document the one to send.
CHOSEN = {"role": "viewer", "scope": "workflow"}
# What a field of a document needs beside it, by operation and field.
BESIDE: dict[tuple[str, str], dict[str, Any]] = {
    ("api_change_groups", "into"): {"action": "merge"},
    ("api_change_groups", "members"): {"action": "split"},
    ("api_change_groups", "assignee"): {"action": "assign"},
    ("api_change_groups", "release"): {"action": "resolve"},
}
# Whole documents of operations that are not in the OpenAPI document, or that need some field and no certain one.
BODIES: dict[str, dict[str, Any]] = {
    "api_member": {"role": "viewer"},
    "api_resource_rate": {"ends_on": "2026-08-20"},
    "api_workflow": {"objective_success_rate": 0.9},
    "api_personal_data_deletion": {"confirm": 0},
    "scim_group": {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "displayName": "Renamed",
        "Operations": [{"op": "replace", "path": "displayName", "value": "Renamed"}],
    },
    "scim_user": {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "userName": "member@riverbed.test",
        "active": False,
        "Operations": [{"op": "replace", "path": "active", "value": False}],
    },
}
# Values that wrap what names the object.
WRAPPED = {"user option": "user:{user}", "filter": 'userName eq "{user email}"', "tag option": "customer={tag}"}


# Places in addresses where one's own id answers like a random one, too, and why.
_NO_KEY = "without the key that belongs to it, no account can be told from another"
_REPORT = "reports name what they are about by ids of the sender's own; the body here is no report"
SAME = {
    **{
        f"{method} ^account/password/new/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$ <uidb36>": _NO_KEY
        for method in ("GET", "POST")
    },
    **{
        f"{method} langsmith/runs/<str:run_id> <run_id>": _REPORT
        for method in ("GET", "POST", "PUT", "PATCH", "DELETE")
    },
    "GET api/v1/costs/exports/<str:export>/file/ <export>": "nothing has written the file of the export here",
    "GET t/<slug:team>/cost/exports/<uuid:job>/file/ <job>": "nothing has written the file of the export here",
    **dict.fromkeys(
        (
            "GET api/v1/personal-data/<str:job>/file/ <job>",
            "GET t/<slug:team>/settings/personal-data/<uuid:job>/file/ <job>",
            "GET t/<slug:team>/settings/personal-data/<uuid:job>/file/ <team>",
            "GET t/<slug:team>/settings/team/export/<uuid:export>/ <export>",
            "GET t/<slug:team>/settings/team/export/<uuid:export>/ <team>",
        ),
        "nothing has written the file here",
    ),
    "GET t/<slug:team>/cost/exports/<uuid:job>/file/ <team>": "nothing has written the file of the export here",
    "PUT api/v1/alert-rules/<str:rule>/ <rule>": "what is required alone makes no rule, and that is looked at first",
    "POST t/<slug:team>/settings/privacy/ <team>": "what is to be removed is not named: as if no page were there",
    "POST t/<slug:team>/cost/unpriced/rate/ <team>": "no model is without a price",
    "POST t/<slug:team>/cost/months/<str:month>/reopen/ <team>": "the month is not closed",
}


class UnknownName(Exception):
    """A name of a route, query, form or document that is in no table of this module."""


def kind_in_path(route: str, name: str) -> str | None:
    """The kind of object that a name in an address names; None for one that names nothing of a team."""
    for start, found in PATHS.items():
        if isinstance(start, tuple) and start[1] == name and route.startswith(start[0]):
            return found
    if name in PATHS:
        return PATHS[name]
    if name in PLAIN_PATHS or name in CAPABILITIES or name in PUBLIC:
        return None
    raise UnknownName(f"{route}: nobody wrote down what <{name}> names (tests/isolation/registry.py)")


def nobodys(kind: str, others: str) -> str:
    """What names nothing and looks like the other team's: the same shape and length."""
    chance = random.Random(kind)
    if re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", others):
        return str(uuid.UUID(int=chance.getrandbits(128), version=4))
    if re.fullmatch(r"-?\d+", others):
        sign, digits = ("-", others[1:]) if others.startswith("-") else ("", others)
        return sign + str(chance.randrange(10 ** (len(digits) - 1), 9 * 10 ** (len(digits) - 1)))
    if OTHER in others:
        return others.replace(OTHER, NOBODYS)
    return "".join(chance.choice("abcdefghijkmnpqrstuvwxyz0123456789") for _ in others)


def wrapped(kind: str, ids: Mapping[str, str]) -> str:
    """What stands in the request for an object of this kind."""
    if kind in WRAPPED:
        return re.sub(r"\{([^}]+)\}", lambda match: ids[match[1]], WRAPPED[kind])
    return ids[kind]


def parts(kind: str) -> list[str]:
    """The kinds whose names are in a value of this kind."""
    return re.findall(r"\{([^}]+)\}", WRAPPED[kind]) if kind in WRAPPED else [kind]


def kind_in_field(page: str, name: str) -> str | None:
    """The kind of object that a field of a page or operation names; None for a plain one. Raises `UnknownName`."""
    for key in ((page, name), name):
        if key in PLAIN_FIELDS or name.startswith(PLAIN_STARTS):
            return None
        if key in FIELDS:
            return FIELDS[key]
    raise UnknownName(f"{page}: nobody wrote down what the field {name!r} names (tests/isolation/registry.py)")


def plain(page: str, name: str) -> str:
    """A value for a field that names no object."""
    return PLAIN_FIELDS.get((page, name)) or PLAIN_FIELDS.get(name, "x")


def form_of(page: str) -> tuple[tuple[str, str], ...]:
    """What a form of this page says in any case: what is to be done."""
    return tuple((key[1], value) for key, value in PLAIN_FIELDS.items() if isinstance(key, tuple) and key[0] == page)
