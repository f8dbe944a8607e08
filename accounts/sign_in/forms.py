"""Forms of signing up."""

from typing import Any

from allauth.account.forms import SignupForm
from allauth.core import context
from django import forms
from django.http import HttpRequest

from accounts.models import User
from accounts.services.sign_up import is_invited

MAX_NAME = 120


class SignUpForm(SignupForm):  # type: ignore[misc]
    """A new account: address, name, password. Who was invited signs up with the address that was invited."""

    name = forms.CharField(
        label="Your name",
        max_length=MAX_NAME,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    field_order = ("email", "name", "password1")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        email = self.fields["email"]
        email.label = "E-mail"
        email.widget.attrs.pop("placeholder", None)
        self.fields["password1"].widget.attrs.pop("placeholder", None)
        self.fields["password1"].label = "Password (at least 10 characters)"
        if (request := getattr(context, "request", None)) is not None and (invited := is_invited(request)):
            email.initial = invited
            email.widget.attrs["readonly"] = True

    def custom_signup(self, request: HttpRequest, user: User) -> None:
        """Keeps the name."""
        user.name = " ".join(self.cleaned_data["name"].split())
        user.save(update_fields=["name"])
