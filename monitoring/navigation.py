"""The main navigation: the pages of a team that exist, and the user's other teams."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.http import HttpRequest
from django.urls import resolve, reverse
from django.utils.translation import get_language, gettext_noop
from django.utils.translation import gettext as _

from accounts.models import Membership, Team
from accounts.permissions import role_allows


@dataclass(frozen=True, slots=True)
class Page:
    """An entry as it is declared: the name of its address, the names of those below it, the key that follows `g`."""

    label: str
    icon: str
    url_name: str
    below: frozenset[str] = frozenset()
    key: str = ""
    per_team: bool = True


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry as it is shown."""

    label: str
    icon: str
    href: str
    key: str
    current: bool


@dataclass(frozen=True, slots=True)
class Section:
    """Entries under one heading."""

    title: str
    entries: Sequence[Entry]


SOURCE_PAGES = frozenset(
    {"choose_source", "add_source", "source", "source_deliveries", "source_delivery", "source_mapping"}
    | {f"source_{part}" for part in ("refused", "attributes", "lines", "metrics", "setup", "settings")}
)
WORKFLOW_PAGES = frozenset({"trends", "failures", "criteria", "criterion", "releases", "compare_releases"})
EXECUTION_PAGES = frozenset(
    {"replay", "compare_executions", "similar_failures", "selected_executions", "saved_views", "change_view"}
)
DESTINATION_PAGES = frozenset({"choose_destination", "add_destination", "destination"})
CHANNEL_PAGES = frozenset({"choose_channel", "add_channel", "channel", "alert_deliveries", "alert_delivery"})
IMPROVEMENT_PAGES = frozenset({"improvement", "plan_improvement", "edit_improvement", "tracker", "tracker_secret"})
INCIDENT_PAGES = frozenset({"incident", "routes", "add_route", "route", "silences"})
RESOURCE_PAGES = frozenset({"cost_new_resource", "cost_resource"})
BUDGET_PAGES = frozenset({"new_budget", "budget", "edit_budget"})
MEMBER_PAGES = frozenset(
    {"roles", "add_invitation", "invitation_again", "revoke_invitation", "set_member_role", "remove_member"}
    | {"member_reset_link"}
)
PERSONAL_DATA_PAGES = frozenset(
    {"personal_data_job", "export_personal_data", "delete_personal_data", "remove_personal_data_job"}
)
AUDIT_PAGES = frozenset(
    {"audit_event", "audit_stream", "audit_stream_secret", "try_audit_stream", "remove_audit_stream"}
)
TEAM_PAGES = frozenset(
    {"rename_team", "transfer_team", "leave_team", "delete_team", "restore_team", "set_start_page"}
    | {"ask_team_export", "remove_team_export"}
)
RULE_PAGES = frozenset({"new_rule", "rule", "edit_rule", "rehearse_rule"})
PRICE_PAGES = frozenset(
    {"cost_new_price", "cost_price", "cost_price_changes", "cost_rates", "cost_discounts", "cost_unpriced"}
)
SECTIONS: tuple[tuple[str, tuple[Page, ...]], ...] = (
    (
        gettext_noop("Monitor"),
        (
            Page(gettext_noop("Operations"), "bolt", "operations", key="o"),
            Page(gettext_noop("Development"), "code", "development", key="d"),
            Page(gettext_noop("Executive"), "pres", "executive", key="v"),
            Page(gettext_noop("Incidents"), "bell", "incidents", INCIDENT_PAGES, "n"),
            Page(gettext_noop("Where to start"), "flag", "findings", frozenset({"finding"}), "s"),
            Page(gettext_noop("Workflows"), "flow", "workflows", WORKFLOW_PAGES, "w"),
            Page(gettext_noop("Executions"), "list", "executions", EXECUTION_PAGES, "e"),
            Page(gettext_noop("Live tail"), "running", "live_tail", key="l"),
            Page(gettext_noop("Failure groups"), "flag", "failure_groups", frozenset({"failure_group"}), "f"),
            Page(gettext_noop("Improvements"), "redo", "improvements", IMPROVEMENT_PAGES, "i"),
            Page(gettext_noop("Weekly review"), "list", "review", frozenset({"review_of"}), "r"),
            Page(gettext_noop("Alert rules"), "bell", "rules", RULE_PAGES, "a"),
        ),
    ),
    (
        gettext_noop("Costs"),
        (
            Page(gettext_noop("Cost"), "coin", "cost", frozenset({"cost_lines"}), "c"),
            Page(gettext_noop("Budgets"), "bars", "budgets", BUDGET_PAGES),
            Page(gettext_noop("Prices"), "list", "cost_prices", PRICE_PAGES),
            Page(gettext_noop("Compute and more"), "box", "cost_resources", RESOURCE_PAGES),
            Page(
                gettext_noop("Reconciliation"),
                "check",
                "reconciliation",
                frozenset({"reconciled_month", "book_difference"}),
            ),
            Page(gettext_noop("Months"), "cal", "months", frozenset({"cost_month", "new_cost_entry"})),
            Page(gettext_noop("Exports"), "dl", "cost_exports", frozenset({"import_usage"})),
        ),
    ),
    (
        gettext_noop("Depends on"),
        (
            Page(gettext_noop("External systems"), "globe", "systems", frozenset({"system"})),
            Page(gettext_noop("Models"), "spark", "models", frozenset({"model"})),
            Page(gettext_noop("Tools"), "tool", "tools", frozenset({"tool"})),
        ),
    ),
    (
        gettext_noop("Set up"),
        (
            Page(gettext_noop("First steps"), "flow", "start", frozenset({"start_key"})),
            Page(gettext_noop("Sources"), "hook", "sources", SOURCE_PAGES),
            Page(gettext_noop("Channels"), "bell", "channels", CHANNEL_PAGES),
            Page(gettext_noop("Destinations"), "exit", "destinations", DESTINATION_PAGES),
            Page(gettext_noop("Groups"), "list", "groups"),
            Page(gettext_noop("API schema"), "code", "schema", per_team=False),
        ),
    ),
    (
        gettext_noop("Team"),
        (
            Page(gettext_noop("Members"), "list", "members", MEMBER_PAGES),
            Page(gettext_noop("API keys"), "code", "keys", frozenset({"key", "rotate_key", "revoke_key"})),
            Page(gettext_noop("Sign-in"), "lock", "sign_in_settings"),
            Page(gettext_noop("Audit log"), "search", "audit", AUDIT_PAGES),
            Page(gettext_noop("Retention"), "clock", "retention", frozenset({"set_archive", "restore_day"})),
            Page(gettext_noop("Masking"), "lock", "privacy"),
            Page(gettext_noop("Personal data"), "search", "personal_data", PERSONAL_DATA_PAGES),
            Page(gettext_noop("Usage"), "bars", "team_usage"),
            Page(gettext_noop("Sample data"), "box", "sample", frozenset({"load_sample", "remove_sample"})),
            Page(gettext_noop("Support access"), "globe", "support", frozenset({"set_support"})),
            Page(gettext_noop("Team settings"), "flag", "team_settings", TEAM_PAGES),
        ),
    ),
)


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Context of the page frame: `team`, `nav` and `other_teams`; empty outside a team's pages."""
    team = getattr(request, "team", None)
    if not isinstance(team, Team):
        return {}
    return {
        "team": team,
        "nav": sections_of(
            team.slug,
            request.resolver_match.url_name if request.resolver_match else None,
            getattr(getattr(request, "membership", None), "role", ""),
        ),
        "other_teams": other_teams(getattr(request, "memberships", ()), team),
    }


