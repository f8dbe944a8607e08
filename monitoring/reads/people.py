"""Names of people in histories, also of those whose account is gone."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

# What statements give where an account is gone.
SOMEBODY_REMOVED = gettext_noop("a removed user")


def shown_name(name: str) -> str:
    """The name of a person or key as a page shows it."""
    return _(SOMEBODY_REMOVED) if name == SOMEBODY_REMOVED else name
