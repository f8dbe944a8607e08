"""Passwords that are guessed first. Nobody elsewhere is asked: the list is the one that Django brings.

It has the 20,000 passwords that breaches showed most often. Those with figures or signs before or behind, or with some
letters written as figures, are as easily guessed, and so are words that everybody here would try.
"""

import re
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from accounts.models import User

# Words of this application that make no password, alone or put together; docs/security/sign-in.md lists them.
WORDS = (
    *("steadyrun", "steady", "workflow", "monitoring", "monitor", "incident", "billing", "finance", "developer"),
    *("operator", "viewer", "owner", "admin", "member", "team", "password", "passwort", "secret", "welcome", "login"),
    *("letmein", "changeme", "qwerty", "test", "demo", "user", "root", "run"),
)
_AS_LETTERS = str.maketrans("013457@$", "oleastas")
_EDGES = re.compile(r"^[\W\d_]+|[\W\d_]+$")
LEFT_OVER = 4


class GuessablePasswordValidator(CommonPasswordValidator):
    """Django's list, also with ornaments; words of the application, of its address and of the person's own address."""

    def validate(self, password: str, user: User | None = None) -> None:
        """Raises `ValidationError`."""
        super().validate(password, user)
        plain = password.lower().strip()
        for core in {_EDGES.sub("", plain), _EDGES.sub("", plain.translate(_AS_LETTERS))}:
            if core in self.passwords or _is_made_of(core, (*WORDS, *_own_words(user.email if user else ""))):
                raise ValidationError(
                    _(
                        "This password is guessed early: it is a common one with signs added, or made of words that "
                        "everybody here would try. Take some words that do not belong together."
                    ),
                    code="password_guessable",
                )

    def get_help_text(self) -> str:
        """What a form says beside the field."""
        return _("Your password can't be a common one, nor one made of the names that are used here.")


def _is_made_of(core: str, words: tuple[str, ...]) -> bool:
    """Whether less than `LEFT_OVER` letters are left of a text when the words are taken away; an empty one is not."""
    left = core
    for word in sorted(words, key=len, reverse=True):
        left = left.replace(word, "")
    return left != core and len(re.sub(r"[\W\d_]", "", left)) < LEFT_OVER


def _own_words(email: str) -> tuple[str, ...]:
    """The parts of the installation's name and of the domain of an address: `runs`, `harbour`."""
    host = urlsplit(settings.BASE_URL).hostname or ""
    names = [*host.split("."), *email.lower().rpartition("@")[2].split(".")]
    return tuple(name for name in names if len(name) > 3 and name.isalpha())
