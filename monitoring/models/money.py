"""Money in the database: US dollars as unconstrained NUMERIC, so that nothing is ever rounded on the way in."""

from typing import Any

from django.core.checks import CheckMessage
from django.db import models


class UsdField(models.DecimalField):  # type: ignore[type-arg]  # not subscriptable at run time
    """A `Decimal` of any precision. NULL means: not told."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "max_digits": None, "decimal_places": None})

    def check(self, **kwargs: Any) -> list[CheckMessage]:
        """The checks of any field; those that ask for a number of digits do not apply."""
        return models.Field.check(self, **kwargs)

    def deconstruct(self) -> tuple[str, str, Any, Any]:
        """Without the digits, which are always left open."""
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, {k: v for k, v in kwargs.items() if k not in {"max_digits", "decimal_places"}}

    def db_type(self, connection: Any) -> str:
        """NUMERIC without precision."""
        return "numeric"
