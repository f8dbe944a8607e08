"""The settings of production and one app more, whose migrations are those of a next release."""

from config.settings import *  # noqa: F403
from config.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.faults.extra.apps.ExtraConfig"]
