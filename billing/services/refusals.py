"""What is refused, and why: one reason a field, worded to follow the field's name."""

from collections.abc import Callable, Mapping
from typing import Any

from django.utils.translation import gettext as _


class Refused(Exception):
    """A change of prices or rates that cannot be made: `reasons` says why, by field."""

    def __init__(self, reasons: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{field} {reason}" for field, reason in reasons.items()))
        self.reasons = dict(reasons)


class Fields:
    """Reads the fields of a form or document one by one, and keeps the reasons of those that are wrong."""

    def __init__(self, told: Mapping[str, str]) -> None:
        self.told = told
        self.reasons: dict[str, str] = {}

    def read(self, field: str, reader: Callable[[str], Any], *, empty: Any = None) -> Any:
        """The value of a field, `empty` where nothing was told or it is wrong."""
        text = self.told.get(field, "").strip()
        if not text:
            return empty
        try:
            return reader(text)
        except ValueError as error:
            self.reasons[field] = str(error)
            return empty

    def text(self, field: str, most: int) -> str:
        """A text of at most so many characters."""
        found = self.told.get(field, "").replace("\x00", "").strip()
        if len(found) > most:
            self.reasons[field] = _("must be at most {most} characters").format(most=most)
        return found

    def check(self) -> None:
        """Raises `Refused` where anything was wrong."""
        if self.reasons:
            raise Refused(self.reasons)
