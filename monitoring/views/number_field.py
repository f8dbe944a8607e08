"""A field of a form that takes a number as its reader writes it."""

from typing import Any

from django import forms

from accounts.formats import typed


class NumberField(forms.FloatField):
    """A number; `1,5` is one and a half for whoever reads numbers that way."""

    def to_python(self, value: Any) -> Any:
        """The number that was typed."""
        return super().to_python(typed(value) if isinstance(value, str) else value)
