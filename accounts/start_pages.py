"""The page that a team opens with: by role, or as the member chose."""

from django.utils.translation import gettext_noop

from accounts import ports
from accounts.models import Membership
from accounts.permissions import Role
from accounts.tenancy import team_context

# Key in the database: label, and name of the address.
START_PAGES = {
    "operations": (gettext_noop("Operations"), "operations"),
    "development": (gettext_noop("Development"), "development"),
    "executive": (gettext_noop("Executive"), "executive"),
    "findings": (gettext_noop("Where to start"), "findings"),
    "workflows": (gettext_noop("Workflows"), "workflows"),
    "cost": (gettext_noop("Cost"), "cost"),
}
# Where a team begins.
FIRST_STEPS = "start"
# Viewers are those who only read: they get the few figures. Owners and admins run things, as operators do.
_BY_ROLE = {Role.DEVELOPER: "development", Role.FINANCE: "cost", Role.VIEWER: "executive"}


def start_page_of(membership: Membership) -> str:
    """The name of the address that the member's team opens with: of one that has nothing yet, the first steps."""
    with team_context(membership.team_id):
        if ports.is_empty_team(membership.team_id):
            return FIRST_STEPS
    chosen = membership.start_page if membership.start_page in START_PAGES else ""
    return START_PAGES[chosen or _BY_ROLE.get(Role(membership.role), "operations")][1]
