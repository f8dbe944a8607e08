"""Signs of states in the language of who reads."""

from dataclasses import replace

from django.utils.translation import gettext as _

from monitoring.templatetags.components import Sign


def spoken(sign: Sign) -> Sign:
    """A sign of a constant, whose word is marked for translation, with its word translated."""
    return replace(sign, word=_(sign.word))