def sections_of(slug: str, url_name: str | None, role: str = "") -> tuple[Section, ...]:
    """The sections with their addresses in the team; the entry of the page named `url_name` is current.

    Pages that a member with this role may not open are left out; without a role none is.
    """
    return _sections(slug, url_name, role, get_language())


@lru_cache(maxsize=1024)
def _sections(slug: str, url_name: str | None, role: str, language: str | None) -> tuple[Section, ...]:
    """The sections in the language that is in force, which `language` names."""
    shown = [
        Section(_(title), tuple(_entry(page, slug, url_name) for page in pages if _is_open_to(page, role)))
        for title, pages in SECTIONS
    ]
    return tuple(section for section in shown if section.entries)


@lru_cache(maxsize=1024)
def _is_open_to(page: Page, role: str) -> bool:
    """Whether the door of the page lets this role in."""
    if not role or not page.per_team:
        return True
    needed = getattr(resolve(reverse(page.url_name, args=["team"])).func, "team_permission", None)
    return needed is None or role_allows(role, needed)


def other_teams(memberships: Sequence[Membership], team: Team) -> list[Team]:
    """The teams of these memberships but the one that is open, in their order."""
    return [one.team for one in memberships if one.team_id != team.id]


def _entry(page: Page, slug: str, url_name: str | None) -> Entry:
    href = reverse(page.url_name, args=[slug] if page.per_team else [])
    return Entry(_(page.label), page.icon, href, page.key, url_name == page.url_name or url_name in page.below)
