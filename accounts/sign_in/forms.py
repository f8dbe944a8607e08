"""Forms of signing up, of passwords and of passkeys: allauth's, in our words."""

from typing import Any

from allauth.account.forms import ChangePasswordForm, ResetPasswordKeyForm, SetPasswordForm, SignupForm
from allauth.core import context
from allauth.mfa.webauthn.forms import AddWebAuthnForm
from django import forms
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from accounts.models import User
from accounts.services.sign_up import is_invited

MAX_NAME = 120
_LABELS = {
    "oldpassword": gettext_noop("Password that you have now"),
    "password1": gettext_noop("New password (at least 10 characters)"),
    "password2": gettext_noop("New password, once more"),
}


def _say(form: forms.BaseForm) -> None:
    """Labels in our words, and none of them a second time inside the field."""
    for name, field in form.fields.items():
        field.label = _(_LABELS[name]) if name in _LABELS else field.label
        field.widget.attrs.pop("placeholder", None)


class NewPasswordForm(ResetPasswordKeyForm):  # type: ignore[misc]
    """A new password by a link."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _say(self)


class OtherPasswordForm(ChangePasswordForm):  # type: ignore[misc]
    """Another password in place of the one there is."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _say(self)


class FirstPasswordForm(SetPasswordForm):  # type: ignore[misc]
    """A password for who has none."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _say(self)


class AddPasskeyForm(AddWebAuthnForm):  # type: ignore[misc]
    """A passkey, as the page says; without the tick it is a key beside the password."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["passwordless"].initial = True


class SignUpForm(SignupForm):  # type: ignore[misc]
    """A new account: address, name, password. Who was invited signs up with the address that was invited."""

    name = forms.CharField(
        label=gettext_lazy("Your name"),
        max_length=MAX_NAME,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )
    field_order = ("email", "name", "password1")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        email = self.fields["email"]
        email.label = _("E-mail")
        email.widget.attrs.pop("placeholder", None)
        self.fields["password1"].widget.attrs.pop("placeholder", None)
        self.fields["password1"].label = _("Password (at least 10 characters)")
        if (request := getattr(context, "request", None)) is not None and (invited := is_invited(request)):
            email.initial = invited
            email.widget.attrs["readonly"] = True

    def custom_signup(self, request: HttpRequest, user: User) -> None:
        """Keeps the name."""
        user.name = " ".join(self.cleaned_data["name"].split())
        user.save(update_fields=["name"])
